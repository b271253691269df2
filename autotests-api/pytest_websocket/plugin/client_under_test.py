"""``--ws-client``: a program that is a WebSocket client, started for each case of ``tests/clients``."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from typing import IO, Any

import pytest

from pytest_websocket.client import DEFAULT_DEADLINE, ExpectationFailed
from pytest_websocket.plugin.options import option_value
from pytest_websocket.raw.accepted import Headers
from pytest_websocket.server.scripted import ScriptedServer
from pytest_websocket.server.scripted_conversation import Conversation
from pytest_websocket.text import printable

FIXTURE = "client_under_test"

SHOWN = 2000
"""Characters of the program's output that a failure shows: the last ones."""

MOST_TOLD = 16 << 20
"""Bytes of its output that are searched for what it told its user: the last ones."""

PAUSE = 0.05
"""Seconds between two looks at a program that has not connected."""

CLIENT = pytest.StashKey["ClientUnderTest"]()


class ProgramFailed(ExpectationFailed):
    """The program did not do its part beside the connection: it did not connect, crashed, or did not exit."""


class NotConnected(ProgramFailed):
    """The program exited without a connection."""


class ClientUnderTest:
    """Starts the program under test, each time with a URL of the scripted server.

    Every program must exit once its connection is over: with status 0 after a normal closure, and never by
    a signal.
    """

    def __init__(self, command: str, server: ScriptedServer, deadline: float) -> None:
        self.command = command
        self.server = server
        self.deadline = deadline
        self._programs: list[tuple[asyncio.subprocess.Process, IO[bytes]]] = []
        self._files = contextlib.ExitStack()
        self._conversations: list[Conversation] = []

    async def requested(self, resource: str = "/", *, userinfo: str = "") -> Conversation:
        """Starts a program and returns its connection once its request has come; nothing is answered.

        ``userinfo`` stands before the host of the URL. Raises NotConnected when the program exits instead.
        """
        __tracebackhide__ = True
        url = self.server.url.replace("://", f"://{userinfo}@" if userinfo else "://") + resource
        words = [word.replace("{url}", url) for word in shlex.split(self.command)]
        # A file, not a pipe: a pipe that is not read would block a program that prints much. Appended to, as
        # the program shares its position with whoever reads it.
        output = self._files.enter_context(tempfile.TemporaryFile("a+b", buffering=0))  # noqa: SIM115 - by the stack
        program = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        self._programs.append((program, output))
        connecting = asyncio.ensure_future(self.server.connected(deadline=2 * self.deadline))
        exiting = asyncio.ensure_future(program.wait())
        try:
            await asyncio.wait((connecting, exiting), return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done():
                # Its connection may have come and not been read yet.
                await asyncio.wait((connecting,), timeout=self.deadline / 10)
            if not connecting.done():
                raise NotConnected(
                    f"the program exited with {program.returncode} and did not connect\n{self.output}"
                )
            conversation = await connecting
        finally:
            connecting.cancel()
            exiting.cancel()
            await asyncio.gather(connecting, exiting, return_exceptions=True)
        self._conversations.append(conversation)
        return conversation

    async def opened(
        self, resource: str = "/", *, headers: Headers = (), extensions: str | None = None
    ) -> Conversation:
        """Starts a program and opens its connection; ``headers`` are added to the answer."""
        __tracebackhide__ = True
        conversation = await self.requested(resource)
        await conversation.accept(headers=headers, extensions=extensions)
        return conversation

    async def check(self) -> None:
        """Closes what is open, waits for the programs to exit, judges what they sent and how they exited."""
        normal = bool(self._conversations)
        for one in self._conversations:
            if one.reader is not None and not one.over and not one.sent_close:
                await one.close(1000)
                closing = await one.expect_closed()
                normal = normal and closing.code in (1000, 1005)
            else:
                normal = False
            one.close_tcp()
        await self.server.check()
        # A client may connect again after a failure: it shall not wait for an answer.
        self.server.refuse_clients()
        for program, _ in self._programs:
            try:
                status = await asyncio.wait_for(program.wait(), self.deadline)
            except TimeoutError:
                raise ProgramFailed(
                    f"the program has not exited within {self.deadline:g} s after its connection"
                ) from None
            if status < 0:
                raise ProgramFailed(f"the program was ended by {signal.Signals(-status).name}")
            if normal and status != 0:
                raise ProgramFailed(f"the program exited with {status} after a normal closure")

    async def further(self) -> Conversation | None:
        """Returns the next connection of the programs; None when they exit, or none comes for a while."""
        exits = asyncio.gather(*(program.wait() for program, _ in self._programs))
        connecting = asyncio.ensure_future(self.server.connected(deadline=self.deadline / 2))
        try:
            await asyncio.wait((exits, connecting), return_when=asyncio.FIRST_COMPLETED)
            if not connecting.done() or connecting.exception() is not None:
                return None
            conversation = connecting.result()
        finally:
            connecting.cancel()
            exits.cancel()
            await asyncio.gather(connecting, exits, return_exceptions=True)
        self._conversations.append(conversation)
        return conversation

    async def told(self) -> list[dict[str, Any]]:
        """Returns what the programs told their user, once they have exited: a JSON object on each line.

        Skips the case where they print none.
        """
        for program, _ in self._programs:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(program.wait(), self.deadline)
        events = [event for line in self._printed(MOST_TOLD).splitlines() if (event := _event(line))]
        if not events:
            pytest.skip("the program does not print what it tells its user")
        return events

    async def stop(self) -> None:
        """Ends the programs that still run, and the server."""
        for program, _ in self._programs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            await program.wait()
        self._files.close()
        await self.server.stop()

    @property
    def output(self) -> str:
        """The end of what the programs printed, safe for a terminal."""
        return "\n".join(map(printable, self._printed(4 * SHOWN)[-SHOWN:].splitlines()))

    def _printed(self, most: int) -> str:
        """Returns the last ``most`` bytes that each program printed."""
        texts = []
        for _, output in self._programs:
            begin = max(0, os.fstat(output.fileno()).st_size - most)
            texts.append(os.pread(output.fileno(), most, begin).decode(errors="replace"))
        return "\n".join(texts)


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the cases for clients with ``--ws-client``, else those for servers."""
    unwanted = FIXTURE if option_value(config, "ws-client") is None else "target"
    if unwanted == "target" and option_value(config, "ws-url") is not None:
        return
    gone = [item for item in items if unwanted in getattr(item, "fixturenames", ())]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if unwanted not in getattr(item, "fixturenames", ())]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Ends the run with one line where the program cannot be started or does not connect."""
    config = session.config
    command = option_value(config, "ws-client")
    if (
        command is None
        or not session.items
        or config.option.collectonly
        or hasattr(config, "workerinput")
        # The loop of wstest brings its own client.
        or config.pluginmanager.hasplugin("wstest-session")
    ):
        return
    scale = option_value(config, "ws-time-scale") or 1.0
    deadline = (option_value(config, "ws-timeout") or DEFAULT_DEADLINE) * scale
    if problem := problem_of(command, 2 * deadline):
        raise pytest.UsageError(f"--ws-client {command!r}: {problem}")


def problem_of(command: str, seconds: float) -> str | None:
    """Returns why the program is none that connects to its URL within ``seconds``; None where it does."""
    with socket.create_server(("127.0.0.1", 0)) as listening, tempfile.TemporaryFile() as output:
        url = f"ws://127.0.0.1:{listening.getsockname()[1]}/"
        words = [word.replace("{url}", url) for word in shlex.split(command)]
        try:
            program = subprocess.Popen(  # noqa: S603 - what the user asked for
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        except OSError as error:
            return f"{words[0]} cannot be started: {error.strerror}"
        try:
            listening.settimeout(PAUSE)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                status = program.poll()
                with contextlib.suppress(TimeoutError):
                    listening.accept()[0].close()
                    return None
                if status is not None:
                    output.seek(0)
                    said = _reason_in(output.read().decode(errors="replace"))
                    return f"the program exited with {status} and did not connect: {said}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
    return f"the program has not connected to {{url}} within {seconds:g} s"


def _reason_in(printed: str) -> str:
    """Returns the line that most likely says why a program failed: the last with an error, or the last."""
    lines = [line.strip() for line in printed.split("\n") if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return printable(([*lines, *errors] or ["it printed nothing"])[-1])[:SHOWN]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Keeps what the program printed with the test's report, as pytest keeps its captured output."""
    try:
        return (yield)
    finally:
        if CLIENT in item.stash and (output := item.stash[CLIENT].output):
            item.add_report_section("call", "client under test", output)
