"""The whole catalogue: importing the files of faults fills it."""

from __future__ import annotations

from servers.faulty import closing, codes, control, fragments, framing, lengths, text, utf8
from servers.faulty.registry import CATALOGUE, Fault

FILES = (framing, lengths, fragments, control, closing, codes, utf8, text)

__all__ = ["CATALOGUE", "FILES", "Fault"]
