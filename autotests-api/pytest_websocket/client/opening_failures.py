"""Why a connection did not open, in words."""

from __future__ import annotations

import errno
import http
import socket
import ssl

from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI
from websockets.http11 import Response

from pytest_websocket.client.failures import Row
from pytest_websocket.text import preview, printable


def describe_status(status: int) -> str:
    """Returns an HTTP status with its phrase: ``HTTP 404 Not Found``."""
    try:
        return f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def why_not_opened(error: Exception, deadline: float) -> str:
    """Returns why opening raised ``error``, in words; ``deadline`` is the one that it had, in seconds."""
    reason = _reason_of_tcp(error, deadline) or _reason_of_handshake(error)
    if reason:
        return reason
    if isinstance(error, OSError) and error.errno is not None and error.errno in errno.errorcode:
        return f"{error.strerror or error} ({errno.errorcode[error.errno]})"
    return printable(str(error))


def answer_rows(response: Response | None) -> list[Row]:
    """Returns the status and the body of a server's answer for a failure; nothing without an answer."""
    if response is None:
        return []
    rows = [("received", describe_status(response.status_code))]
    if response.body:
        rows.append(("body", preview(bytes(response.body).decode(errors="replace"))))
    return rows


def _reason_of_tcp(error: Exception, deadline: float) -> str:
    if isinstance(error, TimeoutError) and not isinstance(error, ConnectionError):
        return f"the handshake was not answered within {deadline:g} s"
    if isinstance(error, socket.gaierror):
        return f"the host name is not known ({error.strerror})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted ({printable(error.verify_message)})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({printable(str(error))})"
    # asyncio joins the errors of several addresses into the text of one.
    if isinstance(error, ConnectionRefusedError) or (
        type(error) is OSError and "refused" in str(error).lower()
    ):
        return "nobody listens there (connection refused)"
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
