"""A misspelt option is one line with the one that was meant, and status 4."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_websocket.plugin.misspelt import check_arguments, check_settings
from pytest_websocket.plugin.options import known_flags, known_settings
from verification.unit.plugin.conftest import Run

TEST = {"test_x.py": "def test_x(): ...\n"}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--ws-ulr=ws://x", "--ws-url"),
        ("--ws-headers", "--ws-header"),
        ("--ws-noecho", "--ws-no-echo"),
        ("--rfc-lst", "--rfc-list"),
    ],
)
def test_misspelt_option_is_one_line_with_the_one_that_was_meant(run_in: Run, given: str, meant: str) -> None:
    run = run_in({"pytest.ini": "[pytest]\n", **TEST}, given)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert (
        f"ERROR: unknown option {given.partition('=')[0]}; did you mean {meant}?" in run.stdout + run.stderr
    )


def test_misspelt_setting_is_one_line_with_the_one_that_was_meant(run_in: Run) -> None:
    run = run_in({"pytest.ini": "[pytest]\nws_ulr = ws://x\n", **TEST})
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    wanted = "ERROR: pytest.ini: unknown setting ws_ulr; did you mean ws_url?"
    assert wanted in run.stdout + run.stderr


def test_known_options_and_those_of_others_are_left(tmp_path: Path) -> None:
    check_arguments([*known_flags(), "--ws-of-another-plugin", "-x", "tests", "--rf"], known_flags)
    file = tmp_path / "pytest.ini"
    file.write_text(
        "\n".join(f"{name} = 1" for name in (*known_settings(), "ws_of_another_plugin", "testpaths"))
    )
    check_settings(file, known_settings)
    check_settings(None, known_settings)
