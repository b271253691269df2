"""BAD NETWORK: a clean TCP link (`link`), and one file per fault, to be read after `noop`.

A fault is added to a link for one direction or both, and taken away again, while connections live.
"""

from pytest_websocket.network.bandwidth import Bandwidth
from pytest_websocket.network.blackhole import Blackhole
from pytest_websocket.network.corrupt import Corrupt
from pytest_websocket.network.cut import Cut
from pytest_websocket.network.freeze import Freeze
from pytest_websocket.network.half_close import HalfClose
from pytest_websocket.network.latency import Latency
from pytest_websocket.network.link import Link, open_link
from pytest_websocket.network.noop import BOTH, TO_CLIENT, TO_SERVER, Fault, Noop
from pytest_websocket.network.slicer import Slicer

__all__ = [
    "BOTH",
    "TO_CLIENT",
    "TO_SERVER",
    "Bandwidth",
    "Blackhole",
    "Corrupt",
    "Cut",
    "Fault",
    "Freeze",
    "HalfClose",
    "Latency",
    "Link",
    "Noop",
    "Slicer",
    "open_link",
]
