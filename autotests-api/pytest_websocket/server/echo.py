"""SERVER: the echo server of the lesson, as a program and as a context manager.

As a program: ``python -m websocket_server``. In code::

    async with serve() as server:
        port = server.sockets[0].getsockname()[1]

One file, the standard library and websockets, so that it can be copied into another project.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import gc
import importlib.util
import logging
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext
from typing import Any, TextIO

import websockets.asyncio.server
from websockets.asyncio.server import Server, ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.http11 import Request, Response
from websockets.typing import Origin, Subprotocol

PREFIX = "Сервер получил: "
DEFAULT_HOST = "localhost"
DEFAULT_PORT = 8765
DEFAULT_MAX_SIZE = 2**20
DEFAULT_SUBPROTOCOLS = ("echo",)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
LONGEST_LOG_LINE = 10_000
CONSOLE = Path(__file__).with_name("console")

log = logging.getLogger("websocket_server")

# websockets calls a bare bug in a handler "connection handler failed" at ERROR and everything that a
# peer can provoke at INFO or below, so a level of its own keeps "one line per abnormal end" true.
_protocol_log = logging.getLogger("websocket_server.protocol")
_protocol_log.setLevel(logging.WARNING)

# What a terminal obeys instead of showing: C0 and C1 controls, line separators, bidirectional overrides.
_TERMINAL_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def reply_to(message: str | bytes) -> str | bytes:
    """What the server answers: the prefix and the message, text to text and bytes to bytes."""
    if isinstance(message, str):
        return PREFIX + message
    return PREFIX.encode() + message


def printable(message: str | bytes) -> str:
    r"""``message`` as one harmless line of bounded length: ESC becomes ``\x1b``, bytes look as in Python."""
    # The cut comes before the escapes, so that a megabyte costs no more than a line.
    shown = message[:LONGEST_LOG_LINE]
    line = repr(shown) if isinstance(shown, bytes) else _TERMINAL_CONTROLS.sub(_escape, shown)
    if len(message) > LONGEST_LOG_LINE:
        unit = "bytes" if isinstance(message, bytes) else "characters"
        line += f"… ({len(message)} {unit})"
    return line


def _escape(control: re.Match[str]) -> str:
    return control[0].encode("unicode_escape").decode()


async def echo(connection: ServerConnection) -> None:
    """Answer every message of one connection until it ends; logs, and never raises for what a peer does."""
    try:
        async for message in connection:
            if log.isEnabledFor(logging.INFO):
                log.info("Получено сообщение: %s", printable(message))
            await connection.send(reply_to(message))
    except ConnectionClosed as end:
        if _is_abnormal(end) and connection.server.is_serving():
            peer = ":".join(str(part) for part in (connection.remote_address or ("?",))[:2])
            log.warning("Connection from %s ended abnormally: %s", peer, printable(str(end)))


def _check_opening(connection: ServerConnection, request: Request) -> Response | None:
    """Refuse what websockets would let pass: a request without one Host, a version without the known list."""
    if len(request.headers.get_all("Host")) != 1:  # RFC 6455 §4.2.1
        return connection.respond(HTTPStatus.BAD_REQUEST, "Exactly one Host header is required.\n")
    versions = request.headers.get_all("Sec-WebSocket-Version")
    if versions and versions != ["13"]:  # RFC 6455 §4.2.2
        response = connection.respond(HTTPStatus.UPGRADE_REQUIRED, "WebSocket version 13 is spoken here.\n")
        response.headers["Upgrade"] = "websocket"
        response.headers["Sec-WebSocket-Version"] = "13"
        return response
    return None


def _is_abnormal(end: ConnectionClosed) -> bool:
    # websockets calls every code but 1000 and 1001 an error; a peer that says goodbye with a code of
    # its own (RFC 6455 §7.4.2) has still closed in good order.
    said_goodbye_first = end.rcvd is not None and end.rcvd_then_sent is True
    return isinstance(end, ConnectionClosedError) and not said_goodbye_first


@contextlib.asynccontextmanager
async def serve(
    host: str | None = "127.0.0.1",
    port: int = 0,
    *,
    handler: Callable[[ServerConnection], Any] = echo,
    max_size: int | None = DEFAULT_MAX_SIZE,
    ssl: SSLContext | None = None,
    origins: Iterable[str] | None = None,
    subprotocols: Sequence[str] = DEFAULT_SUBPROTOCOLS,
    console: bool = False,
    stop_grace: float = 0.5,
    **options: Any,
) -> AsyncIterator[Server]:
    """Serve until the block ends, then close every connection with 1001 (RFC 6455 §7.4.1).

    ``port`` 0 means any free one, to be read from ``server.sockets``. ``max_size`` is in bytes; a longer
    message ends its connection with 1009. ``origins`` are the pages that may connect: any other page
    gets 403, a client that names no origin is no browser and is let in; None lets everybody in.
    ``subprotocols`` are the ones known; the first known one that the client offers is chosen, and a client
    that offers none of them is served without (RFC 6455 §4.2.2). ``console`` serves the console page to a
    browser that asks for "/" over plain HTTP, and lets that page connect whatever ``origins`` says. After
    ``stop_grace`` seconds a connection whose peer does not answer the Close is cut. Other ``options`` go to
    `websockets.asyncio.server.serve`.

    Raises OSError when the address cannot be listened on, or the console page is not there.
    """
    allowed = None if origins is None else [*map(Origin, origins), None]
    connections: set[ServerConnection] = set()

    class TrackedConnection(ServerConnection):
        # The library's own set begins after the handshake; at the end those before it must be cut as well.
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            connections.add(self)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.discard(self)
            super().connection_lost(exc)

    def select_subprotocol(_: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return next((name for name in offered if name in subprotocols), None)

    server = await websockets.asyncio.server.serve(
        handler,
        _addresses_of(host, port),  # type: ignore[arg-type]  # asyncio takes a list, websockets hands it on
        port,
        max_size=max_size,
        ssl=ssl,
        origins=allowed,
        select_subprotocol=select_subprotocol,
        logger=_protocol_log,
        create_connection=TrackedConnection,
        process_request=_opening(_console() if console else {}),
        # A burst of a thousand clients must not meet a queue of a hundred.
        backlog=4096,
        **options,
    )
    if console and allowed is not None:
        scheme, real_port = "https" if ssl else "http", next(iter(server.sockets)).getsockname()[1]
        allowed += [Origin(f"{scheme}://{_in_url(name)}:{real_port}") for name in {host or "", *LOOPBACK}]
    try:
        yield server
    finally:
        server.close()
        closed = asyncio.ensure_future(server.wait_closed())
        await asyncio.wait([closed], timeout=stop_grace)
        for connection in tuple(connections):
            connection.transport.abort()
        await closed


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _console() -> dict[str, tuple[str, bytes]]:
    """The files of the console page: MIME type and content by path."""
    names = {"/": "index.html", "/console.css": "console.css", "/console.js": "console.js"}
    types = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
    return {path: (types[Path(name).suffix], (CONSOLE / name).read_bytes()) for path, name in names.items()}


def _opening(
    pages: Mapping[str, tuple[str, bytes]],
) -> Callable[[ServerConnection, Request], Response | None]:
    def answer(connection: ServerConnection, request: Request) -> Response | None:
        if "Upgrade" in request.headers or request.path not in pages:
            return _check_opening(connection, request)
        kind, body = pages[request.path]
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            # Whatever a server sends, the page runs no script but its own.
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
            "img-src data:; connect-src ws: wss:; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'",
        }
        return Response(200, "OK", Headers(headers), body)

    return answer


def _addresses_of(host: str | None, port: int) -> list[str] | None:
    """The addresses of ``host`` that this machine has, IPv4 first; only one of them for port 0."""
    if not host:
        return None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = []
    for family, kind, protocol, _, address in sorted(found, key=lambda entry: entry[0] != socket.AF_INET):
        # Containers often name ::1 in /etc/hosts and have no IPv6.
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.bind((address[0], 0))
        except OSError as error:
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            refusal = error
        else:
            addresses.append(str(address[0]))
    if not addresses:
        raise refusal
    # Two addresses would get two different free ports, and there is one to print.
    return addresses if port else addresses[:1]


def allow_many_connections() -> None:
    """Raise this process's limit of open files as far as the system lets it; a connection is one file."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in (hard, resource.RLIM_INFINITY):
        return
    # macOS says that there is no limit and then refuses to take it off; 10240 is what it accepts.
    for limit in (hard, max(soft, 10_240)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes each record as one line, flushed; goes on when nobody reads any more (``… | head -1``)."""

    def format(self, record: logging.LogRecord) -> str:
        line = record.getMessage()
        # The class and the words of an error fit on the line; its traceback is for those who import us.
        if record.exc_info and record.exc_info[1]:
            line += f": {record.exc_info[1]!r}"
        return line

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _log_to(out: TextIO, err: TextIO) -> list[logging.Handler]:
    words = _LineHandler(out)
    words.addFilter(lambda record: record.levelno < logging.WARNING)
    troubles = _LineHandler(err)
    troubles.setLevel(logging.WARNING)
    return [words, troubles]


async def _serve_until_signal(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no handlers in its loop; there Ctrl+C cancels this coroutine, which ends it as well.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with serve(
        options.host,
        options.port,
        max_size=options.max_size,
        origins=options.origin,
        subprotocols=options.subprotocol or DEFAULT_SUBPROTOCOLS,
        console=options.console,
    ) as server:
        # What exists by now lives as long as the server, and ten thousand connections are no garbage.
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        address = f"{_in_url(options.host)}:{next(iter(server.sockets)).getsockname()[1]}"
        log.info("WebSocket сервер запущен на ws://%s", address)
        if options.console:
            log.info("Console: http://%s", address)
        if options.quiet:
            log.setLevel(logging.ERROR)
        await stop.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: a third less time per message; None for asyncio's own."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m websocket_server",
        description="WebSocket echo server: answers every message with «Сервер получил: » and the message. "
        "Ctrl+C or SIGTERM stops it.",
    )
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="TCP port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--max-size",
        type=_size,
        default=DEFAULT_MAX_SIZE,
        metavar="BYTES",
        help="longest message; a longer one ends its connection with 1009 (default: %(default)s)",
    )
    parser.add_argument(
        "--origin",
        action="append",
        metavar="URL",
        help="let in only browser pages of this origin, for example http://localhost:8000; repeatable; "
        "another page gets 403 (default: every page)",
    )
    parser.add_argument(
        "--subprotocol",
        action="append",
        metavar="NAME",
        help="subprotocol to accept, repeatable (default: echo)",
    )
    parser.add_argument(
        "--console", action="store_true", help="serve a console page for browsers on the same port, too"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print nothing but errors once it runs, as a load wants it"
    )
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no TCP port, which is a number from 0 to 65535")
    return int(text)


def _size(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no size, which is a number of bytes from 1 on")
    return int(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the server as a program until Ctrl+C or SIGTERM; the exit status, 1 when it cannot listen."""
    options = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        # The lesson's words must not fail on a console whose code page has no Cyrillic.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    handlers = _log_to(sys.stdout, sys.stderr)
    log.setLevel(logging.INFO)
    log.handlers[:] = handlers
    log.propagate = False
    allow_many_connections()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve_until_signal(options))
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            log.error("The console page is not there: %s", error.filename)
            return 1
        in_use = error.errno == errno.EADDRINUSE
        reason = "the port is already in use" if in_use else printable(error.strerror or str(error))
        log.error("Cannot listen on %s:%s: %s", options.host, options.port, reason)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
