"""Words of a command line: the value of an option is no test path, a folder of the suite is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_websocket import cli
from pytest_websocket.plugin.command_line import joined
from pytest_websocket.plugin.options import OPTIONS, flags_with_a_value
from verification.unit.plugin.conftest import Run

FILES = {option.flag for option in OPTIONS if option.metavar in {"FILE", "PATH"}} | {
    "--ws-load-figures",
    "--rfc-table",
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Returns a file outside the folder in which pytest is run."""
    path = tmp_path / "elsewhere" / "file.toml"
    path.parent.mkdir()
    path.touch()
    return path


def test_every_option_with_a_file_is_joined_with_it(outside: Path) -> None:
    assert flags_with_a_value() >= FILES
    for flag in FILES:
        assert joined(["-q", flag, str(outside), "tests"], flags_with_a_value()) == [
            "-q",
            f"{flag}={outside}",
            "tests",
        ]


def test_value_that_is_no_file_and_option_of_others_stay_as_they_are(outside: Path) -> None:
    words = [
        "--ws-url",
        "ws://x",
        "--junitxml",
        str(outside),
        f"--ws-ca={outside}",
        "--ws-strict",
        str(outside),
    ]
    assert joined(words, flags_with_a_value()) == words


@pytest.mark.parametrize(
    "flag", ["--ws-ca", "--ws-known-failures", "--ws-write-known-failures", "--ws-chromium"]
)
def test_file_outside_is_not_taken_for_a_test_path(run_in: Run, outside: Path, flag: str) -> None:
    files = {"pytest.ini": "[pytest]\ntestpaths = here\n", "test_x.py": "def test_x(): ...\n"}
    run = run_in({**files, "pytest.ini": "[pytest]\nasyncio_mode = strict\n"}, flag, str(outside))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "configfile: pytest.ini" in run.stdout
    assert "1 passed" in run.stdout


def test_every_option_is_also_a_line_of_the_ini_file(run_in: Run) -> None:
    test = """
from pytest_websocket.plugin.load_options import LOAD_OPTIONS
from pytest_websocket.plugin.options import CLIENT_OPTIONS, OPTIONS

def test_ini(pytestconfig):
    for option in (*OPTIONS, *LOAD_OPTIONS, *CLIENT_OPTIONS):
        pytestconfig.getini(option.key)
    assert pytestconfig.getini("ws_reply") == "<{message}>"
"""
    run = run_in({"pytest.ini": "[pytest]\nws_reply = <{message}>\n", "test_ini.py": test})
    assert run.returncode == 0, run.stdout + run.stderr


def test_folder_of_the_suite_is_named_with_a_slash() -> None:
    words, _ = cli.read(["ws://127.0.0.1:1", "process/", "-m", "load"])
    assert words == ["--ws-url", "ws://127.0.0.1:1", f"{cli.suite()}/process", "-m", "load"]


def test_marker_is_no_folder() -> None:
    words, _ = cli.read(["ws://127.0.0.1:1", "-m", "load"])
    assert words[-3:] == ["-m", "load", str(cli.suite())]
