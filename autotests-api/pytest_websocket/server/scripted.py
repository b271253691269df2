"""A server whose test says what it does, for tests of one's own client.

server = await ws_server()
…start the client with server.url…
conversation = await server.accept(path="/chat", subprotocol="chat.v1")
await conversation.expect(json_with(type="login"))
await conversation.send_json({"type": "welcome"})
await conversation.expect_closed(1000)
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable

from pytest_websocket.client import ExpectationFailed
from pytest_websocket.client.failures import failure
from pytest_websocket.protocol.frames import close
from pytest_websocket.protocol.request import problems_of_request
from pytest_websocket.raw.accepted import Headers
from pytest_websocket.recording import Recording
from pytest_websocket.server.scripted_conversation import Conversation
from pytest_websocket.text import printable, quantity

SHOWN = 4
"""Connections whose conversation a failure of the server shows: the last ones."""

NewRecording = Callable[[str, str], Recording]


class ScriptedServer:
    """Listens on a free port of the loopback interface and does with its clients what the test says.

    A client that connects waits until the test accepts or rejects it. Made by the fixture ``ws_server``;
    ``url`` is where clients connect, without a path.
    """

    def __init__(
        self,
        new_recording: NewRecording,
        *,
        deadline: float,
        tls: ssl.SSLContext | None = None,
        allow_unexpected: bool = False,
        allow_unread: bool = False,
    ) -> None:
        self.deadline = deadline
        self.allow_unexpected = allow_unexpected
        self.allow_unread = allow_unread
        self.connections: list[Conversation] = []
        self.url = ""
        self._new_recording = new_recording
        self._tls = tls
        self._changed = asyncio.Event()
        self._listening: asyncio.Server | None = None

    async def start(self) -> None:
        """Begins to listen."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(self._new_connection, "127.0.0.1", 0, ssl=self._tls)
        port = self._listening.sockets[0].getsockname()[1]
        # A certificate names the host; the loopback address has none in most.
        self.url = f"wss://localhost:{port}" if self._tls else f"ws://127.0.0.1:{port}"

    async def connected(self, path: str | None = None, *, deadline: float | None = None) -> Conversation:
        """Returns the next client whose request came and was not answered; with ``path`` the next for it.

        Nothing is answered: that is for `Conversation.accept`, ``reject`` or ``answer``. Raises
        `ExpectationFailed` when none comes within the deadline.
        """
        __tracebackhide__ = True
        seconds = self.deadline if deadline is None else deadline
        until = asyncio.get_running_loop().time() + seconds
        while (found := self._next(path)) is None:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), until - asyncio.get_running_loop().time())
            except TimeoutError:
                raise self._not_connected(path, seconds) from None
        found.taken = True
        return found

    async def accept(
        self,
        path: str | None = None,
        *,
        subprotocol: str | None = None,
        headers: Headers = (),
        extensions: str | None = None,
        deadline: float | None = None,
    ) -> Conversation:
        """Waits for a client and opens its connection (RFC 6455 §4.2.2); ``headers`` are added to the answer.

        Raises `ExpectationFailed` when none comes, when its request is not a legal opening handshake
        (RFC 6455 §4.1), and when it does not offer ``subprotocol``.
        """
        __tracebackhide__ = True
        conversation = await self.connected(path, deadline=deadline)
        problems = problems_of_request(conversation.request)
        if problems:
            await conversation.reject(400)
            raise self._refused(
                conversation, "a legal opening handshake (RFC 6455 §4.1)", "; ".join(problems)
            )
        offered = conversation.request.subprotocols
        if subprotocol is not None and subprotocol not in offered:
            await conversation.reject(400)
            raise self._refused(
                conversation,
                f"an offer of the subprotocol {subprotocol!r}",
                f"it offers {', '.join(map(repr, offered)) or 'none'}",
            )
        await conversation.accept(subprotocol=subprotocol, headers=headers, extensions=extensions)
        return conversation

    async def reject(
        self,
        status: int,
        path: str | None = None,
        *,
        headers: Headers = (),
        body: str | bytes = b"",
        deadline: float | None = None,
    ) -> Conversation:
        """Waits for a client and answers its request with an HTTP error or a redirect."""
        __tracebackhide__ = True
        conversation = await self.connected(path, deadline=deadline)
        await conversation.reject(status, headers=headers, body=body)
        return conversation

    async def check(self) -> None:
        """Fails when something happened that the test did not ask for.

        That is a connection that was neither accepted nor rejected, a message that was not read, a frame that
        breaks the protocol. What has reached this machine counts, read from its socket or not.
        """
        # One turn of the loop accepts what waits in the backlog, the next reads its request and messages.
        for _ in range(4):
            await asyncio.sleep(0)
        broken = [one for one in self.connections if one.violations]
        if broken:
            raise failure(
                ExpectationFailed,
                "the client broke the protocol",
                (("the client sent", "; ".join(map(str, broken[0].violations[:5]))),),
                broken[0].recording,
            )
        unexpected = [one for one in self.connections if not one.taken]
        if unexpected and not self.allow_unexpected:
            asked = ", ".join(str(one.request) if one.has_request else "no request" for one in unexpected)
            raise failure(
                ExpectationFailed,
                f"the test did not expect {quantity(len(unexpected), 'connection')}",
                (("the client sent", printable(asked)),),
                *(one.recording for one in unexpected[-SHOWN:]),
            )
        for one in self.connections:
            if one.unread and not self.allow_unread:
                raise failure(
                    ExpectationFailed,
                    f"the test did not read {quantity(len(one.unread), 'message')}",
                    (("the client sent", printable(str(one.unread[0]))),),
                    one.recording,
                )

    def refuse_clients(self) -> None:
        """Stops listening, and drops the connections that were neither accepted nor rejected."""
        if self._listening is not None:
            self._listening.close()
        for one in self.connections:
            if not one.taken:
                one.abort()

    async def stop(self) -> None:
        """Closes every open connection with 1001 (going away), after a tenth of the deadline by force."""
        if self._listening is not None:
            self._listening.close()
        await asyncio.gather(*map(self._end, self.connections))

    # Inside

    async def _end(self, one: Conversation) -> None:
        limit = self.deadline / 10
        if one.reader is not None and not one.sent_close and one.tcp == "open":
            # A client that does not read would keep the Close from being sent for the whole deadline.
            with contextlib.suppress(ExpectationFailed, TimeoutError):
                async with asyncio.timeout(limit):
                    await one.send_frame(close(1001))
        one.close_tcp()
        if not await one.comes_true(lambda: one.is_lost, limit):
            one.abort()
            await one.comes_true(lambda: one.is_lost, limit)

    def _new_connection(self) -> Conversation:
        number = len(self.connections) + 1
        name = "client under test" if number == 1 else f"client under test {number}"
        conversation = Conversation(self._new_recording(name, self.url), self.deadline)
        conversation.on_request = self._changed.set
        self.connections.append(conversation)
        return conversation

    def _next(self, path: str | None) -> Conversation | None:
        waiting = (one for one in self.connections if one.has_request and not one.taken)
        return next((one for one in waiting if path is None or one.request.path == path), None)

    def _not_connected(self, path: str | None, seconds: float) -> ExpectationFailed:
        waiting = [one for one in self.connections if not one.taken]
        asked = [printable(str(one.request)) if one.has_request else "no request yet" for one in waiting]
        return failure(
            ExpectationFailed,
            f"no client{' that fits' if asked else ''} connected within {seconds:g} s",
            (
                ("expected", "a connection" + ("" if path is None else f" to {printable(path)}")),
                ("the client sent", ", ".join(asked) or "nothing"),
            ),
            *(one.recording for one in waiting[-SHOWN:]),
        )

    def _refused(self, conversation: Conversation, expected: str, because: str) -> ExpectationFailed:
        return failure(
            ExpectationFailed,
            "the client's request cannot be accepted",
            (
                ("expected", expected),
                ("the client sent", printable(str(conversation.request))),
                ("because", printable(because)),
            ),
            conversation.recording,
        )
