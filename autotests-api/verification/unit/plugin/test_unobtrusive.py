"""Installed beside tests that use nothing of it, the plugin changes nothing; with the first use it starts."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from verification.unit.plugin.conftest import Run

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"

FOREIGN = """
import logging
import sys

import pytest

HEAVY = {"websockets", "jinja2", "hypothesis", "trustme", "playwright", "allure", "hdrh", "cryptography"}

@pytest.fixture
def target():
    return "a fixture of this project"

def test_own_fixture_of_a_name_of_the_plugin(target):
    assert target == "a fixture of this project"

def test_nothing_heavy_is_imported():
    assert not HEAVY & set(sys.modules)
    assert "pytest_websocket.plugin.outcomes" not in sys.modules

def test_that_fails():
    logging.getLogger("x").warning("logged")
    assert 1 == 2

@pytest.mark.skip(reason="of no use")
def test_that_is_skipped(): ...
"""

MANY = """
import pytest

@pytest.mark.parametrize("number", range(2000))
def test_quick(number):
    assert number >= 0
"""

# Seconds depend on what else the machine does; the number of calls of Python functions does not.
COUNT_CALLS = """
import sys, pytest
calls = 0
def count(frame, event, argument):
    global calls
    calls += event == "call"
sys.setprofile(count)
pytest.main(sys.argv[1:])
sys.setprofile(None)
print("calls:", calls)
"""


LOOK_FOR_HYPOTHESIS = """
import sys, pytest
status = pytest.main(sys.argv[1:])
print("hypothesis:", "imported" if "hypothesis" in sys.modules else "not imported")
sys.exit(status)
"""

PROPERTY = """
from hypothesis import given, strategies

@given(strategies.integers())
def test_property(number):
    assert number == number
"""


@pytest.mark.parametrize("arguments", [["-v", "-rA"], ["--collect-only", "-q"], ["--fixtures-per-test"]])
def test_run_without_use_of_the_plugin_prints_the_same(run_in: Run, arguments: list[str]) -> None:
    files = {"pytest.ini": INI, "test_foreign.py": FOREIGN}
    with_plugin = run_in(files, *arguments)
    without = run_in(files, *arguments, plugin=False)
    assert _comparable(with_plugin.stdout) == _comparable(without.stdout)
    assert with_plugin.stderr == without.stderr == ""
    assert with_plugin.returncode == without.returncode


def test_run_without_use_of_the_plugin_is_as_fast(run_in: Run) -> None:
    files = {"pytest.ini": INI, "test_many.py": MANY}
    without, with_plugin = (
        int(re.findall(r"calls: (\d+)", run_in(files, "-q", plugin=plugin, code=COUNT_CALLS).stdout)[0])
        for plugin in (False, True)
    )
    assert with_plugin < without * 1.02


@pytest.mark.parametrize(
    "test, shown", [("def test_plain(): pass\n", "not imported"), (PROPERTY, "imported")]
)
def test_run_imports_hypothesis_only_where_a_test_does(run_in: Run, test: str, shown: str) -> None:
    """The summary of hypothesis' own plugin would import it at the end of every run."""
    run = run_in({"pytest.ini": INI, "test_x.py": test}, "-p", "hypothesispytest", code=LOOK_FOR_HYPOTHESIS)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"hypothesis: {shown}\n" in run.stdout


def test_statistics_of_hypothesis_are_shown_where_they_are_asked_for(run_in: Run) -> None:
    test = "def test_plain(): pass\n"
    run = run_in(
        {"pytest.ini": INI, "test_x.py": test}, "-p", "hypothesispytest", "--hypothesis-show-statistics"
    )
    assert "Hypothesis Statistics" in run.stdout


def test_first_use_starts_the_plugin_and_probes_once(run_in: Run) -> None:
    test = "async def test_echo(client): await client.ask('x')\n"
    run = run_in({"pytest.ini": INI, "test_ours.py": test})
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("ws target: ws://127.0.0.1") == 1
    assert "1 passed" in run.stdout


def test_fixture_that_is_asked_for_while_a_test_runs_starts_the_plugin(run_in: Run) -> None:
    test = "def test_late(request): assert request.getfixturevalue('abilities').text\n"
    run = run_in({"pytest.ini": INI, "test_late.py": test})
    assert run.returncode == 0, run.stdout + run.stderr


def test_recording_alone_needs_no_target(run_in: Run) -> None:
    test = "def test_recording(recordings): assert recordings.new('x')\n"
    run = run_in({"pytest.ini": INI + "ws_url = ws://127.0.0.1:1\n", "test_recording.py": test})
    assert run.returncode == 0, run.stdout + run.stderr
    assert "ws target" not in run.stdout


def test_relative_file_is_found_by_workers_of_a_project_that_changes_directory(
    run_in: Run, tmp_path: Path
) -> None:
    files = {
        "known.toml": '"test_ours.py" = "the server does not say it"\n',
        "conftest.py": "import os\nos.chdir(os.sep)\n",
        "test_ours.py": "async def test_reply(client): await client.expect_reply('no')\n",
    }
    project = str(tmp_path / "project")
    options = ("-p", "xdist.plugin", "-n", "2", "-c", os.devnull, "-o", "asyncio_mode=auto")
    run = run_in(files, *options, f"--rootdir={project}", "--ws-known-failures", "known.toml", project)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 xfailed" in run.stdout


def test_marks_are_declared_by_the_plugin(run_in: Run) -> None:
    test = "import pytest\n@pytest.mark.mass\n@pytest.mark.needs('echo')\ndef test_x(): ...\n"
    run = run_in({"pytest.ini": INI, "test_x.py": test}, "--strict-markers")
    assert run.returncode == 0, run.stdout + run.stderr


def _comparable(output: str) -> str:
    """Leaves out times, and the line on which pytest lists the plugins that are installed."""
    lines = (line for line in output.splitlines() if not line.startswith("plugins: "))
    return re.sub(r"\d+\.\d+s", "…s", "\n".join(lines))
