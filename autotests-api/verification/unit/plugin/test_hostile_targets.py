"""Hostile and broken targets: every run ends in time, in bounded memory, and says what was wrong."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from verification import hostile_floods, hostile_servers

TIMEOUT = 0.3
"""Seconds; the deadline of these runs."""

START = 60.0
"""Seconds that a run may take beside its cases: interpreter, probe, collection, on a busy machine."""

MEMORY = 200 << 20
"""Bytes that no target may make a run use."""

# One case of each kind: the client's, raw frames, the closing handshake.
CASES = (
    "contract/test_order.py::test_one_message_brings_exactly_one_reply",
    "contract/test_lifetime.py::test_client_is_served_again_after_it_closed[1000]",
    "conformance/rfc6455/test_05_1_masking.py::test_unmasked_frame_ends_the_connection[text]",
    "conformance/rfc6455/test_05_5_1_close.py::test_close_is_answered_with_a_close[1000]",
)

# Cases that a server passes which only echoes.
EASY_CASES = ("contract/test_binary.py::test_bytes_come_back_as_bytes",)

Meet = Callable[[hostile_servers.Behaviour], str]


@pytest.fixture
def survive(run_suite: Any, meet: Meet, tmp_path: Path) -> Callable[..., Any]:
    """Runs the cases against a behaviour, and checks all that must hold for every one of them."""

    def run(behaviour: hostile_servers.Behaviour, *options: str, cases: tuple[str, ...] = CASES) -> Any:
        url = meet(behaviour)
        results = tmp_path / "results"
        finished = run_suite(
            "--ws-url",
            url,
            "--ws-reply",
            "{message}",
            f"--ws-timeout={TIMEOUT}",
            f"--alluredir={results}",
            *options,
            *cases,
        )
        # A case may wait, close what it opened, and look whether the server lives: a deadline each.
        count = len(finished.cases) if finished.junit.exists() else 0
        assert finished.seconds < START + count * 4 * TIMEOUT, finished.output[-2000:]
        assert finished.peak < MEMORY, f"{finished.peak >> 20} MiB"
        assert_is_printable(finished.output)
        assert "Traceback (most recent call last)" not in finished.output, finished.output[-4000:]
        assert "unraisable" not in finished.output, finished.output[-4000:]
        if count:
            ET.parse(finished.junit)
            reports = [json.loads(path.read_text(encoding="utf-8")) for path in results.glob("*-result.json")]
            assert len(reports) == count
        return finished

    return run


def assert_is_printable(output: str) -> None:
    """Nothing in it moves a cursor, rings a bell, or turns the direction of writing."""
    obeyed = {letter for letter in output if not letter.isprintable() and letter not in "\n\t"}
    assert not obeyed, f"the terminal would obey {obeyed}"


@pytest.mark.parametrize(
    "behaviour, cause",
    [
        (hostile_servers.sends_headers_without_end, "it answers the handshake without end"),
        (hostile_floods.sends_pings_without_end, "it floods"),
        (hostile_floods.sends_empty_texts_without_end, "it floods"),
        (hostile_floods.sends_bombs_without_end, "nothing works on the connections"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_target_on_which_nothing_works_ends_the_run_with_one_cause(
    survive: Callable[..., Any], behaviour: hostile_servers.Behaviour, cause: str
) -> None:
    """The others of this kind are in unit/target/test_unusable_targets.py, without a run each."""
    run = survive(behaviour)
    assert run.status == pytest.ExitCode.USAGE_ERROR, run.output[-2000:]
    assert cause in run.output
    assert run.output.count("ERROR") == 1, run.output


@pytest.mark.parametrize(
    "behaviour, cause",
    [
        (hostile_servers.resets_on_close, "TCP reset"),
        (hostile_servers.never_closes, "still open"),
        (hostile_servers.answers_nastily, "not valid UTF-8"),
        (hostile_servers.answers_a_thousandfold, "expected"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_run_survives_the_target_and_names_the_cause(
    survive: Callable[..., Any], behaviour: hostile_servers.Behaviour, cause: str
) -> None:
    # Some of these answers take longer than the usual deadline on a busy machine.
    run = survive(behaviour, f"--ws-timeout={5 * TIMEOUT}")
    assert run.status == pytest.ExitCode.TESTS_FAILED, run.output[-2000:]
    assert run.counts["failed"] + run.counts["error"] > 0
    assert cause in run.output


@pytest.mark.parametrize(
    "then",
    [
        hostile_servers.sends_headers_without_end,
        hostile_floods.sends_pings_without_end,
        hostile_floods.sends_messages_without_end,
        hostile_servers.never_answers_after_the_handshake,
        hostile_servers.closes_at_once,
    ],
    ids=lambda then: then.__name__,
)
def test_target_on_which_nothing_works_any_more_is_down(
    survive: Callable[..., Any], then: hostile_servers.Behaviour
) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 4, then=then).meet, cases=EASY_CASES)
    assert run.status == pytest.ExitCode.INTERRUPTED, run.output[-2000:]
    assert run.output.count("the target went down in") == 1


@pytest.mark.parametrize(
    "case",
    [
        "contract/test_text.py::test_reply_is_the_template_around_the_message",
        "contract/test_lifetime.py::test_connections_one_after_another_are_all_served",
    ],
)
def test_closes_that_are_not_answered_cost_a_run_little(run_suite: Any, meet: Meet, case: str) -> None:
    """Waits that prove nothing add up: a deadline for each of a thousand cases is an hour."""
    options = ("--ws-reply", "{message}", "--ws-timeout", "10")
    run = run_suite("--ws-url", meet(hostile_servers.never_closes), *options, case)
    assert run.status == 0, run.output[-3000:]
    assert run.seconds < START


def test_colours_of_the_terminal_are_not_the_targets_to_set(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.answers_nastily)
    assert r"\x1b[2J" in run.output
    assert "<script>" in run.output


# The probe takes three connections: one to speak on, one for the size of messages, one for compression.
PROBE = 3


def test_target_that_dies_is_said_once_and_ends_the_run(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 4).meet, cases=EASY_CASES)
    assert run.status == pytest.ExitCode.INTERRUPTED
    assert run.output.count("the target went down in") == 1
    assert "the target is down since" in run.output
    assert "(--ws-max-dead 3; 0 goes on)" in run.output


def test_run_goes_on_with_a_dead_target_where_it_shall(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 4).meet, "--ws-max-dead=0", cases=EASY_CASES)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert run.output.count("the target went down in") == 1
    assert run.counts["error"] > 3
    assert "not tried: the target is down since" in run.output


def test_target_that_comes_back_is_tested_again(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 4, absences=8).meet, "--ws-max-dead=0", cases=EASY_CASES)
    assert "the target answers again in" in run.output
    assert list(run.cases.values())[-1] == "passed"


def test_target_that_falls_silent_for_a_while_is_not_dead(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 4, absences=5, silent=True).meet, cases=EASY_CASES)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert "the target went down in" not in run.output
    assert list(run.cases.values())[-1] == "passed"


def test_target_that_falls_silent_for_good_is_dead(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 4, silent=True).meet, cases=EASY_CASES)
    assert run.status == pytest.ExitCode.INTERRUPTED
    assert run.output.count("the target went down in") == 1


def test_death_is_told_by_the_workers_of_xdist(survive: Callable[..., Any]) -> None:
    run = survive(hostile_servers.Mortal(PROBE + 6).meet, "-n", "2", cases=EASY_CASES)
    assert "the target went down in" in run.output
    assert run.status == pytest.ExitCode.INTERRUPTED
