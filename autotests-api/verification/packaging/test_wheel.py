"""The wheel in an empty folder: one's own tests, the command, and tests that use nothing of it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.server.echo import reply_to
from verification.conftest import Serve
from verification.packaging.conftest import (
    INSTALLED_IN,
    ROOT,
    Ended,
    Environment,
    MakeEnvironment,
    children_cpu,
)

# All packaging tests use the same environments: one xdist worker makes them once.
pytestmark = pytest.mark.xdist_group("wheel")

OWN_TEST = """\
async def test_reply_names_the_message(client):
    await client.send("{message}")
    await client.expect("Сервер получил: Hi")
"""

MOST_LINES, MOST_SECONDS = 10, 120
"""What it may take from ``pip install`` to the first green test of one's own; seconds of CPU."""

HEAVY = ("websockets", "hypothesis", "trustme", "jinja2", "allure", "allure_commons", "playwright")
"""Packages that a run without one of our fixtures or options does not import."""

IMPORTS = f"""\
import sys


def test_imports_are_few():
    assert [name for name in {HEAVY} if name in sys.modules] == []
"""


def summary_of(ended: Ended) -> str:
    return ended.output.strip().splitlines()[-1]


def test_wheel_holds_package_data_and_suite(wheel: Path) -> None:
    package = ROOT / "autotests-api" / "pytest_websocket"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    cases = ROOT / "autotests-api" / "tests"
    wanted |= {f"pytest_websocket/tests/{path.relative_to(cases).as_posix()}" for path in cases.rglob("*.py")}
    assert wanted <= names, wanted - names
    assert {"pytest_websocket/py.typed", "pytest_websocket/pytest.ini"} <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"pytest_websocket"}
    assert not [name for name in names if "verification/" in name or "__pycache__" in name]


def test_own_test_is_green_in_an_empty_folder(installed: Environment, echo_url: str) -> None:
    before = children_cpu()
    settings, test = f"[pytest]\nws_url = {echo_url}\n", OWN_TEST.replace("{message}", "Hi")
    installed.write("pytest.ini", settings)
    installed.write("test_mine.py", test)
    ended = installed("pytest")
    assert ended.status == 0, ended.output
    assert "1 passed" in summary_of(ended)
    assert len((settings + test).splitlines()) <= MOST_LINES
    seconds = INSTALLED_IN[installed.place] + children_cpu() - before
    assert seconds < MOST_SECONDS, f"from pip install to the first green test it took {seconds:.0f} s"


def test_own_test_fails_with_the_conversation(installed: Environment, echo_url: str) -> None:
    installed.write("pytest.ini", f"[pytest]\nws_url = {echo_url}\n")
    installed.write("test_mine.py", OWN_TEST.replace("{message}", "Bye"))
    ended = installed("pytest")
    assert ended.status == 1, ended.output
    assert "Сервер получил: Bye" in ended.output
    assert "Сервер получил: Hi" in ended.output
    assert re.search(r"sent +TEXT +.*“Bye”", ended.output), ended.output


def test_conversation_is_in_the_results_of_allure(
    environment_with: MakeEnvironment, wheel: Path, tmp_path: Path, echo_url: str
) -> None:
    with_allure = Environment(environment_with(f"{wheel}[allure]"), tmp_path)
    with_allure.write("pytest.ini", f"[pytest]\nws_url = {echo_url}\n")
    with_allure.write("test_mine.py", OWN_TEST.replace("{message}", "Hi"))
    ended = with_allure("pytest", "--alluredir=results")
    assert ended.status == 0, ended.output
    attached = [path.read_text(errors="replace") for path in (tmp_path / "results").glob("*-attachment.*")]
    assert [text for text in attached if "Сервер получил: Hi" in text]


def test_command_runs_the_suite_and_leaves_a_report(installed: Environment, echo_url: str) -> None:
    ended = installed(
        "pytest-websocket", echo_url, "-k", "masking", "--report", "out", "-p", "no:cacheprovider"
    )
    assert ended.status == 0, f"{ended.output}\n{ended.errors}"
    assert "\nconformance/rfc6455/test_05_1_masking.py ..." in ended.output
    page = installed.folder / "out" / "index.html"
    assert page.resolve().as_uri() in ended.output
    assert "</html>" in page.read_text(encoding="utf-8")
    assert [path.name for path in installed.folder.iterdir()] == ["out"]


def test_command_collects_what_a_checkout_collects(installed: Environment) -> None:
    def cases(output: str) -> list[str]:
        return sorted(
            line.removeprefix("autotests-api/tests/") for line in output.splitlines() if "::" in line
        )

    listed = installed("pytest-websocket", "--collect-only", "-q")
    checkout = Environment(installed.place, ROOT)("pytest", "--collect-only", "-q", "-p", "no:cacheprovider")
    assert cases(listed.check()) == cases(checkout.check())


def test_case_is_run_by_the_name_that_the_summary_prints(installed: Environment, echo_url: str) -> None:
    name = "contract/test_text.py"
    ended = installed("pytest-websocket", echo_url, name, "--rfc-level", "must")
    assert ended.status == 4
    assert "no case for --rfc-level MUST" in ended.errors
    ended = installed("pytest-websocket", echo_url, name, "-q")
    assert ended.status == 0, ended.output
    assert "passed" in summary_of(ended)


def test_target_that_cannot_be_tested_is_one_line(installed: Environment) -> None:
    ended = installed("pytest-websocket", "ws://127.0.0.1:1")
    assert ended.status == 4
    assert "Traceback" not in ended.output
    assert len(ended.errors.strip().splitlines()) == 1
    assert "nothing listens on 127.0.0.1:1" in ended.errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "the URL of the server comes first"),
        (("localhost:9000",), "expected a URL as in ws://127.0.0.1:9000, not 'localhost:9000'"),
        (("ftp://example.com",), "expected a URL that begins with ws://"),
        (("ws://127.0.0.1:1", "--report"), "expected one argument"),
    ],
    ids=["nothing", "no scheme", "other scheme", "report without folder"],
)
def test_wrong_use_of_the_command_is_status_four(
    installed: Environment, arguments: tuple[str, ...], words: str
) -> None:
    ended = installed("pytest-websocket", *arguments)
    assert ended.status == 4, f"{ended.output}\n{ended.errors}"
    assert words in ended.errors


def test_selection_without_a_case_is_status_four(installed: Environment, echo_url: str) -> None:
    ended = installed("pytest-websocket", echo_url, "-k", "no_such_case_anywhere")
    assert ended.status == 4
    assert ended.errors == "pytest-websocket: no case was selected\n"


def test_broken_rule_is_status_one(installed: Environment, serve: Serve) -> None:
    async def trim(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(reply_to(message.strip()))

    ended = installed("pytest-websocket", serve(trim), "contract/test_text.py", "-q")
    assert ended.status == 1, f"{ended.output}\n{ended.errors}"
    assert "contract/test_text.py::" in ended.output


def test_help_is_short_and_names_the_statuses(installed: Environment) -> None:
    text = installed("pytest-websocket", "--help").check()
    assert "usage: pytest-websocket URL" in text
    assert "exit status:" in text
    assert len(text.splitlines()) < 100


def test_command_of_the_reference_suite_is_installed(installed: Environment) -> None:
    text = installed("wstest", "--help").check()
    assert "fuzzingserver" in text
    assert "fuzzingclient" in text


def test_run_of_other_tests_imports_nothing_heavy(installed: Environment) -> None:
    installed.write("test_plain.py", IMPORTS)
    ended = installed("pytest")
    assert ended.status == 0, ended.output
