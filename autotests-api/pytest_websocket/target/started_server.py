"""A server that is started for the tests: waits until it accepts connections, starts it again, stops it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pytest_websocket.server.process import NotStarted, ServerProcess, Usage, describe_end
from pytest_websocket.target.dial import Answered, Unusable, check_alive
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

Result = TypeVar("Result")

START_DEADLINE = 30.0
"""Seconds from the start of a program until it has to accept a WebSocket connection."""

SHOWN_LINES = 20
"""Lines of a program's output that a message shows: the last ones."""


async def await_server(
    target: Target, deadline: float, *, every: float = 0.05, ended: Callable[[], str] = lambda: ""
) -> None:
    """Waits until ``target`` accepts a WebSocket connection. Raises Unusable after ``deadline`` seconds.

    It is asked again every ``every`` seconds. A server that answers the handshake otherwise has started, too:
    its answer is raised at once, unless it is one of a server that is overloaded or not there yet (a status
    from 500 on). ``ended`` returns why the server will not come any more, empty while it may.
    """
    loop = asyncio.get_running_loop()
    give_up = loop.time() + deadline
    while True:
        try:
            await check_alive(target)
        except Unusable as error:
            if why := ended():
                raise Unusable(why) from None
            if isinstance(error, Answered) and error.status < 500 and not error.limits:
                raise
            if loop.time() >= give_up:
                raise
            await asyncio.sleep(every)
        else:
            return


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Runs ``work`` to its end in an event loop of its own; asyncio.run would take pytest-asyncio's away."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


@dataclass
class StartedServer:
    """The program of ``command``, and the ``target`` that it is once it accepts connections.

    ``{port}`` in the command is the target's port. ``deadline`` is for its start, in seconds.
    """

    command: Sequence[str]
    target: Target
    deadline: float = START_DEADLINE
    folder: Path | None = None
    process: ServerProcess | None = None
    last_lines: str = ""

    async def start(self) -> None:
        """Starts the program and waits for it. Raises Unusable with its last output."""
        if self.process is None:
            self._check_port()
        self.close()
        words = [word.replace("{port}", str(self.target.port)) for word in self.command]
        try:
            self.process = ServerProcess(words, folder=self.folder)
        except NotStarted as error:
            raise Unusable(f"the server did not start: {error}") from None
        try:
            await await_server(self.target, self.deadline, ended=self._why_ended)
        except Unusable as error:
            if isinstance(error, Answered):
                raise
            why = str(error)
            if self.process.status is None:
                why = f"the server did not start within {self.deadline:g} s: {why}"
            why += self.shown_output()
            self.close()
            raise Unusable(why) from None
        except BaseException:
            self.close()
            raise

    @property
    def status(self) -> int | None:
        """The exit status of the program, None while it runs."""
        return self.process.status if self.process is not None else None

    @property
    def running(self) -> ServerProcess:
        """The process. Raises Unusable where it was not started."""
        if self.process is None:
            raise Unusable("the server was not started")
        return self.process

    def usage(self) -> Usage | None:
        """Returns what the program holds; None where that is not known."""
        return self.process.usage() if self.process is not None else None

    def memory(self) -> int | None:
        """Returns the resident memory in bytes; None where that is not known."""
        usage = self.usage()
        return usage.memory if usage is not None else None

    def output(self) -> str:
        """Returns what the program has printed since the last call, masked and safe for a terminal."""
        if self.process is None:
            return ""
        lines = self.process.new_output().splitlines()
        text = "\n".join(self.target.mask(printable(line, keep="\t")) for line in lines)
        if lines:
            self.last_lines = "\n".join(text.splitlines()[-SHOWN_LINES:])
        return text

    def shown_output(self) -> str:
        """Returns the last lines of the output for a message, beginning with a new line."""
        self.output()
        return f"\nits last output:\n{self.last_lines}" if self.last_lines else "\nit has printed nothing"

    def close(self) -> None:
        """Stops the program and all that it has started."""
        if self.process is not None:
            self.process.close()
            self.process = None
        self.last_lines = ""

    def _why_ended(self) -> str:
        status = self.status
        return f"the server did not start: it {describe_end(status)}" if status is not None else ""

    def _check_port(self) -> None:
        """Raises Unusable where another program listens, which would be tested in place of this one."""
        with contextlib.suppress(OSError), socket.create_connection((self.target.host, self.target.port), 1):
            raise Unusable(
                f"something listens on {self.target.host}:{self.target.port} before the server is started; "
                "stop it, or let the port be chosen: {port} in --ws-command and --ws-url"
            )
