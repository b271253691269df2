"""The suite's own cases for clients in the loop, behind those of the reference suite."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_websocket.protocol.rules import MUST
from pytest_websocket.raw.accepted import AcceptedConnection
from pytest_websocket.wstest.case import Behavior
from pytest_websocket.wstest.observed import Observed
from pytest_websocket.wstest.pipe import connect_pipe
from pytest_websocket.wstest.results import Described, Result
from pytest_websocket.wstest.spec import SpecError
from pytest_websocket.wstest.verdict import Verdict

PORT = "WSTEST_SESSION_PORT"
"""Environment variable with the port at which the command waits for the session."""

START = 60.0
"""Seconds that the session may take to start and to list its cases."""

CASE = 120.0
"""Seconds that a case may take."""


@dataclass(frozen=True)
class OwnCase:
    """A case of ``tests/clients``: its rule, and its place in the session."""

    number: str
    sends: str
    expects: str
    rule: str
    place: int

    @property
    def order(self) -> tuple[int, ...]:
        """The number's parts, for sorting; the first is the RFC's, and greater than any chapter."""
        return tuple(map(int, self.number.split(".")))


class OwnCases:
    """A session in a process of its own; it runs one case at a time."""

    def __init__(self, time_scale: float) -> None:
        self.cases: Sequence[OwnCase] = ()
        self._time_scale = time_scale
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Server | None = None
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def start(self) -> None:
        """Starts the session and takes the list of its cases. Raises SpecError where it does not start."""
        connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        connected = asyncio.get_running_loop().create_future()

        def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if connected.done():
                writer.close()
            else:
                connected.set_result((reader, writer))

        # A line with all cases is longer than the limit of asyncio.
        self._listening = await asyncio.start_server(on_connection, "127.0.0.1", 0, limit=1 << 24)
        port = self._listening.sockets[0].getsockname()[1]
        self._process = await asyncio.create_subprocess_exec(
            *self._command(),
            env=os.environ | {PORT: str(port), "PYTHONPATH": _python_path()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(START):
                exiting = asyncio.ensure_future(self._process.wait())
                await asyncio.wait((connected, exiting), return_when=asyncio.FIRST_COMPLETED)
                exiting.cancel()
                if not connected.done():
                    raise SpecError("the suite's own cases do not start; --only-reference leaves them out")
                self._streams = connected.result()
                listed = (await self._read())["cases"]
        except TimeoutError:
            raise SpecError(f"the suite's own cases have not started within {START:g} s") from None
        self.cases = [_case(one, place) for place, one in enumerate(listed)]

    async def run(self, case: OwnCase, index: int, agent: str, connection: AcceptedConnection) -> Result:
        """Runs a case with the client that has connected; its bytes are passed on to the case's server."""
        began, started = time.time(), time.perf_counter()
        async with self._turn:
            self._write({"run": case.place})
            answer: dict[str, Any] = {}
            try:
                async with asyncio.timeout(CASE * self._time_scale):
                    while "result" not in (answer := await self._read()):
                        await connect_pipe(connection, answer["port"])
            except TimeoutError:
                answer = {"result": {"behavior": Behavior.FAILED, "words": "the case did not end in time"}}
            finally:
                connection.close_tcp()
                # What a client does not read would keep the connection open.
                asyncio.get_running_loop().call_later(1, connection.abort)
        observed = Observed(opened=True, started=began, duration=time.perf_counter() - started)
        behavior, words = Behavior(answer["result"]["behavior"]), answer["result"]["words"]
        ending = behavior if behavior in (Behavior.FAILED, Behavior.INFORMATIONAL) else Behavior.OK
        described = Described(case.number, case.sends, case.expects, case.rule, index)
        verdict = Verdict(behavior, words, ending, words if ending is behavior else "The rule is about more.")
        return Result(agent, described, verdict, observed, None, is_server=True)

    async def stop(self) -> None:
        """Ends the session."""
        if self._listening is not None:
            self._listening.close()
        if self._streams is not None:
            self._streams[1].close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def _command(self) -> list[str]:
        # Brings pytest, which costs more than many a run.
        from pytest_websocket.cli import settings, suite

        options = ["-p", "pytest_websocket.wstest.own_session", "-p", "no:cacheprovider", "-q"]
        options += ["--ws-client", "{url}", "--ws-time-scale", str(self._time_scale)]
        cases = str(suite() / "clients")
        return [sys.executable, "-P", "-m", "pytest", *settings(options), *options, cases]

    def _write(self, what: dict[str, Any]) -> None:
        assert self._streams is not None
        self._streams[1].write(json.dumps(what).encode() + b"\n")

    async def _read(self) -> dict[str, Any]:
        assert self._streams is not None
        line = await self._streams[0].readline()
        if not line:
            raise SpecError("the session of the suite's own cases has ended")
        content: dict[str, Any] = json.loads(line)
        return content


def _case(listed: dict[str, str], place: int) -> OwnCase:
    level = "" if listed["level"] == MUST else f" ({listed['level']})"
    name = listed["name"].rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return OwnCase(listed["number"], f"{name}.", f"{listed['words']}{level}.", listed["rule"], place)


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]))
