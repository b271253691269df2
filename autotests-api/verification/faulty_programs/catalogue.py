"""The faults: each class overrides one step of the correct program, and names the test that notices it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from pytest_websocket.protocol.frames import Header, close
from verification.faulty_programs.correct import Program
from verification.faulty_servers.correct import Connection, EchoServer

CATALOGUE: dict[str, tuple[type[Program], str]] = {}
"""Program and test by the name of the fault."""

LONG = 30.0
"""Seconds that no test waits."""


def caught_by(test: str) -> Callable[[type[Program]], type[Program]]:
    """Enters a program into the catalogue, with the test that has to fail on it."""

    def enter(program: type[Program]) -> type[Program]:
        CATALOGUE[program.__name__] = (program, test)
        return program

    return enter


@caught_by("test_sigterm_brings_close_1001_to_every_open_connection")
class TellsNoClient(Program):
    """Ends TCP without a Close frame."""

    async def tell_all(self) -> None:
        pass


@caught_by("test_sigterm_brings_close_1001_to_every_open_connection")
class TellsNormalClosure(Program):
    """Says 1000, as if the conversation had come to its end."""

    async def tell_all(self) -> None:
        for each in list(self.server.connections):
            each.send_frame(close(1000))


@caught_by("test_sigterm_brings_close_1001_to_every_open_connection")
class TellsTheFirstOnly(Program):
    """Forgets all connections but one."""

    async def tell_all(self) -> None:
        for each in list(self.server.connections)[:1]:
            await each.go_away()


@caught_by("test_sigterm_brings_close_1001_to_every_open_connection")
class EndsAtOnce(Program):
    """Ends its process in the handler of the signal."""

    def on_sigterm(self) -> None:
        os._exit(0)


class BusyConnection(Connection):
    """Knows when its client has last sent something."""

    busy = 0.0

    def frame_begins(self, header: Header) -> None:
        self.busy = asyncio.get_running_loop().time()
        super().frame_begins(header)

    @property
    def is_quiet(self) -> bool:
        """Whether the client has sent nothing for a fifth of a second."""
        return asyncio.get_running_loop().time() - self.busy > 0.2


class BusyServer(EchoServer):
    """A server of such connections."""

    connection_class = BusyConnection


@caught_by("test_sigterm_under_load_brings_close_1001_to_every_connection")
class TellsQuietClientsOnly(Program):
    """Leaves a connection that is busy without a Close."""

    server_class = BusyServer

    async def tell_all(self) -> None:
        for each in list(self.server.connections):
            if isinstance(each, BusyConnection) and each.is_quiet:
                await each.go_away()


class OrderedServer(EchoServer):
    """Knows in which order its connections came."""

    def __init__(self) -> None:
        super().__init__()
        self.in_order: list[Connection] = []

    def new_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
        self.in_order.append(super().new_connection(reader, writer))
        return self.in_order[-1]


@caught_by("test_sigterm_beside_a_mute_peer_brings_close_1001_to_the_others")
class TellsOneAfterTheOther(Program):
    """Waits for the answer of each client before it tells the next."""

    server_class = OrderedServer

    async def tell_all(self) -> None:
        assert isinstance(self.server, OrderedServer)
        for each in self.server.in_order:
            if each in self.server.connections:
                await each.go_away()
            while each in self.server.connections:
                await asyncio.sleep(0.01)


@caught_by("test_server_ends_after_sigterm[open connections]")
class IgnoresSigterm(Program):
    """Goes on."""

    def on_sigterm(self) -> None:
        pass


@caught_by("test_server_ends_after_sigterm[open connections]")
class EndsWithAnError(Program):
    """Has the exit status 1."""

    def status(self) -> int:
        return 1


@caught_by("test_server_ends_after_sigterm[no connection]")
class CrashesAtTheEnd(Program):
    """Aborts when all is done."""

    def status(self) -> int:
        os.abort()


@caught_by("test_server_ends_after_sigterm[a peer that does not answer]")
class WaitsForEveryAnswer(Program):
    """Ends when every client has answered its Close."""

    async def hang_up(self) -> None:
        await asyncio.gather(*self.server.tasks, return_exceptions=True)


@caught_by("test_server_ends_after_sigterm[half a handshake]")
class WaitsForEveryRequest(Program):
    """Ends when every client that has begun a handshake has come to its end."""

    async def hang_up(self) -> None:
        while any(each.buffer for each in self.server.connections):
            await asyncio.sleep(0.01)
        await super().hang_up()


@caught_by("test_server_ends_after_sigterm[load]")
class WaitsForQuiet(Program):
    """Ends when no client sends anything any more."""

    server_class = BusyServer

    async def tell_all(self) -> None:
        while any(isinstance(each, BusyConnection) and not each.is_quiet for each in self.server.connections):
            await asyncio.sleep(0.01)
        await super().tell_all()


@caught_by("test_server_ends_after_sigterm[a peer that does not read]")
class WaitsForEveryReader(Program):
    """Ends when every client has read what was sent to it."""

    async def tell_all(self) -> None:
        for each in list(self.server.connections):
            each.send_frame(close(1001))
            await each.writer.drain()
            while each.writer.transport.get_write_buffer_size():
                await asyncio.sleep(0.01)


class TimedServer(EchoServer):
    """Gives a handshake its time, and keeps the timer when it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.timers: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.timers.add(asyncio.create_task(asyncio.sleep(LONG)))
        await super().accept(reader, writer)


@caught_by("test_server_ends_after_sigterm[ended handshakes]")
class WaitsForTimersOfHandshakes(Program):
    """Ends when the time of every handshake is over that there has been."""

    server_class = TimedServer

    async def hang_up(self) -> None:
        await super().hang_up()
        assert isinstance(self.server, TimedServer)
        await asyncio.gather(*self.server.timers)


@caught_by("test_restart_on_the_same_port_works_at_once[it was terminated]")
class DoesNotReuseThePort(Program):
    """Cannot listen as long as the system remembers connections of the server before."""

    def listening_socket(self) -> socket.socket:
        listener = socket.socket()
        listener.bind(("127.0.0.1", self.port))
        return listener


@caught_by("test_restart_on_the_same_port_works_at_once[it was terminated]")
class LeavesAChildThatListens(Program):
    """Has a child that keeps the listening socket."""

    def listening_socket(self) -> socket.socket:
        listener = super().listening_socket()
        command = ["sleep", str(LONG / 2)]
        subprocess.Popen(command, pass_fds=[listener.fileno()], start_new_session=True)
        return listener


@caught_by("test_restart_on_the_same_port_works_at_once[it crashed]")
class LeavesALock(Program):
    """Does not start where a server before it did not come to its end."""

    @property
    def lock(self) -> Path:
        return Path(tempfile.gettempdir(), f"server-{self.port}.lock")

    def listening_socket(self) -> socket.socket:
        self.lock.touch(exist_ok=False)
        return super().listening_socket()

    def status(self) -> int:
        self.lock.unlink()
        return 0


class KeepingServer(EchoServer):
    """Keeps a descriptor of every connection."""

    def release(self, connection: Connection) -> None:
        os.dup(0)


@caught_by("test_ended_connections_leave_no_descriptor[closed by the client]")
class KeepsEveryDescriptor(Program):
    """Leaks with every connection."""

    server_class = KeepingServer


class KeepingRefused(EchoServer):
    """Keeps a descriptor of every connection whose handshake it refuses."""

    class connection_class(Connection):  # noqa: N801 - the name of the attribute
        """Leaks where no connection is opened."""

        async def open(self) -> bool:
            opened = await super().open()
            if not opened:
                os.dup(0)
            return opened


@caught_by("test_ended_connections_leave_no_descriptor[refused]")
class KeepsDescriptorsOfRefusedHandshakes(Program):
    """Leaks with every handshake that it refuses."""

    server_class = KeepingRefused
