"""A server in an event loop of its own, in a background thread, for code that is not asynchronous.

The server's loop is not the client's: a client that blocks cannot stop the server it waits for, and a
fixture may live longer than the loop of any one test.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from socket import socket
from typing import Any, Generic, Protocol, TypeVar

from pytest_websocket.server.open_files import allow_many_connections


class Listening(Protocol):
    """What `run_in_background` reads of a server; asyncio's and websockets' servers have it."""

    @property
    def sockets(self) -> Iterable[Any]:
        """The listening sockets."""


ServerT = TypeVar("ServerT", bound=Listening)
Result = TypeVar("Result")


@dataclass(frozen=True)
class BackgroundServer(Generic[ServerT]):
    """A server that listens. ``errors`` holds what its thread has raised so far, see `run_in_background`."""

    server: ServerT
    host: str
    port: int
    secure: bool
    loop: asyncio.AbstractEventLoop
    errors: list[BaseException] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL to connect to, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.secure else 'ws'}://{host}:{self.port}"

    def run(self, work: Coroutine[Any, Any, Result], deadline: float = 5.0) -> Result:
        """Runs ``work`` in the server's loop and returns its result.

        Raises TimeoutError after ``deadline`` seconds.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(deadline)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise


class _ErrorsOfThread(logging.Handler):
    """Collects exceptions that a server only logs, as websockets does with those of a handler."""

    def __init__(self, errors: list[BaseException]) -> None:
        super().__init__(logging.ERROR)
        self.errors = errors
        self.thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        # Servers in several threads share a logger.
        if record.thread == self.thread and record.exc_info and record.exc_info[1]:
            self.errors.append(record.exc_info[1])


@contextlib.contextmanager
def run_in_background(
    serve: Callable[[], AbstractAsyncContextManager[ServerT]],
    *,
    secure: bool = False,
    start_deadline: float = 60.0,
    stop_deadline: float = 5.0,
) -> Iterator[BackgroundServer[ServerT]]:
    """Runs ``serve()`` in a thread, yields the server once it listens, and stops it when the block ends.

    ``secure`` makes the URL a wss one. What the thread raises before the server listens is raised here;
    what a handler or a task raises later is raised at the end of the block, the first error with the others
    as notes. A ConnectionError, which a peer can cause at any time, is not raised. Raises TimeoutError when
    the server does not listen after ``start_deadline`` seconds; RuntimeError, which names the tasks that
    still run, when it has not stopped after ``stop_deadline`` seconds.
    """
    allow_many_connections()
    ready: concurrent.futures.Future[BackgroundServer[ServerT]] = concurrent.futures.Future()
    stop = asyncio.Event()
    errors: list[BaseException] = []

    def on_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        errors.append(context.get("exception") or RuntimeError(context["message"]))

    async def serve_until_stopped() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(on_loop_error)
        collector = _ErrorsOfThread(errors)
        # websockets logs a failed handler only after its peer has seen the Close, so the collector stays
        # until the server has stopped.
        with contextlib.ExitStack() as collecting:
            async with serve() as server:
                logger = getattr(server, "logger", logging.getLogger("asyncio"))
                logger.addHandler(collector)
                collecting.callback(logger.removeHandler, collector)
                host, port = _address_of(server)
                ready.set_result(BackgroundServer(server, host, port, secure, loop, errors))
                await stop.wait()

    def thread_main() -> None:
        try:
            asyncio.run(serve_until_stopped())
        except BaseException as error:
            if ready.done():
                errors.append(error)
            else:
                ready.set_exception(error)

    # A daemon, so that a server that cannot be stopped fails a run and does not hang it.
    thread = threading.Thread(target=thread_main, name="background-server", daemon=True)
    thread.start()
    try:
        running = _result_of(ready, start_deadline)
    except BaseException:
        # A thread that is blocked finds that it has to stop, should it go on.
        stop.set()
        if ready.done():
            thread.join(stop_deadline)
        raise
    try:
        yield running
    finally:
        running.loop.call_soon_threadsafe(stop.set)
        thread.join(stop_deadline)
        if thread.is_alive():
            tasks = ", ".join(sorted(str(task.get_coro()) for task in asyncio.all_tasks(running.loop)))
            raise RuntimeError(f"the server did not stop within {stop_deadline} s; still running: {tasks}")
    _raise_first(
        [error for error in errors if not isinstance(error, ConnectionError) and not _is_late(error)]
    )


def _is_late(error: BaseException) -> bool:
    """Returns whether a transport was aborted that had just closed: a bug of asyncio in Python 3.11."""
    return isinstance(error, AttributeError) and error.name == "call_soon" and error.obj is None


def _raise_first(errors: list[BaseException]) -> None:
    if errors:
        first, *others = errors
        for other in others:
            first.add_note(f"The server's thread raised as well: {other!r}")
        raise first


def _result_of(
    ready: concurrent.futures.Future[BackgroundServer[ServerT]], deadline: float
) -> BackgroundServer[ServerT]:
    try:
        return ready.result(deadline)
    except TimeoutError:
        if ready.done():
            raise
        raise TimeoutError(f"the server does not listen after {deadline:g} s") from None


def _address_of(server: Listening) -> tuple[str, int]:
    listening: socket = next(iter(server.sockets))
    host, port = listening.getsockname()[:2]
    return str(host), int(port)
