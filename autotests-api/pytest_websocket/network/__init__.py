"""A TCP link to a server, and impairments of it, one per file; `noop` is the one to read first.

An impairment is added to a link for one direction or both, and removed again, while connections are open.
"""

from pytest_websocket.network.bandwidth import Bandwidth
from pytest_websocket.network.blackhole import Blackhole
from pytest_websocket.network.corrupt import Corrupt
from pytest_websocket.network.end import End
from pytest_websocket.network.freeze import Freeze
from pytest_websocket.network.impairment import BOTH, FIN, RESET, TO_CLIENT, TO_SERVER, Direction, Impairment
from pytest_websocket.network.latency import Latency
from pytest_websocket.network.link import Link, open_link
from pytest_websocket.network.noop import Noop
from pytest_websocket.network.slicer import Slicer

__all__ = [
    "BOTH",
    "FIN",
    "RESET",
    "TO_CLIENT",
    "TO_SERVER",
    "Bandwidth",
    "Blackhole",
    "Corrupt",
    "Direction",
    "End",
    "Freeze",
    "Impairment",
    "Latency",
    "Link",
    "Noop",
    "Slicer",
    "open_link",
]
