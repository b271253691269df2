"""One page of a browser: what its page does, what its console says, which frames it saw."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_websocket.plugin.server_log import Entry
from pytest_websocket.server.program import one_line
from pytest_websocket.text import Message

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, ConsoleMessage, Error, Page

SHOWN = 100
"""Frames that a conversation's text shows, of its beginning and again of its end."""


@dataclass(frozen=True)
class SeenFrame:
    """One message as the developer tools report it; ``at`` is in seconds since the socket was made.

    ``message`` is None where they do not say what was sent.
    """

    at: float
    sent: bool
    message: Message | None

    def __str__(self) -> str:
        head = f"{self.at:8.3f} s  {'→' if self.sent else '←'} "
        if self.message is None:
            return f"{head}      ? B  a Blob"
        size = len(self.message.encode() if isinstance(self.message, str) else self.message)
        return f"{head}{size:7} B  {one_line(self.message[:200])}"


@dataclass
class Conversation:
    """One WebSocket of a page, from its making to its end."""

    url: str
    began: float = 0.0
    request: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    response: dict[str, str] = field(default_factory=dict)
    frames: list[SeenFrame] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    over: bool = False

    @property
    def key(self) -> str:
        """Its Sec-WebSocket-Key (RFC 6455 §4.1)."""
        return self.request.get("Sec-WebSocket-Key", "")

    def messages(self, *, sent: bool) -> list[Message | None]:
        """Returns the messages of one direction."""
        return [frame.message for frame in self.frames if frame.sent is sent]

    def __str__(self) -> str:
        head = f"{self.url} · {self.status or 'no answer'} · {'ended' if self.over else 'open'}"
        frames = [*map(str, self.frames)]
        if len(frames) > 2 * SHOWN:
            omitted = f"… {len(frames) - 2 * SHOWN} frames more …"
            frames = [*frames[:SHOWN], omitted, *frames[-SHOWN:]]
        return "\n".join([head, *frames, *self.errors])


def disagreement(seen: Conversation, told: Entry) -> str:
    """Returns in words where the browser's log of a connection differs from the server's; empty where not.

    What one side sent last may be lost when the connection is cut or the page is left (1001, 1006, and 1009:
    the reader stopped); up to there both must have seen the same, and otherwise all of it.
    """
    cut = told.close_code not in (None, 1000, 1005) and not 3000 <= (told.close_code or 0) <= 4999
    logs: tuple[tuple[str, Sequence[Message | None], Sequence[Message | None]], ...] = (
        ("from server to browser", told.sent, seen.messages(sent=False)),
        ("from browser to server", seen.messages(sent=True), told.received),
    )
    for direction, sent, received in logs:
        for number, (one, other) in enumerate(zip(sent, received, strict=False), 1):
            if one is not None and other is not None and one != other:
                return (
                    f"Message {number} {direction} was sent as {one_line(one)[:200]!r} "
                    f"and received as {one_line(other)[:200]!r}; {seen.url}"
                )
        if len(received) > len(sent) or (len(received) < len(sent) and not cut):
            return f"{direction}: {len(sent)} messages were sent and {len(received)} received; {seen.url}"
    return ""


class BrowserPage:
    """A page and what it was seen to do."""

    def __init__(self, page: Page, changed: asyncio.Event, deadline: float) -> None:
        self.page = page
        self.console: list[str] = []
        self.conversations: list[Conversation] = []
        self._changed = changed
        self._deadline = deadline
        self._by_id: dict[str, Conversation] = {}
        self._last_picture = b""
        self._tools: CDPSession | None = None
        page.set_default_timeout(deadline * 1000)

    async def begin(self, url: str) -> None:
        """Watches from before the first byte of the page, then goes there."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", self._on_error)
        self._tools = tools = await self.page.context.new_cdp_session(self.page)
        for event in (
            "Created",
            "WillSendHandshakeRequest",
            "HandshakeResponseReceived",
            "FrameSent",
            "FrameReceived",
            "FrameError",
            "Closed",
        ):
            tools.on(f"Network.webSocket{event}", getattr(self, f"_on_{event}"))
        await tools.send("Network.enable")
        await self.page.goto(url)

    async def end(self) -> None:
        """Leaves the page, which ends its WebSockets, and stops watching."""
        if self.page.is_closed():
            return
        self.page.remove_listener("console", self._on_console)
        self.page.remove_listener("pageerror", self._on_error)
        from playwright.async_api import Error

        try:
            await self.page.goto("about:blank")
            if self._tools:
                await self._tools.detach()
        except Error:
            # A page that cannot even leave must not be the next case's.
            await self.page.close()

    async def run(self, script: str, *arguments: Any) -> Any:
        """Calls a JavaScript function in the page, awaits its promise and returns what it resolves to."""
        call = f"(given) => ({script})(...given)"
        return await asyncio.wait_for(self.page.evaluate(call, list(arguments)), self._deadline)

    async def close(self) -> None:
        """Closes the page as its user would; what it showed is kept."""
        await self.screenshot()
        await self.page.close()

    async def screenshot(self) -> bytes:
        """Returns what the page shows, as PNG; of a closed one what it showed last."""
        from playwright.async_api import Error

        if not self.page.is_closed():
            # A page that is stuck or crashed has no picture; that must not hide why.
            with contextlib.suppress(Error):
                self._last_picture = await self.page.screenshot()
        return self._last_picture

    def _note(self, line: str) -> None:
        self.console.append(line)
        self._changed.set()

    def _on_error(self, error: Error) -> None:
        self._note(f"uncaught: {error}")

    def _on_console(self, message: ConsoleMessage) -> None:
        self._note(message.text)

    def _on_Created(self, event: dict[str, Any]) -> None:  # noqa: N802
        self._by_id[event["requestId"]] = conversation = Conversation(event["url"])
        self.conversations.append(conversation)
        self._changed.set()

    def _on_WillSendHandshakeRequest(self, event: dict[str, Any]) -> None:  # noqa: N802
        conversation = self._by_id[event["requestId"]]
        conversation.began = event["timestamp"]
        conversation.request = event["request"]["headers"]

    def _on_HandshakeResponseReceived(self, event: dict[str, Any]) -> None:  # noqa: N802
        conversation = self._by_id[event["requestId"]]
        conversation.status = event["response"]["status"]
        conversation.response = event["response"]["headers"]
        # Only what is really on the wire has the key.
        conversation.request = event["response"].get("requestHeaders") or conversation.request
        self._changed.set()

    def _on_FrameSent(self, event: dict[str, Any]) -> None:  # noqa: N802
        self._on_frame(event, sent=True)

    def _on_FrameReceived(self, event: dict[str, Any]) -> None:  # noqa: N802
        self._on_frame(event, sent=False)

    def _on_frame(self, event: dict[str, Any], *, sent: bool) -> None:
        conversation = self._by_id[event["requestId"]]
        frame = event["response"]
        data = frame["payloadData"]
        message: Message | None = data if frame["opcode"] == 1 else base64.b64decode(data)
        # Of a Blob that a page sends the developer tools know nothing but that it is binary.
        if sent and message == b"":
            message = None
        conversation.frames.append(SeenFrame(event["timestamp"] - conversation.began, sent, message))
        self._changed.set()

    def _on_FrameError(self, event: dict[str, Any]) -> None:  # noqa: N802
        self._by_id[event["requestId"]].errors.append(event["errorMessage"])
        self._changed.set()

    def _on_Closed(self, event: dict[str, Any]) -> None:  # noqa: N802
        self._by_id[event["requestId"]].over = True
        self._changed.set()


OpenPage = Callable[..., Awaitable[BrowserPage]]
