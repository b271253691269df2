"""APPROACH: how to get to a target: an opening handshake for it, a connection to it, or why there is none."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from pytest_websocket.protocol.frames import close
from pytest_websocket.protocol.handshake import Request, Response
from pytest_websocket.raw.dialing import ConnectionT, open_connection
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.recording import Recording
from pytest_websocket.target.connection import TargetConnection
from pytest_websocket.target.login import LoginFailed
from pytest_websocket.target.rate_limit import LIMITING
from pytest_websocket.target.target import Target

_UNTRUSTED = {18, 19, 20, 21}
_EXPIRED, _NOT_YET_VALID = 10, 9
_WRONG_NAME = {62, 64}


class Unusable(Exception):
    """The target cannot be tested; the text says what was tried, what came, and what would help."""


class Silent(Unusable):
    """Nothing was said against us: the target did not answer in time, and may yet."""


class Answered(Unusable):
    """The target answers the handshake, and with another HTTP status than 101."""

    def __init__(self, why: str, response: Response) -> None:
        super().__init__(why)
        self.response = response
        self.status = response.status

    @property
    def limits(self) -> bool:
        """Whether the answer is that of a server that limits connections."""
        return self.status in LIMITING


def opening_for(target: Target) -> Request:
    """Returns a legal opening handshake for ``target``, its headers, origin and subprotocols included."""
    request = Request.opening(target.resource, target.authority)
    for name, value in target.headers:
        request = request.having(name, value)
    if target.origin:
        request = request.having("Origin", target.origin)
    if target.subprotocols:
        request = request.having("Sec-WebSocket-Protocol", ", ".join(target.subprotocols))
    return request


async def dial(
    target: Target, recording: Recording, *, small_buffers: bool = False, hears_every_form: bool = False
) -> TargetConnection:
    """Returns a raw connection to ``target`` on which nothing has been sent yet; see `connect_to`."""
    connection = TargetConnection(recording, target.deadline, target, hears_every_form=hears_every_form)
    return await connect_to(target, connection, small_buffers=small_buffers)


async def connect_to(target: Target, connection: ConnectionT, *, small_buffers: bool = False) -> ConnectionT:
    """Connects ``connection`` to ``target``, through its proxy and with its TLS, and returns it.

    For ``small_buffers`` and the errors see `pytest_websocket.raw.dialing.open_connection`.
    """
    proxy = urlsplit(target.proxy) if target.proxy else None
    return await open_connection(
        connection,
        target.host,
        target.port,
        tls=target.tls,
        proxy=(proxy.hostname or "", proxy.port or 80) if proxy else None,
        small_buffers=small_buffers,
    )


async def check_alive(target: Target) -> None:
    """Opens a connection and ends it. Raises Unusable, or Silent, with the reason within a deadline."""
    async with opened(target):
        pass


@contextlib.asynccontextmanager
async def opened(
    target: Target, *headers: tuple[str, str], small_buffers: bool = False
) -> AsyncIterator[TargetConnection]:
    """Yields a raw connection after handshake and login. Raises Unusable with the reason in a deadline."""
    recording = Recording("probe", target.url)
    request = opening_for(target)
    for name, value in headers:
        request = request.having(name, value)
    await target.pace.turn()
    loop = asyncio.get_running_loop()
    began = loop.time()
    connection: TargetConnection | None = None
    try:
        try:
            connection = await dial(target, recording, small_buffers=small_buffers, hears_every_form=True)
            # One deadline for all that it takes to be connected.
            connection.deadline = round(max(target.deadline - (loop.time() - began), 0.1), 1)
            response = await connection.handshake(request)
            connection.deadline = target.deadline
            if response.accepted:
                await connection.enter()
        except LoginFailed as error:
            raise Unusable(
                target.mask(f"{target.shown()} was not entered, its login failed: {error}")
            ) from error
        except (NotReceived, OSError) as error:
            is_silent = isinstance(error, NotReceived) and (connection is None or connection.tcp == "open")
            why = target.secrets.url(_why_unreachable(target, connection, error))
            raise (Silent if is_silent else Unusable)(why) from error
        if not response.accepted:
            raise Answered(target.secrets.url(_why_refused(target, response)), response)
        yield connection
        with contextlib.suppress(NotReceived):
            await connection.send(close())
    finally:
        if connection is not None:
            connection.abort()


def _why_unreachable(target: Target, connection: TargetConnection | None, error: Exception) -> str:
    where = f"{target.host}:{target.port}"
    tried = f"cannot open a WebSocket connection to {target.shown()}"
    if target.proxy:
        where = urlsplit(target.proxy).netloc.rpartition("@")[2]
        tried += f" through the proxy {target.secrets.url(target.proxy)}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{tried}: {_about_certificate(target, error)}"
    # TLS 1.3 refuses a client's certificate only after the client took the connection for open.
    failure = (connection.failure if connection else None) or error
    if isinstance(failure, ssl.SSLError):
        return f"{tried}: {_about_tls(where, failure)}"
    if isinstance(error, socket.gaierror):
        return f"{tried}: the host name {target.host!r} cannot be resolved ({error.strerror})"
    if isinstance(error, ConnectionResetError) and target.secure and not connection:
        return f"{tried}: {where} ended the connection in the TLS handshake; does it speak TLS at all?"
    if isinstance(error, NotReceived):
        return f"{tried}: {error}{_hint_of_silence(target, connection)}"
    if isinstance(error, ConnectionRefusedError) or "Errno 111" in str(error):
        return f"{tried}: connection refused, nothing listens on {where}"
    return f"{tried}: {error}"


def _hint_of_silence(target: Target, connection: TargetConnection | None) -> str:
    if connection is None or connection.tcp == "open" or not target.secure or target.cert:
        return ""
    # Some servers (asyncio's among them) refuse a missing certificate without the alert of TLS.
    return "; does it demand a client certificate? --ws-cert and --ws-key give one"


def _about_certificate(target: Target, error: ssl.SSLCertVerificationError) -> str:
    code, reason = error.verify_code, error.verify_message
    if code in _WRONG_NAME:
        return f"the server's certificate is for another host name than {target.host!r} ({reason})"
    if code == _EXPIRED:
        return f"the server's certificate has expired ({reason})"
    if code == _NOT_YET_VALID:
        return f"the server's certificate is not valid yet ({reason})"
    if code in _UNTRUSTED:
        return (
            f"the server's certificate is not trusted ({reason}); --ws-ca FILE names the authority to "
            "trust, --ws-insecure trusts anyone"
        )
    return f"the server's certificate was not accepted ({reason})"


def _about_tls(where: str, error: ssl.SSLError) -> str:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "wrong version number" in reason or "record layer failure" in reason:
        return f"{where} does not speak TLS ({reason}); for a server without TLS the URL begins with ws://"
    if "certificate required" in reason or "bad certificate" in reason:
        return f"the server demands a client certificate ({reason}); --ws-cert and --ws-key give one"
    return f"TLS failed ({reason})"


def _why_refused(target: Target, response: Response) -> str:
    tried = f"{target.shown()} did not accept the WebSocket handshake"
    if not response.status:
        tls = "; it may expect TLS: wss://" if response.raw[:2] == b"\x15\x03" else ""
        if response.raw.startswith(b"HTTP/"):
            return f"{tried}: it answers the handshake without end ({response.problem})"
        return f"{tried}: no HTTP came but {response.raw[:60]!r}{tls}"
    came = f"{tried}: expected HTTP status 101, got {ascii(str(response))[1:-1]}"
    location = response.value("Location")
    if location and 300 <= response.status < 400:
        return (
            f"{came}, a redirect to {target.secrets.url(ascii(location)[1:-1])}; redirects are not followed"
        )
    hints = {
        200: "is the path right? this one answers as a web page",
        400: "it may need --ws-subprotocol, --ws-header or --ws-origin, or another path",
        401: "--ws-header 'Authorization: …' gives credentials",
        403: "it may need --ws-origin or --ws-header with credentials",
        404: "is the path right?",
        426: "the server demands another protocol or version",
        429: "it limits how often one may connect: --ws-max-rate 1/s keeps below",
        502: "the proxy in front of it does not reach the server",
        503: "the server is overloaded or its proxy does not reach it",
    }
    hint = hints.get(response.status)
    return f"{came}; {hint}" if hint else came
