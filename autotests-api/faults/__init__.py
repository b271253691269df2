"""BAD NETWORK: a clean TCP link (`link`), and one file per fault, to be read after `noop`.

A fault is added to a link for one direction or both, and taken away again, while connections live.
"""

from faults.bandwidth import Bandwidth
from faults.blackhole import Blackhole
from faults.corrupt import Corrupt
from faults.cut import Cut
from faults.freeze import Freeze
from faults.half_close import HalfClose
from faults.latency import Latency
from faults.link import Link, open_link
from faults.noop import BOTH, TO_CLIENT, TO_SERVER, Fault, Noop
from faults.slicer import Slicer

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
