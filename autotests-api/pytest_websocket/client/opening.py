"""Opens connections, or asserts that a server refuses to."""

from __future__ import annotations

import ssl as tls
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, cast

from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI, ProxyError
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol

from pytest_websocket.client.client import DEFAULT_DEADLINE, Client
from pytest_websocket.client.codecs import Codec
from pytest_websocket.client.connection import Handshake, RecordedConnection
from pytest_websocket.client.expectations import Expected, either
from pytest_websocket.client.failures import ConnectFailed, ExpectationFailed, failure
from pytest_websocket.client.opening_failures import Attempt, answer_rows, describe_status, why_not_opened
from pytest_websocket.client.proxy import check_url, choose_proxy
from pytest_websocket.client.waiting import Waits
from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.recording import Recording

DEFAULT_LISTEN_ON = 3.0
"""Seconds that a client listens on after a failed wait, to tell a late message from a missing one."""

Headers = Mapping[str, str] | Iterable[tuple[str, str]]

DEFAULT_URL = "ws://localhost:8765"

DEFAULT_MAX_SIZE = 16 << 20
"""Bytes of the largest message that the client accepts; a larger one is refused with close code 1009."""


class connect:  # noqa: N801 - a verb, awaited or entered: await connect(url), async with connect(url)
    """Opens a WebSocket connection: ``await connect(url)`` or ``async with connect(url) as client``.

    ``headers`` are added to the handshake; ``subprotocols`` are offered in this order; ``ssl`` is for
    wss URLs; ``compression`` offers permessage-deflate (RFC 7692). ``proxy`` is an address, True (as
    the environment says), False (none) or None: as the environment says, but none for a loopback
    address. ``deadline`` is for opening, in seconds, and becomes the default of every wait;
    ``max_size`` bounds a received message in bytes. Redirects are not followed. A ``recording`` can be
    passed in, to have it when the connection does not open.

    Messages that match ``ignore``, an expectation (see `Expected`) or a list of them, go to no wait and
    stay in the recording: heartbeats, tickers. A list that is itself a JSON value stands in another list.
    ``codec`` (see `Codec`) decodes messages for expectations and reports. Pings are answered unless
    ``answer_pings`` is False. A wait that failed listens on for ``listen_on`` seconds
    to tell a late message from a missing one.

    Raises `ConnectFailed`.
    """

    kind: type[Client] = Client

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        headers: Headers | None = None,
        origin: str | None = None,
        subprotocols: Sequence[str] | None = None,
        ssl: tls.SSLContext | None = None,
        proxy: str | bool | None = None,
        compression: bool = True,
        deadline: float = DEFAULT_DEADLINE,
        max_size: int | None = DEFAULT_MAX_SIZE,
        answer_pings: bool = True,
        ignore: Expected = (),
        codec: Codec | None = None,
        listen_on: float = DEFAULT_LISTEN_ON,
        recording: Recording | None = None,
    ) -> None:
        self.url = url
        self.deadline = deadline
        self.recording = Recording(url=url) if recording is None else recording
        self.recording.decode_with(codec)
        self._waits = Waits(
            deadline,
            listen_on=listen_on,
            ignore=tuple(ignore) if isinstance(ignore, list | tuple) else (ignore,),
            codec=codec,
        )
        self._settings: dict[str, Any] = {
            "additional_headers": list(headers.items()) if isinstance(headers, Mapping) else headers,
            "origin": None if origin is None else Origin(origin),
            "subprotocols": [Subprotocol(name) for name in subprotocols] if subprotocols else None,
            "proxy": choose_proxy(url, proxy),
            "compression": "deflate" if compression else None,
            "open_timeout": deadline,
            "close_timeout": deadline,
            "max_size": max_size,
            # The recording shows what the test did: the library sends no Pings of its own.
            "ping_interval": None,
            "create_connection": partial(
                RecordedConnection, recording=self.recording, answer_pings=answer_pings
            ),
        }
        if ssl is not None:
            self._settings["ssl"] = ssl
        self._client: Client | None = None

    def __await__(self) -> Generator[Any, None, Client]:
        return self._open().__await__()

    async def __aenter__(self) -> Client:
        self._client = await self._open()
        return self._client

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            await self._client.close()

    async def _open(self) -> Client:
        __tracebackhide__ = True
        try:
            check_url(self.url)
            connection = await Handshake(self.url, **self._settings)
        # A SOCKS proxy needs a package that need not be there.
        except (OSError, InvalidHandshake, InvalidURI, InvalidProxy, ProxyError, ImportError) as error:
            response = error.response if isinstance(error, InvalidStatus) else None
            attempt = Attempt(self.url, self.deadline, self._settings["proxy"], self.recording)
            why, rows = await why_not_opened(error, attempt)
            self.recording.note(f"not opened: {why}")
            raise failure(
                partial(ConnectFailed, response=response),
                f"{masked_url(self.url)} did not open: {why}",
                [*answer_rows(response), *rows],
                self.recording,
            ) from error
        return self.kind(cast(RecordedConnection, connection), self.recording, self._waits)


async def expect_rejected(url: str, status: int | Collection[int] | None = None, **settings: Any) -> Response:
    """Asserts that the server refuses the handshake with this HTTP status (or one of these; None: any).

    ``settings`` are those of `connect`. Returns the HTTP answer: status_code, headers, body. Raises
    `ExpectationFailed` when the connection opens, the status is another, or no HTTP answer comes.
    """
    __tracebackhide__ = True
    statuses = {status} if isinstance(status, int) else None if status is None else set(status)
    in_words = "any HTTP error" if statuses is None else either([describe_status(one) for one in statuses])
    wanted = ("expected", f"the handshake to be refused with {in_words}")
    opening = connect(url, **settings)
    try:
        client = await opening
    except ConnectFailed as refused:
        if refused.response is not None and (statuses is None or refused.response.status_code in statuses):
            return refused.response
        rows = [wanted, *answer_rows(refused.response)]
        raise failure(
            partial(ConnectFailed, response=refused.response), refused.headline, rows, opening.recording
        ) from refused
    await client.close()
    raise failure(
        ExpectationFailed,
        f"{masked_url(url)} accepted the handshake",
        [wanted, ("received", "101 Switching Protocols")],
        opening.recording,
    )
