"""Serves an ASGI application with uvicorn, for a run in the background."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any


class AppNotStarted(Exception):
    """The application cannot be served; the text says why."""


class _Words(logging.Handler):
    """Keeps what uvicorn says of an application that does not start."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


class _Listening:
    """The listening sockets, as `run_in_background` reads them."""

    def __init__(self, *sockets: socket.socket) -> None:
        self.sockets = sockets


def load_app(name: str, folder: Path) -> Any:
    """Imports ``package.module:app``, also from ``folder``. Raises AppNotStarted."""
    module, _, path = name.partition(":")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return functools.reduce(getattr, path.split("."), importlib.import_module(module))
    except (Exception, SystemExit) as error:
        # Whatever an application does when it is imported may fail, or end the program.
        raise AppNotStarted(f"{type(error).__name__}: {error}") from None


@contextlib.asynccontextmanager
async def serve_app(app: Any, port: int, deadline: float) -> AsyncIterator[_Listening]:
    """Serves ``app`` on a port of 127.0.0.1 until the block ends, with its lifespan.

    Raises AppNotStarted, also where the application does not start within ``deadline`` seconds, and OSError
    where the port is taken.
    """
    try:
        import uvicorn
    except ImportError:
        raise AppNotStarted("uvicorn is not installed: pip install 'pytest-websocket[asgi]'") from None

    config = uvicorn.Config(
        app, log_config=None, log_level="info", timeout_graceful_shutdown=1, ws_ping_interval=None
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port), backlog=4096) as listener:
        with _listening_to(logging.getLogger("uvicorn.error")) as words:
            try:
                config.load()
                server.lifespan = config.lifespan_class(config)
                async with asyncio.timeout(deadline):
                    await server.startup(sockets=[listener])
            except SystemExit:
                last = words.said[0].strip().splitlines()[-1] if words.said else "uvicorn has ended"
                raise AppNotStarted(last) from None
            except TimeoutError:
                raise AppNotStarted(f"its lifespan did not start within {deadline:g} s") from None
        serving = asyncio.create_task(server.main_loop())
        try:
            yield _Listening(listener)
        finally:
            server.should_exit = True
            await serving
            await server.shutdown(sockets=[listener])


@contextlib.contextmanager
def _listening_to(logger: logging.Logger) -> Iterator[_Words]:
    words = _Words()
    logger.addHandler(words)
    try:
        yield words
    finally:
        logger.removeHandler(words)
