"""The page of ``--ws-report``: whole under xdist and without Allure, and free of credentials."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SECRETS = {
    "query": "hidden-in-the-query",
    "bearer": "hidden-bearer-parameter",
    "header": "hidden-in-a-header",
    "cookie": "hidden-in-a-cookie",
    "user": "hidden-password",
    "subprotocol": "hidden-in-a-subprotocol",
}
TESTS = """
import logging
import pytest
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455

@rfc6455("5.5.2", MUST, "a rule that is broken")
async def test_rule_is_broken(client, target):
    await client.ask("<script>alert(1)</script>")
    await client.send(f"say {target.url} {target.headers}")
    raise AssertionError(f"not {target.url} {target.headers} {target.subprotocols}")

@rfc6455("5.1", SHOULD, "advice")
async def test_advice_is_not_followed(client):
    assert await client.ask("x") == "y"

async def test_passes(client):
    await client.ask("fine")

@pytest.mark.parametrize("case", ["one", "two"])
def test_nothing_of_the_plugin(case):
    assert case == "one"
"""


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Returns what a run in two processes printed, and the folder of all that it wrote."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    (folder / "serve.py").write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(ROOT / 'autotests-api')!r})\n"
        "import pytest\n"
        "from pytest_websocket.server.background import run_in_background\n"
        "from pytest_websocket.server.echo import serve\n"
        "with run_in_background(lambda: serve(port=0)) as server:\n"
        "    place = server.url.partition('//')[2].rstrip('/')\n"
        f"    url = 'ws://someone:{SECRETS['user']}@' + place + '/?pass={SECRETS['query']}"
        f"&bearer={SECRETS['bearer']}&page=1'\n"
        "    sys.exit(pytest.main([*sys.argv[1:], '--ws-url', url]))\n",
        encoding="utf-8",
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST"))}
    done = subprocess.run(
        [
            *(sys.executable, "serve.py", "-p", "pytest_websocket.plugin", "-p", "no:cacheprovider"),
            *("-n", "2", "--color=no", "-o", "asyncio_mode=auto", "--log-level=DEBUG", "test_it.py"),
            *("--ws-header", f"Authorization: Bearer {SECRETS['header']}"),
            *("--ws-header", f"Cookie: sid={SECRETS['cookie']}"),
            *("--ws-subprotocol", "bearer", "--ws-subprotocol", SECRETS["subprotocol"]),
            *("--ws-report", "report.html", "--junitxml=junit.xml", "--alluredir=results"),
        ],
        cwd=folder,
        env=clean
        | {"PYTHONPATH": str(ROOT / "autotests-api"), "GITHUB_STEP_SUMMARY": str(folder / "job.md")},
        capture_output=True,
        check=False,
    )
    for given in ("serve.py", "test_it.py"):
        (folder / given).unlink()
    return (done.stdout + done.stderr).decode(), folder


def test_page_is_whole_under_xdist(left_behind: tuple[str, Path]) -> None:
    output, folder = left_behind
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "The server does not conform: it breaks 1 of 1 MUST rule and deviates from 1 SHOULD rule." in page
    assert page.index("does not conform") < page.index("RFC 6455 §5.5.2 MUST: a rule that is broken")
    assert page.count('<div class="transcript">') == 2
    assert "Nothing of the plugin · two" in page
    assert "Report: file://" in output


def test_page_asks_nothing_of_the_network_and_runs_nothing(left_behind: tuple[str, Path]) -> None:
    page = (left_behind[1] / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    for asking in ("<link", "<img", "src=", "url(", "@import"):
        assert asking not in page


def test_credentials_are_in_nothing_that_a_run_leaves(left_behind: tuple[str, Path]) -> None:
    output, folder = left_behind
    found = {path.name: path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file()}
    assert {"report.html", "junit.xml", "job.md", "conformance.json"} <= set(found)
    assert any(name.endswith(".har") for name in found)
    found["the terminal"] = output
    leaks = [
        (name, kind) for name, text in found.items() for kind, secret in SECRETS.items() if secret in text
    ]
    assert leaks == []


def test_page_is_written_without_allure(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("async def test_one(client):\n    await client.ask('x')\n", "utf-8")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:allure_pytest", "-p", "pytest_websocket.plugin"),
            *("-p", "no:cacheprovider", "-o", "asyncio_mode=auto", "--ws-report", "made/report.html"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT / "autotests-api")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No test failed: 1 test." in (tmp_path / "made" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("-m", "pytest", "--ws-report", "old/index.html", "--ws-url", "nonsense"),
        ("-m", "pytest", "--ws-report=old/index.html", "--ws-url", "ws://127.0.0.1:9"),
        ("-m", "pytest", "--ws-report=old/index.html", "--ws-nosuch"),
        ("-m", "pytest_websocket", "nonsense", "--report", "old"),
        ("-m", "pytest_websocket", "ws://127.0.0.1:9", "--report", "old"),
    ],
)
def test_run_that_fails_to_start_leaves_no_old_page(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    page = tmp_path / "old" / "index.html"
    page.parent.mkdir()
    page.write_text("of the run before", encoding="utf-8")
    (tmp_path / "test_one.py").write_text("async def test_one(client): ...\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(ROOT / "autotests-api"), "PYTEST_PLUGINS": "pytest_websocket.plugin"},
        capture_output=True,
        check=False,
    )
    assert done.returncode not in {0, 1}, done.stdout + done.stderr
    assert not page.exists() or "No test ran." in page.read_text(encoding="utf-8")
