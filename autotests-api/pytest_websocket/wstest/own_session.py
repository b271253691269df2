"""The process that runs the suite's own cases for clients: a pytest session that is told what to run.

It and the command talk in lines of JSON over a local TCP connection. The session lists its cases; for each
that it is told to run it says at which port the case's server listens, and then what became of it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from pytest_websocket.client import DEFAULT_DEADLINE
from pytest_websocket.plugin.client_under_test import CLIENT, FIXTURE, ClientUnderTest
from pytest_websocket.plugin.marks import rule_of
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.plugin.ws_server import RUNNING
from pytest_websocket.server.scripted import ScriptedServer
from pytest_websocket.server.scripted_conversation import Conversation
from pytest_websocket.wstest.case import Behavior
from pytest_websocket.wstest.own_cases import PORT


class LoopClient(ClientUnderTest):
    """The client of a loop, in place of a program: the command passes its bytes on."""

    def __init__(self, session: Session, server: ScriptedServer, deadline: float) -> None:
        super().__init__("", server, deadline)
        self._session = session

    async def requested(self, resource: str = "/", *, userinfo: str = "") -> Conversation:  # noqa: ARG002
        """Says where the case's server listens, and returns the connection of the client."""
        __tracebackhide__ = True
        self._session.tell({"port": int(self.server.url.rpartition(":")[2])})
        conversation = await self.server.connected()
        self._conversations.append(conversation)
        return conversation

    async def stop(self) -> None:
        """Opens and closes what a skipped case left unanswered, as the clients of a loop expect."""
        for one in self._conversations:
            if one.reader is None and one.tcp == "open":
                await one.accept()
                await one.close()
        await super().stop()


class Session:
    """The plugin of the session."""

    def __init__(self, connection: socket.socket) -> None:
        self._lines = connection.makefile("rw", encoding="utf-8")
        self._reports: list[pytest.TestReport] = []

    def tell(self, what: dict[str, Any]) -> None:
        """Sends a line to the command."""
        self._lines.write(json.dumps(what) + "\n")
        self._lines.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keeps the cases that are given an open connection.

        Those that take the client itself start it several times, give it a URL of their own, or open no
        connection, for which the clients of a loop are not made.
        """
        items[:] = [
            item
            for item in items
            if isinstance(item, pytest.Function)
            and FIXTURE in item.fixturenames
            and FIXTURE not in inspect.signature(item.function).parameters
            and rule_of(item) is not None
        ]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Lists the cases, and runs one after the other as it is told, until the connection ends."""
        self.tell({"cases": _described(session.items)})
        for line in self._lines:
            self._reports.clear()
            item = session.items[json.loads(line)["run"]]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            self.tell({"result": self._outcome()})
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps what became of the case."""
        self._reports.append(report)

    def _outcome(self) -> dict[str, str]:
        failed = [report for report in self._reports if report.failed]
        if failed:
            return {"behavior": Behavior.FAILED, "words": failed[0].longreprtext}
        skipped = [report for report in self._reports if report.skipped]
        if not skipped:
            return {"behavior": Behavior.OK, "words": "The rule is kept."}
        if hasattr(skipped[0], "wasxfail"):
            return {"behavior": Behavior.NON_STRICT, "words": skipped[0].longreprtext}
        reason = skipped[0].longrepr
        return {
            "behavior": Behavior.UNIMPLEMENTED,
            "words": str(reason[2]).removeprefix("Skipped: ") if isinstance(reason, tuple) else str(reason),
        }

    @pytest_asyncio.fixture
    async def client_under_test(
        self, request: pytest.FixtureRequest, recordings: Recordings
    ) -> AsyncIterator[ClientUnderTest]:
        """Yields the client of the loop, with the server of the case."""
        deadline = option_value(request.config, "ws-timeout") or DEFAULT_DEADLINE
        server = ScriptedServer(recordings.new, deadline=deadline, allow_unexpected=True)
        await server.start()
        client = LoopClient(self, server, deadline)
        running = request.node.stash.setdefault(RUNNING, [])
        running.append((asyncio.get_running_loop(), client))
        request.node.stash[CLIENT] = client
        yield client
        running.clear()
        del request.node.stash[CLIENT]
        await client.stop()


def pytest_configure(config: pytest.Config) -> None:
    """Connects to the command."""
    connection = socket.create_connection(("127.0.0.1", int(os.environ[PORT])))
    config.add_cleanup(connection.close)
    config.pluginmanager.register(Session(connection), "wstest-session")


def _described(items: list[pytest.Item]) -> list[dict[str, str]]:
    """Returns a number, a rule and its words for each case; the number is RFC, section and place in it."""
    places: Counter[str] = Counter()
    described = []
    for item in items:
        rule = rule_of(item)
        assert rule is not None
        section = f"{rule.rfc}.{rule.section}"
        places[section] += 1
        described.append(
            {
                "number": f"{section}.{places[section]}",
                "name": item.nodeid,
                "words": rule.text,
                "rule": rule.title,
                "level": str(rule.level),
            }
        )
    return described
