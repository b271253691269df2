"""The types of the plugin's fixtures, for annotations: ``async def test_x(raw: RawConnection) -> None``."""

from collections.abc import Callable

from pytest_websocket.client import Client
from pytest_websocket.plugin.canary import Canary
from pytest_websocket.plugin.client_under_test import ClientUnderTest
from pytest_websocket.plugin.clients import Connect
from pytest_websocket.plugin.compression import Agree, DeflatedConnection, Negotiate, Negotiation
from pytest_websocket.plugin.echo import During, Echo
from pytest_websocket.plugin.entering import AnswerTo, EnterAs, IsAccepted
from pytest_websocket.plugin.fixtures.security import Count, ExpectBoundedMemory
from pytest_websocket.plugin.load import Load
from pytest_websocket.plugin.network_links import OpenLink
from pytest_websocket.plugin.own_servers import OwnServer, StartOwnServer
from pytest_websocket.plugin.raw_assertions import RawConnection
from pytest_websocket.plugin.raw_connections import Dial, OpenRawConnection
from pytest_websocket.plugin.redaction import AddSecrets
from pytest_websocket.plugin.ws_server import StartServer
from pytest_websocket.server.scripted_conversation import Conversation
from pytest_websocket.target.local_process import LocalProcess
from pytest_websocket.target.target import Abilities, Target

RecordProperty = Callable[[str, object], None]
"""The type of pytest's fixture `record_property`."""

__all__ = [
    "Abilities",
    "AddSecrets",
    "Agree",
    "AnswerTo",
    "Canary",
    "Client",
    "ClientUnderTest",
    "Connect",
    "Conversation",
    "Count",
    "DeflatedConnection",
    "Dial",
    "During",
    "Echo",
    "EnterAs",
    "ExpectBoundedMemory",
    "IsAccepted",
    "Load",
    "LocalProcess",
    "Negotiate",
    "Negotiation",
    "OpenLink",
    "OpenRawConnection",
    "OwnServer",
    "RawConnection",
    "RecordProperty",
    "StartOwnServer",
    "StartServer",
    "Target",
]
