"""Loads with Locust: on several machines, with its web page, CSV files and history.

    locust -f autotests-api/examples/locustfile.py --headless --users 1000 --spawn-rate 200 \\
        --run-time 1m --ws-url ws://HOST:PORT

A user is one connection with the test client. With ``--ws-connections 1000`` a user is the load engine with
1000 connections and ``--ws-rate`` messages per second; start one such user per worker.

The target's options are those of the plugin, on the command line or in the environment (WS_URL …).
``--ws-mix`` says what is sent, ``--ws-pace`` how many seconds pass between two messages of a user.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from locust import constant_pacing, events, runners, task
from locust.env import Environment
from locust.exception import StopUser

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pytest_websocket.client import DEFAULT_URL, Client
from pytest_websocket.load.locust_loop import Loop
from pytest_websocket.load.locust_user import ConnectionsUser, WebSocketUser
from pytest_websocket.load.locust_workers import collect_last_figures
from pytest_websocket.load.workload import DEFAULT_WORKLOAD, Workload, payload_writer
from pytest_websocket.plugin.load import endpoint_for
from pytest_websocket.plugin.options import OPTIONS
from pytest_websocket.plugin.target import target_from
from pytest_websocket.plugin.target_client import open_client
from pytest_websocket.protocol.frames import TEXT
from pytest_websocket.recording import Recording
from pytest_websocket.server.open_files import allow_many_connections
from pytest_websocket.target.target import Target

NOT_FOR_LOCUST = {
    "ws-tls",
    "ws-strict",
    "ws-max-dead",
    "ws-known-failures",
    "ws-write-known-failures",
    "ws-probe",
}


class ParsedOptions:
    """Gives Locust's parsed options the interface of pytest's config."""

    def __init__(self, options: Any) -> None:
        self._options = options
        self.stash = pytest.Stash()
        self.invocation_params = SimpleNamespace(dir=Path.cwd())

    def getoption(self, name: str, default: Any = None) -> Any:
        """Returns the value from the command line."""
        return getattr(self._options, name, default) or default

    def getini(self, name: str) -> None:
        """Returns None: Locust has no pytest.ini."""


@events.init_command_line_parser.add_listener
def add_options(parser: Any) -> None:
    """Adds the options of the target and of the load to Locust's."""
    group = parser.add_argument_group("WebSocket target")
    for option in OPTIONS:
        if option.name in NOT_FOR_LOCUST:
            continue
        if option.is_switch:
            group.add_argument(option.flag, action="store_true", default=None, help=option.help)
        else:
            action = "append" if option.many else "store"
            group.add_argument(option.flag, action=action, help=option.help, **option.shape)
    group.add_argument(
        "--ws-mix", default=DEFAULT_WORKLOAD, help="what is sent, as in text:100=8,binary:1k=1"
    )
    group.add_argument(
        "--ws-messages",
        type=int,
        help="messages after which a user stops (default: it stops at the end of the run)",
    )
    group.add_argument("--ws-connections", type=int, help="make every user a load of so many connections")
    group.add_argument("--ws-rate", type=float, default=1000.0, help="messages per second of each load")
    group.add_argument("--ws-pace", type=float, default=1.0, help="seconds between two messages of a user")


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """Chooses the kind of user, unless the command line names one; a worker gets it from its master."""
    collect_last_figures(environment)
    options: Any = environment.parsed_options
    if not isinstance(environment.runner, runners.WorkerRunner) and not options.user_classes:
        environment.user_classes = [EchoConnections if options.ws_connections else EchoUser]


@events.test_start.add_listener
def configure_users(environment: Environment, **_: Any) -> None:
    """Reads the options before the first user starts."""
    options: Any = environment.parsed_options
    options.ws_url = options.ws_url or options.host or DEFAULT_URL
    target = target_from(cast(Any, ParsedOptions(options)))
    EchoUser.target = target
    EchoUser.url = target.url
    EchoUser.settings = {
        "headers": target.headers,
        "origin": target.origin,
        "subprotocols": target.subprotocols,
        "ssl": target.tls,
        "proxy": target.proxy,
        "deadline": target.deadline,
        "compression": False,
    }
    EchoUser.workload = Workload.parse(options.ws_mix)
    EchoUser.pace = options.ws_pace
    EchoUser.max_messages = options.ws_messages
    allow_many_connections()
    EchoConnections.count = options.ws_connections or 1
    EchoConnections.endpoint = endpoint_for(target, EchoConnections.count)
    EchoConnections.rate = options.ws_rate
    EchoConnections.workload = EchoUser.workload
    # Every message that was sent gets its reply before the run ends: the server has counted it.
    environment.stop_timeout = environment.stop_timeout or EchoConnections.endpoint.deadline + 1


@events.quitting.add_listener
def close_connections(**_: Any) -> None:
    """Waits for the closing handshakes of all users."""
    Loop.shared().finish()


class EchoUser(WebSocketUser):
    """Sends messages of the workload at an even pace; every reply must be the target's answer."""

    target: Target
    workload: Workload
    pace: float
    max_messages: int | None
    numbers = itertools.count()

    def on_start(self) -> None:
        """Opens the connection and takes a number."""
        self.number = next(self.numbers)
        self.kinds = self.workload.cycle()
        self.messages = itertools.count()
        super().on_start()

    def connect(self, name: str = "connect") -> bool:
        """Opens a connection and enters the target: login, greetings, requests of its own."""
        target = self.target
        settings = {**self.settings, "recording": Recording(url=target.url, max_frames=16)}

        async def opening() -> Client:
            return await open_client(target, target.url, settings, carries=True, opened=lambda _: None)

        self.client = self._request(name, opening)
        return self.client is not None

    def wait_time(self) -> float:
        """Keeps the pace while replies are faster than it."""
        return float(constant_pacing(self.pace)(self))

    @task
    def echo(self) -> None:
        """Sends one message and checks its reply."""
        count = next(self.messages)
        if self.max_messages is not None and count >= self.max_messages:
            raise StopUser
        kind = next(self.kinds)
        payload = payload_writer(kind)(self.number, count)
        message = payload.decode() if kind.opcode == TEXT else payload
        self.ask(message, self.target.answer(message), name=f"echo of {kind}")


class EchoConnections(ConnectionsUser):
    """The load engine of ``pytest -m load``, started and stopped by Locust."""
