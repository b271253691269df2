"""The code in the documents runs: each page's blocks, in an empty folder, with the imports that they show."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import yaml
from websockets.asyncio.server import Server, ServerConnection

from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve
from verification.conftest import CASES, RunSuite

ROOT = Path(__file__).parents[4]
THIRD_PARTY = ROOT / "autotests-api" / "verification" / "thirdparty"

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w.]+\.(?:py|ini))\n")

Serve = Callable[[], AbstractAsyncContextManager[Server]]


async def plain_echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


SERVERS: dict[str, Serve] = {
    "README.md": lambda: serve(handler=plain_echo),
    "docs/client.md": lambda: serve(handler=plain_echo),
    "docs/clients.md": serve,
    "docs/report.md": lambda: serve(handler=plain_echo),
    "autotests-api/tests/README.md": lambda: serve(handler=plain_echo),
}
"""The pages whose blocks are run, and the server that they need. The guide is run by test_guide.py."""


def blocks(page: str) -> list[tuple[str, str]]:
    """Returns language and text of every fenced block of Python or of an ini file."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```(python|ini)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def write_files(page: str, folder: Path) -> list[Path]:
    """Writes each block to the file that its first line names; returns the files."""
    files: list[Path] = []
    for _, block in blocks(page):
        named = NAMED.match(block)
        assert named, f"{page}: the first line of a block should name its file:\n{block}"
        path = folder / named[1]
        with path.open("a", encoding="utf-8") as file:
            file.write(block if path not in files else f"\n\n{block}")
        files.append(path)
    return list(dict.fromkeys(files))


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    page: str = request.getfixturevalue("page")
    with run_in_background(SERVERS[page]) as running:
        yield running.url


def run(folder: Path, site: Path, url: str, *command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("WS_", "PYTEST_"))}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**environment, "WS_URL": url, "WS_REPLY": "{message}", "PYTHONPATH": str(site)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("page", SERVERS)
def test_blocks_of_a_page_run_in_an_empty_folder(page: str, url: str, site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    files = write_files(page, folder)
    tests = [path for path in files if path.name.startswith("test_")]
    output = run(
        folder, site, url, "-m", "pytest", "-p", "pytest_websocket.plugin", *(path.name for path in tests)
    )
    written = sum(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
        for path in tests
        for node in ast.parse(path.read_text(encoding="utf-8")).body
    )
    assert written > 0
    assert f"{written} passed" in output
    for path in files:
        if path.suffix == ".py" and path not in tests and path.name != "conftest.py":
            run(folder, site, url, path.name)


def test_every_page_with_python_is_run() -> None:
    pages = {
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("autotests-api/**/*.md"))
        if "```python" in path.read_text(encoding="utf-8")
    }
    # README.ru.md has the blocks of README.md; the programs of targets.md are compared with their files, the
    # profiles of profiles.md are run against servers of their own, and the guide by test_guide.py.
    elsewhere = {"README.ru.md", "docs/targets.md", "docs/profiles.md", "docs/your-own-api.md"}
    assert pages - elsewhere == set(SERVERS)


def test_programs_of_the_targets_page_are_those_that_the_suite_is_run_against() -> None:
    text = (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^```(?:python|javascript)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    programs = [path for pattern in ("*_server.py", "*.mjs") for path in THIRD_PARTY.glob(pattern)]
    assert shown == {path.read_text(encoding="utf-8") for path in programs if path.name != "lesson_server.py"}


def test_client_to_copy_keeps_what_it_is_asked_for(tmp_path: Path, run_suite: RunSuite) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    node = shutil.which("node", path=path)
    version = (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=True) if node else None
    )
    if version is None or int(version.stdout[1:].partition(".")[0]) < 22:
        pytest.skip("no Node of version 22 or newer: `make report` installs one")
    (block,) = re.findall(
        r"^```javascript\n// (client\.mjs\n.*?)^```$",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    name, _, program = block.partition("\n")
    (tmp_path / name).write_text(program, encoding="utf-8")
    cases = str(CASES / "clients" / "rfc6455" / "test_05_4_fragmentation.py")
    run = run_suite("--ws-client", f"{node} {tmp_path / name} {{url}}", cases)
    assert run.status == 0, run.output[-3000:]
    assert run.counts["passed"] > 5


READ_BY: dict[str, Callable[[str], object]] = {"toml": tomllib.loads, "yaml": yaml.safe_load}
"""Languages of blocks that are data."""

SHOWN = {"", "text", "console", "sh", "ini", "python", "javascript"}
"""Languages of blocks that are run here or by test_guide.py, or that show commands and their output."""


def test_every_block_is_of_a_language_that_is_checked_and_data_can_be_read() -> None:
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("autotests-api/**/*.md")):
        found = re.findall(
            r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
        assert {language for language, _ in found} <= SHOWN | set(READ_BY), path
        for language, block in found:
            if language in READ_BY:
                READ_BY[language](block)
