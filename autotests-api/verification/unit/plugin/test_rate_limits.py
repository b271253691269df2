"""Targets that limit connections: recognised as such, not taken for dead, and never red for it."""

from __future__ import annotations

import http
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from verification import hostile_servers

TEXT = "contract/test_text.py"
CROWD = "contract/test_isolation.py"
FEW = f"{TEXT}::test_reply_is_the_template_around_the_message"
SOME = f"{TEXT}::test_white_space_comes_back_untouched"
NO_HANDSHAKE = "test_request_that_is_no_handshake_is_refused"
REJECTING = f"conformance/rfc6455/test_04_2_1_reading_the_handshake.py::{NO_HANDSHAKE}"


class Window:
    """Takes ``count`` in a sliding window of so many seconds."""

    def __init__(self, count: int, seconds: float) -> None:
        self.count = count
        self.seconds = seconds
        self.taken: deque[float] = deque()

    def takes(self) -> bool:
        now = time.monotonic()
        while self.taken and now - self.taken[0] > self.seconds:
            self.taken.popleft()
        if len(self.taken) >= self.count:
            return False
        self.taken.append(now)
        return True


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def limiting(
    window: Window, *, status: int = 429, retry_after: str | None = None
) -> Callable[[ServerConnection, Any], Any]:
    """Refuses above the limit."""

    def check(connection: ServerConnection, request: Any) -> Any:
        if window.takes():
            return None
        response = connection.respond(http.HTTPStatus(status), "slow down\n")
        if retry_after is not None:
            response.headers["Retry-After"] = retry_after
        return response

    return check


@pytest.mark.parametrize("status", [429, 503])
def test_limit_for_a_minute_skips_what_is_left_and_says_what_it_cost(
    run_suite: Any, serve: Any, status: int
) -> None:
    url = serve(echo, process_request=limiting(Window(40, 60), status=status, retry_after="60"))
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", TEXT)
    assert run.status == 0, run.output[-3000:]
    assert run.counts["passed"] > 20
    assert run.counts["skipped"] > 50
    assert "the target went down" not in run.output
    assert f"the target limits the rate: HTTP {status} " in run.output
    assert "Retry-After 60 s" in run.output
    assert "cases were skipped, 0 repeated" in run.output
    assert "/m opens connections more slowly" in run.output


@pytest.mark.parametrize("retry_after", [None, "1", "60"])
@pytest.mark.parametrize("status", [429, 503])
def test_limit_per_second_slows_the_run_down_and_skips_nothing(
    run_suite: Any, serve: Any, status: int, retry_after: str | None
) -> None:
    url = serve(echo, process_request=limiting(Window(9, 1), status=status, retry_after=retry_after))
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", FEW)
    assert run.status == 0, run.output[-3000:]
    assert set(run.counts) == {"passed"}, run.output[-3000:]
    assert "0 cases were skipped" in run.output


def test_hang_ups_above_a_rate_are_a_limit_and_no_fault(run_suite: Any, meet: Any) -> None:
    window = Window(9, 1)

    async def hangs_up(peer: hostile_servers.Peer) -> None:
        if window.takes():
            await hostile_servers.never_fails(peer)
        else:
            peer.reset()

    run = run_suite("--ws-url", meet(hangs_up), "--ws-reply", "{message}", FEW)
    assert run.status == 0, run.output[-3000:]
    assert set(run.counts) == {"passed"}, run.output[-3000:]
    assert "it takes no more than" in run.output
    assert "the target went down" not in run.output


def test_server_that_hangs_up_for_another_reason_is_not_excused(run_suite: Any, meet: Any) -> None:
    async def hangs_up_at_random(peer: hostile_servers.Peer) -> None:
        counted.append(1)
        if len(counted) % 5:
            await hostile_servers.never_fails(peer)
        else:
            peer.reset()

    counted: list[int] = []
    run = run_suite("--ws-url", meet(hangs_up_at_random), "--ws-reply", "{message}", "--ws-timeout=0.3", SOME)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert run.counts["failed"] + run.counts["error"] > 2


def test_pace_that_is_asked_for_is_kept(run_suite: Any, serve: Any) -> None:
    url = serve(echo, process_request=limiting(Window(45, 1)))
    for workers in ([], ["-n", "2"]):
        options = ("--ws-url", url, "--ws-reply", "{message}", "--ws-max-rate", "20/s")
        run = run_suite(*workers, *options, FEW)
        assert run.status == 0, run.output[-3000:]
        assert "limits of the target" not in run.output
        assert run.seconds > run.counts["passed"] / 20


def test_limit_of_open_connections_is_a_property(run_suite: Any, serve: Any) -> None:
    live: set[int] = set()

    def check(connection: ServerConnection, request: Any) -> Any:
        if len(live) < 20:
            return None
        response = connection.respond(http.HTTPStatus.TOO_MANY_REQUESTS, "too many\n")
        response.headers["Retry-After"] = "60"
        return response

    async def counted_echo(connection: ServerConnection) -> None:
        live.add(id(connection))
        try:
            await echo(connection)
        finally:
            live.discard(id(connection))

    url = serve(counted_echo, process_request=check)
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", CROWD, FEW)
    assert run.status == 0, run.output[-3000:]
    assert run.counts["skipped"] < 8, run.output[-3000:]
    assert "not tried until then" not in run.output


def test_answer_of_a_limiter_is_not_taken_for_the_refusal_of_a_bad_request(
    run_suite: Any, serve: Any
) -> None:
    url = serve(echo, process_request=limiting(Window(8, 3600), retry_after="3600"))
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", REJECTING)
    assert run.counts["skipped"] > 10, run.output[-3000:]


def test_repeated_case_has_one_result_in_the_report(run_suite: Any, serve: Any, tmp_path: Path) -> None:
    results = tmp_path / "results"
    url = serve(echo, process_request=limiting(Window(9, 1)))
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", f"--alluredir={results}", FEW)
    assert run.status == 0, run.output[-3000:]
    written = [path.read_text(encoding="utf-8") for path in results.glob("*-result.json")]
    assert len(written) == len(run.cases)
    assert all('"status": "passed"' in text for text in written)


def test_probe_that_meets_the_limit_says_so(run_suite: Any, serve: Any) -> None:
    url = serve(echo, process_request=limiting(Window(0, 60), retry_after="60"))
    run = run_suite("--ws-url", url, "--ws-reply", "{message}", TEXT)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "it limits how often one may connect: --ws-max-rate" in run.output


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "10/h"])
def test_wrong_rate_is_one_message(run_suite: Any, rate: str) -> None:
    run = run_suite(f"--ws-max-rate={rate}", TEXT)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert "expected connections per second, or per minute: 40/s, 60/m" in run.output
