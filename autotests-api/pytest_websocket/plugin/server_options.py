"""The options of a server that the suite starts itself, or waits for."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pytest_websocket.plugin.option_values import PORT
from pytest_websocket.plugin.options import Option, declare, option_value

if TYPE_CHECKING:
    from pytest_websocket.target.rate_limit import Pace


def _command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"expected a command, quoted as in a shell ({error})") from None
    if not words:
        raise ValueError("expected a command, as in 'node server.js {port}'")
    return words


def _app(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", text):
        raise ValueError("expected a module and the application in it, as in package.module:app")
    return text


def _seconds(text: str) -> float:
    try:
        number = float(text.removesuffix("s"))
    except ValueError:
        number = -1
    if not 0 < number <= 3600:
        raise ValueError("expected a number of seconds, up to 3600")
    return number


def _rate(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(s|m))?", text)
    rate = float(match[1]) / (60 if match[2] == "m" else 1) if match else 0
    if not 0 < rate <= 1e6:
        raise ValueError("expected connections per second, or per minute: 40/s, 60/m")
    return rate


SERVER_OPTIONS = (
    Option(
        "ws-command",
        "server to start and to test: {port} in it is a free port; it is started again when it dies. "
        "--ws-url may give path and port: ws://127.0.0.1:{port}/chat",
        "COMMAND",
        _command,
    ),
    Option(
        "ws-app",
        "ASGI application to serve with uvicorn in a thread and to test, package.module:app "
        "(pip install pytest-websocket[asgi])",
        "MODULE:APP",
        _app,
    ),
    Option(
        "ws-wait",
        "wait so many seconds at most until the server accepts a WebSocket connection "
        "(default: 30 with --ws-command and --ws-app, else it has to be there)",
        "SECONDS",
        _seconds,
    ),
    Option(
        "ws-max-rate",
        "open so many connections per second at most, all processes of -n together; "
        "for a server that limits the rate",
        "RATE",
        _rate,
    ),
)


declare(SERVER_OPTIONS)


def url_of_started(config: pytest.Config, url: str | None) -> str | None:
    """Returns the URL of the server that the options start, with its port; else ``url``.

    Raises pytest.UsageError where command and URL do not name one port.
    """
    command: tuple[str, ...] | None = option_value(config, "ws-command")
    app = option_value(config, "ws-app")
    if command is None and app is None:
        if url is not None and PORT in url:
            raise pytest.UsageError(f"{PORT} in --ws-url is for a server that --ws-command starts")
        return url
    if command is not None and app is not None:
        raise pytest.UsageError("--ws-command and --ws-app both start a server: give one of them")
    url = url or f"ws://127.0.0.1:{PORT}"
    if PORT in url:
        if command is not None and not any(PORT in word for word in command):
            raise pytest.UsageError(
                f"--ws-command does not say which port to listen on: write {PORT} where the server takes it, "
                f"as in 'node server.js {PORT}', or give the port that it always has: --ws-url ws://127.0.0.1:9000"
            )
        # Imported here, as this module is imported in every run of the environment.
        from pytest_websocket.server.process import free_port

        return url.replace(PORT, str(free_port()), 1)
    if urlsplit(url).port is None:
        raise pytest.UsageError(f"--ws-url needs the port that the server listens on, or {PORT}")
    if _processes(config) > 1:
        raise pytest.UsageError(
            "with -n every process starts a server of its own, and they cannot have the same port: "
            f"write {PORT} in its place"
        )
    return url


def shown_command(command: tuple[str, ...]) -> str:
    """Returns the command without the values of variables, which may be credentials."""
    return shlex.join(re.sub(r"\A([A-Za-z_]\w*=).+", r"\1…", word, flags=re.DOTALL) for word in command)


def pace_of(config: pytest.Config) -> Pace:
    """Returns the pace of ``--ws-max-rate`` for this process."""
    rate: float | None = option_value(config, "ws-max-rate")
    # This module is imported in every run of the environment.
    from pytest_websocket.target.rate_limit import Pace

    return Pace(None if rate is None else rate / max(1, _processes(config)))


def _processes(config: pytest.Config) -> int:
    if hasattr(config, "workerinput"):
        return int(config.workerinput["workercount"])
    return len(config.getoption("tx", None) or ())
