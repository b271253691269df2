"""Locust on the client of this suite: more machines than one, a web page, CSV and history.

    locust -f autotests-api/examples/locustfile.py --headless --users 1000 --spawn-rate 200 --run-time 1m --ws-url ws://HOST:PORT

A user is a connection that speaks the suite's client. With ``--ws-crowd 1000`` a user is a crowd of so
many connections, with ``--ws-rate`` messages per second: one such user per worker.

The target's options are those of the suite, on the command line or in the environment (WS_URL …);
``--ws-mix`` says what is sent, ``--ws-pace`` how many seconds lie between two messages of a user.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any, cast

from locust import constant_pacing, events, runners, task
from locust.env import Environment
from locust.exception import StopUser

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pytest_websocket.client.client import DEFAULT_URL
from pytest_websocket.load.locust_user import CrowdUser, Loop, WebSocketUser, hand_over_the_last_figures
from pytest_websocket.load.workload import DEFAULT_MIX, Mix, writer_of
from pytest_websocket.plugin.load import endpoint_for
from pytest_websocket.plugin.options import OPTIONS
from pytest_websocket.plugin.target import target_from
from pytest_websocket.protocol.frames import TEXT
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


class Given:
    """Locust's options, read as pytest's are: one table, one set of rules."""

    def __init__(self, options: Any) -> None:
        self._options = options

    def getoption(self, name: str, default: Any = None) -> Any:
        """The value from the command line."""
        return getattr(self._options, name, default) or default

    def getini(self, name: str) -> None:
        """There is no pytest.ini here."""


@events.init_command_line_parser.add_listener
def offer_the_targets_options(parser: Any) -> None:
    """Give Locust the options of the target."""
    group = parser.add_argument_group("WebSocket target")
    for option in OPTIONS:
        if option.name in NOT_FOR_LOCUST:
            continue
        if option.is_switch:
            group.add_argument(option.flag, action="store_true", default=None, help=option.help)
        else:
            action = "append" if option.many else "store"
            group.add_argument(option.flag, action=action, metavar=option.metavar, help=option.help)
    group.add_argument("--ws-mix", default=DEFAULT_MIX, help="what is sent, as in text:100=8,binary:1k=1")
    group.add_argument(
        "--ws-messages", type=int, help="a user stops after so many; default: at the end of the run"
    )
    group.add_argument("--ws-crowd", type=int, help="let every user be a crowd of so many connections")
    group.add_argument("--ws-rate", type=float, default=1000.0, help="messages per second of each crowd")
    group.add_argument("--ws-pace", type=float, default=1.0, help="seconds between two messages of a user")


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """One of the two, unless users are named; a worker keeps both and takes what its master asks for."""
    hand_over_the_last_figures(environment)
    options: Any = environment.parsed_options
    if not isinstance(environment.runner, runners.WorkerRunner) and not options.user_classes:
        environment.user_classes = [EchoCrowd if options.ws_crowd else EchoUser]


@events.test_start.add_listener
def aim(environment: Environment, **_: Any) -> None:
    """Read the options before the first user starts."""
    options: Any = environment.parsed_options
    options.ws_url = options.ws_url or options.host or DEFAULT_URL
    target = target_from(cast(Any, Given(options)))
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
    EchoUser.mix = Mix.parse(options.ws_mix)
    EchoUser.pace = options.ws_pace
    EchoUser.most = options.ws_messages
    allow_many_connections()
    EchoCrowd.connections = options.ws_crowd or 1
    EchoCrowd.endpoint = endpoint_for(target, EchoCrowd.connections)
    EchoCrowd.rate = options.ws_rate
    EchoCrowd.mix = EchoUser.mix
    # Who has sent a message shall have its reply before the run ends: the server has counted it.
    environment.stop_timeout = environment.stop_timeout or EchoCrowd.endpoint.deadline + 1


@events.quitting.add_listener
def part_politely(**_: Any) -> None:
    """Let the connections finish their closing handshakes."""
    Loop.shared().finish()


class EchoUser(WebSocketUser):
    """Sends messages of the mix at an even pace; every reply must be the target's answer to its message."""

    target: Target
    mix: Mix
    pace: float
    most: int | None
    numbers = itertools.count()

    def on_start(self) -> None:
        """Open the connection and take a number."""
        self.number = next(self.numbers)
        self.kinds = self.mix.cycle()
        self.messages = itertools.count()
        super().on_start()

    def wait_time(self) -> float:
        """Keep the pace whatever a reply takes, as far as one that waits for replies can."""
        return float(constant_pacing(self.pace)(self))

    @task
    def echo(self) -> None:
        """One message and its reply."""
        count = next(self.messages)
        if self.most is not None and count >= self.most:
            raise StopUser
        kind = next(self.kinds)
        payload = writer_of(kind)(self.number, count)
        message = payload.decode() if kind.opcode == TEXT else payload
        self.ask(message, self.target.answer(message), name=f"echo of {kind}")


class EchoCrowd(CrowdUser):
    """The load engine of `pytest -m load` under Locust's control."""
