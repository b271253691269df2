"""The whole catalogue: importing the files of faults fills it."""

from __future__ import annotations

from servers.faulty import framing
from servers.faulty.registry import CATALOGUE, Fault

__all__ = ["CATALOGUE", "Fault", "framing"]
