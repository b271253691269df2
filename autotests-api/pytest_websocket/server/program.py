"""Runs an echo server as a program: its options, its output, its end by a signal."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import importlib
import importlib.util
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from pytest_websocket.server.echo import (
    DEFAULT_SUBPROTOCOLS,
    Handler,
    in_url,
    log,
    serve,
)
from pytest_websocket.server.open_files import allow_many_connections
from pytest_websocket.server.promises import MAX_SIZE
from pytest_websocket.text import printable

DEFAULT_HOST = "localhost"
DEFAULT_PORT = 8765
MAX_SHOWN = 10_000
"""Characters (or bytes) of a message that are printed."""


def run(handler: Handler, *, description: str, started: str, argv: Sequence[str] | None = None) -> int:
    """Serves with ``handler`` until Ctrl+C or SIGTERM.

    ``description`` stands in ``--help``. ``started`` is printed once the server listens, ``%s`` in it is
    host and port. Returns the exit status: 1 when the server cannot listen.
    """
    options = _parser(description).parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        # Cyrillic must not fail on a console whose code page has none.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    log.setLevel(logging.INFO)
    log.handlers[:] = _handlers(sys.stdout, sys.stderr)
    log.propagate = False
    allow_many_connections()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve_until_signal(handler, started, options))
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


def show(template: str, message: str | bytes) -> None:
    """Prints ``template`` with ``message`` in place of ``%s``, unless the program runs with ``--quiet``."""
    if log.isEnabledFor(logging.INFO):
        log.info(template, one_line(message))


def one_line(message: str | bytes) -> str:
    r"""Returns ``message`` as one line that a terminal only shows: ESC becomes ``\x1b``, bytes a literal.

    What lies beyond `MAX_SHOWN` is left out, and the length given instead.
    """
    # The cut comes before the escapes, so that a megabyte costs no more than a line.
    first = message[:MAX_SHOWN]
    line = repr(first) if isinstance(first, bytes) else printable(first)
    if len(message) > MAX_SHOWN:
        unit = "bytes" if isinstance(message, bytes) else "characters"
        line += f"… ({len(message)} {unit})"
    return line


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes each record as one line and flushes it; goes on when the reader of a pipe has left."""

    def format(self, record: logging.LogRecord) -> str:
        line = record.getMessage()
        # The class and the message of an error fit on the line; a traceback would not.
        if record.exc_info and record.exc_info[1]:
            line += f": {record.exc_info[1]!r}"
        return line

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _handlers(out: TextIO, err: TextIO) -> list[logging.Handler]:
    messages = _LineHandler(out)
    messages.addFilter(lambda record: record.levelno < logging.WARNING)
    warnings = _LineHandler(err)
    warnings.setLevel(logging.WARNING)
    return [messages, warnings]


async def _serve_until_signal(handler: Handler, started: str, options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows' loop has no signal handlers; there Ctrl+C cancels this coroutine, which ends it as well.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with serve(
        options.host,
        options.port,
        handler=handler,
        max_size=options.max_size,
        origins=options.origin,
        subprotocols=options.subprotocol or DEFAULT_SUBPROTOCOLS,
        console=options.console,
    ) as server:
        address = f"{in_url(options.host)}:{next(iter(server.sockets)).getsockname()[1]}"
        log.info(started, address)
        if options.console:
            log.info("Console: http://%s", address)
        if options.quiet:
            log.setLevel(logging.ERROR)
        await stop.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns uvloop's factory where it is installed (a third less time per message), else None."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


def _parser(description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m websocket_server", description=description)
    parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="TCP port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--max-size",
        type=_size,
        default=MAX_SIZE,
        metavar="BYTES",
        help="longest message; a longer one ends its connection with 1009 (default: %(default)s)",
    )
    parser.add_argument(
        "--origin",
        action="append",
        metavar="URL",
        help="accept only browser pages of this origin, for example http://localhost:8000; repeatable; "
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
    parser.add_argument("--quiet", action="store_true", help="print only errors after the start")
    return parser


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no TCP port, which is a number from 0 to 65535")
    return int(text)


def _size(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no size, which is a number of bytes from 1 on")
    return int(text)
