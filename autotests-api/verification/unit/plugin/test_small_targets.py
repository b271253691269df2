"""Correct servers with few places: what does not fit in is no broken rule, and is said as a skip."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_websocket.server.background import run_in_background
from verification.faulty_servers.correct import Connection, EchoServer

PLACES = 16
"""Connections that are served at once, as by a pool of that many threads; others wait and hear nothing."""


class ThreadPoolServer(EchoServer):
    """An echo server that reads the next request only when one of its places is free."""

    def __init__(self) -> None:
        super().__init__()
        self.places = asyncio.Semaphore(PLACES)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one TCP connection when its turn has come."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self.places.acquire()
        except asyncio.CancelledError:
            writer.close()
            return
        finally:
            self.tasks.discard(task)
        await super().accept(reader, writer)

    def release(self, _: Connection) -> None:
        """Gives the place of a connection back."""
        self.places.release()


class LeakingServer(ThreadPoolServer):
    """Keeps the place of every client that has gone."""

    def release(self, _: Connection) -> None:
        """Does nothing."""


@pytest.fixture
def thread_pool_server() -> Iterator[str]:
    """Returns the URL of a server with few places."""
    with run_in_background(lambda: ThreadPoolServer().serve()) as server:
        yield server.url


@pytest.fixture
def leaking_server() -> Iterator[str]:
    """Returns the URL of a server whose places are never free again."""
    with run_in_background(lambda: LeakingServer().serve()) as server:
        yield server.url


def options_for(url: str) -> tuple[str, ...]:
    return ("--ws-url", url, "--ws-reply", "Сервер получил: {message}", "--ws-timeout", "1")


def test_contract_is_not_red_on_a_server_with_few_places(run_suite: Any, thread_pool_server: str) -> None:
    cases = ("contract/test_isolation.py", "contract/test_lifetime.py")
    run = run_suite(*options_for(thread_pool_server), *cases)
    assert run.status == 0, run.output[-4000:]
    assert "× the target limits connections: a request is not answered while " in run.output
    assert "went down" not in run.output
    assert "--ws-max-rate" not in run.output


def test_places_that_stay_taken_are_a_failure(run_suite: Any, leaking_server: str) -> None:
    case = "contract/test_lifetime.py::test_client_is_served_again_after_it_broke_off"
    run = run_suite(*options_for(leaking_server), case)
    assert run.counts["failed"] == 1, run.output[-4000:]


def test_slow_peers_that_take_all_places_are_a_weakness(run_suite: Any, thread_pool_server: str) -> None:
    case = "security/test_slow_peers.py::test_silent_connections_do_not_stop_the_server"
    run = run_suite(*options_for(thread_pool_server), "--ws-security", "report", case)
    assert run.status == 0, run.output[-4000:]
    assert run.counts["skipped"] == 1
