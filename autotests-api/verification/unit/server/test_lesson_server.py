"""The lesson's server as a program: what it prints, its options, its end."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

import websocket_server
from pytest_websocket.server import echo
from pytest_websocket.server.program import one_line

AUTOTESTS = Path(websocket_server.__file__).parent
PREFIX = "Сервер получил: "
STARTED = re.compile(r"WebSocket сервер запущен на (ws://localhost:(\d+))")


@dataclass
class Program:
    """`python -m websocket_server` in a process of its own, its output read line by line."""

    process: asyncio.subprocess.Process
    deadline: float
    url: str = ""
    port: int = 0

    async def line(self) -> str:
        assert self.process.stdout is not None
        raw: bytes = await asyncio.wait_for(self.process.stdout.readline(), self.deadline)
        return raw.decode().removesuffix("\n")

    async def end(self, by: signal.Signals | None = signal.SIGTERM) -> tuple[int | None, str]:
        """Exit status and everything it wrote to stderr."""
        if by is not None:
            self.process.send_signal(by)
        _, errors = await asyncio.wait_for(self.process.communicate(), self.deadline)
        return self.process.returncode, errors.decode()


Start = Callable[..., Awaitable[Program]]


@pytest.fixture
async def start(deadline: float) -> AsyncIterator[Start]:
    """Starts the program with these arguments, by default on a free port, and waits for its first line."""
    programs: list[Program] = []

    async def start_program(
        *arguments: str,
        command: Sequence[str] = (sys.executable, "-m", "websocket_server"),
        listens: bool = True,
    ) -> Program:
        if "--port" not in arguments:
            arguments = ("--port", "0", *arguments)
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            cwd=AUTOTESTS,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        program = Program(process, deadline)
        programs.append(program)
        if listens:
            line = await program.line()
            started = STARTED.fullmatch(line)
            assert started, f"the first line should name the address, and is {line!r}"
            program.url, program.port = started[1], int(started[2])
        return program

    yield start_program
    for program in programs:
        if program.process.returncode is None:
            program.process.kill()
            await program.process.communicate()


async def assert_serves(url: str) -> None:
    async with connect(url) as client:
        await client.send("still there?")
        assert await client.recv() == "Сервер получил: still there?"


def reset(connection: socket.socket) -> None:
    """Closes with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def test_program_prints_the_words_of_the_lesson(start: Start) -> None:
    program = await start()
    async with connect(program.url) as client:
        await client.send("Привет, сервер!")
        assert await client.recv() == "Сервер получил: Привет, сервер!"
    assert await program.line() == "Получено сообщение: Привет, сервер!"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_signal_closes_connections_with_1001_and_exits_with_0(start: Start, by: signal.Signals) -> None:
    program = await start()
    async with connect(program.url) as client:
        status, errors = await program.end(by)
        await client.wait_closed()
        assert client.close_code == 1001
    assert (status, errors) == (0, "")


async def test_port_in_use_is_one_line_and_status_1(start: Start) -> None:
    first = await start()
    second = await start("--port", str(first.port), listens=False)
    status, errors = await second.end(by=None)
    assert status == 1
    assert errors == f"Cannot listen on localhost:{first.port}: the port is already in use\n"


async def test_unknown_host_is_one_line_and_status_1(start: Start) -> None:
    program = await start("--host", "256.0.0.1", listens=False)
    status, errors = await program.end(by=None)
    assert status == 1
    assert errors.startswith("Cannot listen on 256.0.0.1:0: ")
    assert errors.count("\n") == 1


async def test_help_names_every_option_and_its_default(start: Start) -> None:
    program = await start("--help", listens=False)
    out, _ = await asyncio.wait_for(program.process.communicate(), program.deadline)
    words = " ".join(out.decode().split())
    assert program.process.returncode == 0
    for option in (
        "--host HOST",
        "--port PORT",
        "--max-size BYTES",
        "--origin URL",
        "--subprotocol NAME",
        "--console",
    ):
        assert option in words
    for default in ("(default: localhost)", "(default: 8765)", "(default: 1048576)"):
        assert default in words


async def test_control_characters_reach_the_client_and_not_the_terminal(start: Start) -> None:
    program = await start()
    drawing = "\x1b[2J\x1b]0;title\x07\r\nПолучено сообщение: \u202eforged\x9b31m"
    async with connect(program.url) as client:
        await client.send(drawing)
        assert await client.recv() == PREFIX + drawing
    assert await program.line() == (
        r"Получено сообщение: \x1b[2J\x1b]0;title\x07\r\nПолучено сообщение: \u202eforged\x9b31m"
    )


async def test_broken_connections_are_one_line_each_at_most(start: Start) -> None:
    program = await start()
    client = await connect(program.url)
    reset(client.transport.get_extra_info("socket").dup())
    client.transport.abort()
    await client.wait_closed()
    not_http = socket.create_connection(("127.0.0.1", program.port))
    not_http.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    reset(not_http)
    silent = socket.create_connection(("127.0.0.1", program.port))
    await assert_serves(program.url)
    status, errors = await program.end()
    silent.close()
    assert status == 0
    assert "Traceback" not in errors
    assert len(errors.splitlines()) <= 2, errors


async def test_options_reach_the_server(start: Start) -> None:
    program = await start("--max-size", "10", "--origin", "http://localhost:8000", "--subprotocol", "chat")
    async with connect(
        program.url, origin=Origin("http://localhost:8000"), subprotocols=[Subprotocol("chat")]
    ) as client:
        assert client.subprotocol == "chat"
        await client.send("eleven bytes")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009
    with pytest.raises(InvalidStatus) as refused:
        await connect(program.url, origin=Origin("http://evil.example"))
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["--port", "65536"], "'65536' is no TCP port"),
        (["--port", "http"], "'http' is no TCP port"),
        (["--max-size", "0"], "'0' is no size"),
        (["--max-size", "1 MiB"], "'1 MiB' is no size"),
    ],
)
def test_option_out_of_range_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    with pytest.raises(SystemExit) as end:
        websocket_server.main(arguments)
    assert end.value.code == 2
    assert reason in capsys.readouterr().err


async def test_program_goes_on_when_its_output_is_not_read(start: Start) -> None:
    program = await start()
    vars(program.process)["_transport"].get_pipe_transport(1).close()
    await assert_serves(program.url)
    await assert_serves(program.url)
    assert await program.end() == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of descriptors to raise")
async def test_program_raises_its_own_limit_of_connections(start: Start) -> None:
    shell = f'ulimit -Sn 64; exec "{sys.executable}" -m websocket_server "$@"'
    program = await start(command=("sh", "-c", shell, "sh"))
    clients = await asyncio.gather(*(connect(program.url) for _ in range(128)))
    await asyncio.gather(*(client.send("one of many") for client in clients))
    replies = await asyncio.gather(*(client.recv() for client in clients))
    assert set(replies) == {"Сервер получил: one of many"}
    await asyncio.gather(*(client.close() for client in clients))


@pytest.fixture
def uvloop_folder(tmp_path: Path) -> Path:
    """Holds a module that stands in for uvloop and says when it is asked for a loop."""
    Path(tmp_path, "uvloop.py").write_text(
        "import asyncio, sys\n"
        "def new_event_loop():\n"
        "    print('uvloop was asked', file=sys.stderr)\n"
        "    return asyncio.new_event_loop()\n"
    )
    return tmp_path


async def test_uvloop_is_used_where_it_is_installed(start: Start, uvloop_folder: Path) -> None:
    command = ("env", f"PYTHONPATH={uvloop_folder}", sys.executable, "-m", "websocket_server")
    program = await start(command=command)
    await assert_serves(program.url)
    assert await program.end() == (0, "uvloop was asked\n")


async def test_import_has_no_side_effects(start: Start) -> None:
    check = (
        "import logging, websocket_server; "
        "assert not logging.root.handlers and not logging.getLogger('websocket_server').handlers"
    )
    program = await start(command=(sys.executable, "-W", "error", "-c", check), listens=False)
    out, errors = await asyncio.wait_for(program.process.communicate(), program.deadline)
    assert (program.process.returncode, out, errors) == (0, b"", b"")


@pytest.mark.parametrize(
    "message, line",
    [
        pytest.param("Привет, сервер!", "Привет, сервер!", id="text as it is"),
        pytest.param("👨‍👩‍👧 e\u0301", "👨‍👩‍👧 e\u0301", id="joined and combining characters as they are"),
        pytest.param(r"C:\new", r"C:\new", id="a backslash as it is"),
        pytest.param("\0\t\x7f\x85\u2028\u2066", r"\x00\t\x7f\x85\u2028\u2066", id="controls escaped"),
        pytest.param(b"\x1b[0m\xff", r"b'\x1b[0m\xff'", id="bytes as in Python"),
        pytest.param("я" * 10_001, "я" * 10_000 + "… (10001 characters)", id="a long text cut"),
        pytest.param(b"a" * 10_001, f"b'{'a' * 10_000}'… (10001 bytes)", id="long bytes cut"),
    ],
)
def test_message_in_the_log_is_one_harmless_line(message: str | bytes, line: str) -> None:
    assert one_line(message) == line


@pytest.mark.parametrize("message", ["текст", b"\x00\xff"], ids=["text", "bytes"])
def test_embedded_server_answers_in_the_words_of_the_lesson(message: str | bytes) -> None:
    assert echo.reply_to(message) == websocket_server.reply_to(message)
