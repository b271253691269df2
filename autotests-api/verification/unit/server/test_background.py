"""The background runner: it starts by an event, loses no error and does not hang on a server that does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterable

import pytest
from websockets.asyncio.server import Server, ServerConnection
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

from pytest_websocket.server.background import BackgroundServer, run_in_background
from pytest_websocket.server.echo import serve


def test_server_answers_as_soon_as_the_block_begins() -> None:
    with run_in_background(serve) as running, connect(running.url) as client:
        assert running.url == f"ws://127.0.0.1:{running.port}"
        client.send("first")
        assert client.recv() == "Сервер получил: first"


def test_server_closes_its_connections_with_1001_when_the_block_ends() -> None:
    with contextlib.ExitStack() as clients:
        with run_in_background(serve) as running:
            client = clients.enter_context(connect(running.url))
        with pytest.raises(ConnectionClosedOK):
            client.recv()
    assert client.close_code == 1001


def test_thread_is_gone_after_the_block() -> None:
    with run_in_background(serve):
        assert "background-server" in {thread.name for thread in threading.enumerate()}
        mine = [thread for thread in threading.enumerate() if thread.name == "background-server"][-1]
    assert not mine.is_alive()


def test_server_that_cannot_start_raises_where_it_was_asked_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), run_in_background(lambda: serve(port=port)):
            pass


def test_error_of_a_handler_is_raised_at_the_end() -> None:
    async def broken(_: ServerConnection) -> None:
        raise LookupError("a bug in the handler")

    with (
        pytest.raises(LookupError, match="a bug in the handler"),
        run_in_background(lambda: serve(handler=broken)) as running,
        connect(running.url) as client,
        contextlib.suppress(Exception),
    ):
        client.recv()


def test_error_of_a_callback_is_raised_at_the_end_with_the_others_as_notes() -> None:
    def fail(*words: str) -> None:
        for word in words:
            running.loop.call_soon(fail_with, word)

    def fail_with(word: str) -> None:
        raise RuntimeError(word)

    with pytest.raises(RuntimeError, match="first") as raised, run_in_background(serve) as running:
        running.loop.call_soon_threadsafe(fail, "first", "second")
    assert raised.value.__notes__ == ["The server's thread raised as well: RuntimeError('second')"]


def test_connection_that_a_peer_broke_is_no_error() -> None:
    def fail() -> None:
        raise ConnectionResetError

    with run_in_background(serve) as running:
        running.loop.call_soon_threadsafe(fail)
    assert [type(error) for error in running.errors] == [ConnectionResetError]


def test_error_of_the_test_itself_comes_through() -> None:
    with pytest.raises(KeyError, match="the test's own"), run_in_background(serve):
        raise KeyError("the test's own")


def test_server_that_does_not_stop_is_named() -> None:
    release: asyncio.Event
    loop: asyncio.AbstractEventLoop

    @contextlib.asynccontextmanager
    async def stubborn() -> AsyncIterator[Server]:
        nonlocal release, loop
        release, loop = asyncio.Event(), asyncio.get_running_loop()
        async with serve() as server:
            yield server
            await release.wait()

    before = set(threading.enumerate())
    with (
        pytest.raises(
            RuntimeError, match=r"did not stop within 0\.05 s; still running: .*serve_until_stopped"
        ),
        run_in_background(stubborn, stop_deadline=0.05),
    ):
        (thread,) = set(threading.enumerate()) - before
    loop.call_soon_threadsafe(release.set)
    thread.join()


def test_work_runs_in_the_loop_of_the_server(deadline: float) -> None:
    async def count() -> tuple[int, bool]:
        return len(running.server.connections), asyncio.get_running_loop() is running.loop

    with run_in_background(serve) as running, connect(running.url) as client:
        client.send("open")
        client.recv()
        assert running.run(count(), deadline) == (1, True)


def test_work_that_takes_too_long_is_cancelled() -> None:
    with run_in_background(serve) as running, pytest.raises(TimeoutError):
        running.run(asyncio.Event().wait(), deadline=0.01)


@pytest.mark.parametrize(
    "host, secure, url",
    [
        ("127.0.0.1", False, "ws://127.0.0.1:80"),
        ("127.0.0.1", True, "wss://127.0.0.1:80"),
        ("::1", False, "ws://[::1]:80"),
    ],
)
def test_url_names_scheme_host_and_port(host: str, secure: bool, url: str) -> None:
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        assert BackgroundServer(NotListening(), host, 80, secure, loop).url == url


class NotListening:
    """Stands in for a server that only gives a type."""

    sockets: Iterable[socket.socket] = ()


def test_server_that_blocks_before_it_listens_costs_the_deadline() -> None:
    goes_on = threading.Event()
    before = set(threading.enumerate())

    @contextlib.asynccontextmanager
    async def blocked() -> AsyncIterator[Server]:
        goes_on.wait()
        async with serve() as server:
            yield server

    with (
        pytest.raises(TimeoutError, match=r"^the server does not listen after 0\.05 s$"),
        run_in_background(blocked, start_deadline=0.05),
    ):
        pytest.fail("there is no server")
    (thread,) = set(threading.enumerate()) - before
    goes_on.set()
    thread.join(5)
    assert not thread.is_alive()
