"""Processes of xdist that test one target: cases alone, failures repeated alone, and how many there are."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from pytest_websocket.plugin.shared_target import ENOUGH, MOST_PROCESSES, SharedTarget
from pytest_websocket.target.target import SLOW_OPENING

FEW = "contract/test_text.py::test_white_space_comes_back_untouched"
ORDER = "contract/test_order.py"


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


@pytest.fixture
def target(tmp_path: Path) -> SharedTarget:
    return SharedTarget(tmp_path)


@pytest.fixture
def beside(target: SharedTarget) -> Iterator[threading.Event]:
    """Holds the target in a case beside this test until the event is set."""
    held, ends = threading.Event(), threading.Event()

    def hold() -> None:
        with target.used(alone=False):
            held.set()
            ends.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    yield ends
    ends.set()
    thread.join()


def test_cases_run_beside_each_other(target: SharedTarget, beside: threading.Event) -> None:
    with target.used(alone=False):
        assert not beside.is_set()


def test_case_alone_waits_for_the_others_and_goes_before_those_that_come_later(
    target: SharedTarget, beside: threading.Event
) -> None:
    order: list[str] = []

    def use(name: str, *, alone: bool) -> None:
        with target.used(alone=alone):
            order.append(name)

    first = threading.Thread(target=use, args=("alone",), kwargs={"alone": True})
    first.start()
    wait_until_the_turn_is_taken(target)
    second = threading.Thread(target=use, args=("later",), kwargs={"alone": False})
    second.start()
    assert order == []
    beside.set()
    first.join()
    second.join()
    assert order == ["alone", "later"]


def wait_until_the_turn_is_taken(target: SharedTarget) -> None:
    import fcntl

    with (target._folder / "turn").open("w") as turn:
        while True:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(turn, fcntl.LOCK_UN)


def test_failure_that_comes_of_other_cases_is_not_red(run_suite: Any, serve: Any) -> None:
    opened: set[ServerConnection] = set()

    async def mixes_up(connection: ServerConnection) -> None:
        opened.add(connection)
        try:
            async for message in connection:
                # Long enough for a case of the other process to come in.
                await asyncio.sleep(0.02)
                await connection.send(message if len(opened) == 1 else "mixed up")
        finally:
            opened.discard(connection)

    run = run_suite("--ws-url", serve(mixes_up), "--ws-reply", "{message}", "-n", "2", FEW)
    assert run.status == 0, run.output[-3000:]
    assert "passed alone, failed while other cases ran" in run.output
    assert "passed when repeated alone" in run.output


def test_failure_that_is_the_servers_own_stays_red_and_is_repeated_a_few_times_only(
    run_suite: Any, serve: Any
) -> None:
    met: list[int] = []

    async def trims(connection: ServerConnection) -> None:
        async for message in connection:
            met.append(1)
            await connection.send(message.strip())

    run = run_suite("--ws-url", serve(trims), "--ws-reply", "{message}", "-n", "2", FEW)
    assert run.status == pytest.ExitCode.TESTS_FAILED
    assert run.counts["failed"] > 2 * ENOUGH
    assert "passed alone" not in run.output


def test_auto_means_more_processes_for_a_slow_target(run_suite: Any, serve: Any) -> None:
    async def opens_slowly(connection: ServerConnection, request: Any) -> None:
        await asyncio.sleep(2 * SLOW_OPENING)

    url = serve(echo, process_request=opens_slowly)
    run = run_suite(
        "--ws-url", url, "--ws-reply", "{message}", "-n", "auto", ORDER, PYTEST_XDIST_AUTO_NUM_WORKERS="3"
    )
    assert run.status == 0, run.output[-3000:]
    assert f"{MOST_PROCESSES} workers" in run.output
    assert "opening a connection: 0." in run.output


def test_auto_means_what_xdist_says_for_the_embedded_server(run_suite: Any) -> None:
    run = run_suite("-n", "auto", ORDER, PYTEST_XDIST_AUTO_NUM_WORKERS="3")
    assert run.status == 0, run.output[-3000:]
    assert "3 workers" in run.output


def test_auto_does_not_hide_that_the_target_cannot_be_tested(run_suite: Any, unused_tcp_port: int) -> None:
    run = run_suite("--ws-url", f"ws://127.0.0.1:{unused_tcp_port}", "-n", "auto", ORDER)
    assert run.status == pytest.ExitCode.USAGE_ERROR
    assert run.output.count("ERROR") == 1
    assert "Traceback" not in run.output
