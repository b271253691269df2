"""Why a connection did not open, in words, and what to do about it."""

from __future__ import annotations

import asyncio
import errno
import http
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidProxyMessage,
    InvalidProxyStatus,
    InvalidStatus,
    InvalidURI,
)
from websockets.http11 import Response

from pytest_websocket.client.failures import Row
from pytest_websocket.client.proxy import proxy_used
from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.recording import Recording
from pytest_websocket.text import preview, printable

Explained = tuple[str, list[Row]]
"""The reason, and rows of a failure with what to do."""

LONGEST_LOOK = 2.0
"""Seconds that a server gets to show that it speaks TLS, after a handshake without TLS has failed."""

_TLS_MISSING = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
_PROXY_OF_ENVIRONMENT = (
    "it is the proxy of the environment (HTTP_PROXY, ALL_PROXY …); connect(proxy=False) or --ws-proxy none "
    "goes without"
)


@dataclass(frozen=True)
class Attempt:
    """An attempt to open a connection: ``deadline`` in seconds; ``proxy`` as `websockets` takes it."""

    url: str
    deadline: float
    proxy: str | bool | None
    recording: Recording

    @property
    def has_reached_the_server(self) -> bool:
        """Whether TCP, and TLS where it is asked for, was there for the handshake request."""
        return bool(self.recording.request)


def describe_status(status: int) -> str:
    """Returns an HTTP status with its phrase: ``HTTP 404 Not Found``."""
    try:
        return f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


async def why_not_opened(error: Exception, attempt: Attempt) -> Explained:
    """Returns why opening raised ``error``, and what to do."""
    proxy = "" if isinstance(error, InvalidURI) else proxy_used(attempt.url, attempt.proxy)
    if proxy and not attempt.has_reached_the_server:
        rows = [("proxy", _PROXY_OF_ENVIRONMENT)] if attempt.proxy is True else []
        return _reason_of_proxy(error, masked_url(proxy), attempt.deadline), rows
    if isinstance(error, TimeoutError):
        return _too_slow(attempt)
    if _may_speak_tls(error, attempt.url) and not proxy and await _speaks_tls(attempt):
        secure = masked_url(attempt.url.replace("ws://", "wss://", 1))
        return "the server speaks TLS there", [("try", f"{secure}: wss:// is WebSocket over TLS")]
    return _reason_of_tcp(error) or _reason_of_handshake(error) or _in_its_own_words(error), []


def answer_rows(response: Response | None) -> list[Row]:
    """Returns status, Retry-After and body of a server's answer for a failure; nothing without an answer."""
    if response is None:
        return []
    rows = [("received", describe_status(response.status_code))]
    if after := response.headers.get("Retry-After"):
        rows.append(("retry", f"the server asks to wait: Retry-After: {printable(after)}"))
    if response.body:
        rows.append(("body", preview(bytes(response.body).decode(errors="replace"))))
    return rows


def _in_its_own_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return f"{error.strerror or error} ({errno.errorcode[error.errno]})"
    return printable(str(error))


def _reason_of_proxy(error: Exception, proxy: str, deadline: float) -> str:
    if isinstance(error, ImportError):
        return f"the proxy {proxy} needs a package that is not installed: pip install 'python-socks[asyncio]'"
    if isinstance(error, InvalidProxy):
        return f"the proxy {proxy} cannot be used: {printable(error.msg)}"
    if isinstance(error, InvalidProxyStatus):
        return f"the proxy {proxy} refused to connect, with {describe_status(error.response.status_code)}"
    if isinstance(error, InvalidProxyMessage):
        return f"the proxy {proxy} did not answer as an HTTP proxy does"
    if isinstance(error, TimeoutError):
        return f"the proxy {proxy} did not connect within {deadline:g} s"
    if isinstance(error, socket.gaierror):
        return f"the host name of the proxy {proxy} is not known ({error.strerror})"
    if _is_refusal(error):
        return f"nothing listens at the proxy {proxy} (connection refused)"
    if isinstance(error, OSError):
        return f"the connection through the proxy {proxy} failed: {_in_its_own_words(error)}"
    return f"the proxy {proxy} did not connect: {printable(str(error.__cause__ or error))}"


def _too_slow(attempt: Attempt) -> Explained:
    seconds = f"within {attempt.deadline:g} s"
    if not attempt.has_reached_the_server:
        return f"nothing answered there {seconds}", [
            ("hint", "no TCP connection was made: a wrong host, or a firewall that drops packets")
        ]
    return f"the handshake was not answered {seconds}", [
        (
            "hint",
            "something accepts connections there and says nothing: is it the port of a WebSocket server? "
            "A slow one gets more time by connect(deadline=…), or --ws-timeout for all",
        )
    ]


def _may_speak_tls(error: Exception, url: str) -> bool:
    if not url.lower().startswith("ws://"):
        return False
    if isinstance(error, InvalidStatus):
        return error.response.status_code == 400 and b"HTTPS" in bytes(error.response.body or b"")
    return isinstance(error, InvalidMessage | ConnectionResetError | BrokenPipeError)


async def _speaks_tls(attempt: Attempt) -> bool:
    """Returns whether the server completes a TLS handshake, whatever its certificate says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    parts = urlsplit(attempt.url)
    try:
        async with asyncio.timeout(min(attempt.deadline, LONGEST_LOOK)):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or 80, ssl=context)
    except (OSError, ValueError):
        return False
    writer.transport.abort()
    return True


def _is_refusal(error: Exception) -> bool:
    # asyncio joins the errors of several addresses into the text of one.
    return isinstance(error, ConnectionRefusedError) or (
        isinstance(error, OSError)
        and (
            error.errno == errno.ECONNREFUSED or (type(error) is OSError and "refused" in str(error).lower())
        )
    )


def _reason_of_tcp(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return f"the host name is not known ({error.strerror})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({printable(error.verify_message)})"
    if isinstance(error, ssl.SSLError):
        if getattr(error, "reason", None) in _TLS_MISSING:
            return "TLS failed: the server does not speak TLS there (ws:// goes without)"
        return f"TLS failed ({printable(str(error))})"
    if _is_refusal(error):
        return "nothing listens there (connection refused)"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "the server broke the TCP connection during the handshake"
    return ""


def _reason_of_handshake(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return f"the server refused the handshake with {describe_status(error.response.status_code)}"
    if isinstance(error, InvalidMessage):
        if isinstance(error.__cause__, EOFError):
            return "the server closed the connection without an HTTP answer"
        return f"the server did not answer with HTTP ({printable(str(error.__cause__ or error))})"
    if isinstance(error, InvalidURI):
        return "that is not the URL of a WebSocket server"
    if isinstance(error, InvalidHandshake):
        return f"the server's answer breaks the handshake ({printable(str(error))})"
    return ""
