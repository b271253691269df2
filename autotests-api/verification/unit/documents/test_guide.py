"""The guide runs as it stands: every file and every command, in order, with nothing there but the package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, serve

from pytest_websocket.server.background import run_in_background

ROOT = Path(__file__).parents[4]
GUIDE = (ROOT / "docs" / "your-own-api.md").read_text(encoding="utf-8")

ADDRESS = "ws://127.0.0.1:9000"
"""Stands in the guide for a server that runs; here that is on a free port."""

INSTALLS = ("python3 -m venv ", "pip install ")
"""Commands that verification/packaging tries out, with a wheel."""

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# ([\w.]+)\n")


def environment(site: Path) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST", "COV"))
    }
    path = os.pathsep.join([str(site.parent / "bin"), str(Path(sys.executable).parent), kept["PATH"]])
    return {**kept, "PATH": path, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": "-p no:cacheprovider"}


@asynccontextmanager
async def served(source: str) -> AsyncIterator[Server]:
    """Serves the API of the guide."""
    names: dict[str, Any] = {"__name__": "api"}
    exec(compile(source, "api.py", "exec"), names)
    async with serve(names["handle"], "127.0.0.1", 0) as server:
        yield server


def test_guide_runs_from_an_empty_folder(site: Path, tmp_path: Path, deadline: float) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    files: dict[str, str] = {}
    with run_in_background(lambda: served(files_of_the_guide()["api.py"])) as running:
        for language, block in BLOCK.findall(GUIDE):
            if language == "sh":
                run(folder, site, block.replace(ADDRESS, running.url), deadline)
                continue
            named = NAMED.match(block)
            assert named, f"the first line of a block should name its file:\n{block}"
            name = named[1]
            files[name] = f"{files[name]}\n\n{block}" if name in files else block
            (folder / name).write_text(files[name], encoding="utf-8")
    assert (folder / "report" / "index.html").is_file()


def files_of_the_guide() -> dict[str, str]:
    found = ((NAMED.match(block), block) for _, block in BLOCK.findall(GUIDE))
    return {named[1]: block for named, block in found if named}


def run(folder: Path, site: Path, block: str, deadline: float) -> None:
    """Runs the commands of a block as a shell does, and stops at the first that fails."""
    commands = [line for line in block.splitlines() if not line.startswith(INSTALLS)]
    variables = environment(site)
    for command in commands:
        if command.startswith("pytest-websocket "):
            # Of the suite's cases a few are enough to show that the command is right.
            variables["PYTEST_ADDOPTS"] += " --rfc 5.5.2 --rfc 7.1.5"
        ended = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env=variables,
            capture_output=True,
            encoding="utf-8",
            timeout=deadline * 60,
            check=False,
        )
        assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        if command.startswith("pytest"):
            assert re.search(r"\d+ passed", ended.stdout), ended.stdout


def test_guide_needs_no_more_than_fifteen_minutes() -> None:
    minutes = [int(number) for number in re.findall(r"^## .*\((\d+) minutes\)$", GUIDE, re.MULTILINE)]
    assert sum(minutes) <= 15
    # A reader types or copies so many lines.
    assert sum(block.count("\n") for _, block in BLOCK.findall(GUIDE)) < 250
