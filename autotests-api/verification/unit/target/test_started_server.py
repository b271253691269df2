"""Waiting for a server: until it accepts, or says no, or will not come."""

from __future__ import annotations

import socket
import sys

import pytest

from pytest_websocket.load.server_process import COMMAND, FOLDER
from pytest_websocket.server.process import free_port
from pytest_websocket.target.dial import Answered, Unusable
from pytest_websocket.target.started_server import StartedServer, await_server, run
from pytest_websocket.target.target import Target
from verification import hostile_servers


async def refuses(peer: hostile_servers.Peer, status: str) -> None:
    await peer.read_request()
    peer.writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())


async def test_wait_ends_when_the_server_has_come() -> None:
    asked: list[int] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        target = Target(f"ws://127.0.0.1:{listener.getsockname()[1]}", timeout=1)

        def listens_the_third_time() -> str:
            asked.append(1)
            if len(asked) == 3:
                listener.listen()
            return ""

        with pytest.raises(Unusable, match="none came within 1 s"):
            await await_server(target, 1, ended=listens_the_third_time)
    assert len(asked) >= 3


async def test_wait_ends_at_once_where_the_server_will_not_come() -> None:
    target = Target(f"ws://127.0.0.1:{free_port()}")
    with pytest.raises(Unusable, match="it has ended"):
        await await_server(target, 3600, ended=lambda: "it has ended")


async def test_refusal_is_waited_out_only_where_it_may_pass() -> None:
    answers = ["503 Service Unavailable", "502 Bad Gateway", "401 Unauthorized"]

    async def answer(peer: hostile_servers.Peer) -> None:
        await refuses(peer, answers.pop(0))

    async with hostile_servers.serve(answer) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Answered, match="401 Unauthorized"):
            await await_server(Target(f"ws://127.0.0.1:{port}"), 3600)
    assert not answers


def test_server_is_started_again_on_the_same_port() -> None:
    server = StartedServer(COMMAND, Target(f"ws://127.0.0.1:{free_port()}"), folder=FOLDER)
    try:
        run(server.start())
        first = server.running
        run(server.start())
        assert first.status is not None
        assert server.running.pid != first.pid
        assert server.status is None
        assert (server.memory() or 1 << 21) > 1 << 20
    finally:
        server.close()


def test_output_is_masked_and_safe_for_a_terminal() -> None:
    source = "print('\\x1b[2J tok-1234567'); raise SystemExit(2)"
    target = Target(f"ws://127.0.0.1:{free_port()}/?token=tok-1234567")
    with pytest.raises(Unusable) as failure:
        run(StartedServer((sys.executable, "-c", source), target).start())
    assert "\\x1b[2J" in str(failure.value)
    assert "tok-1234567" not in str(failure.value)
