"""The reference suite's cases as tables, in its order."""

from __future__ import annotations

from functools import cache

from pytest_websocket.wstest.case import Case
from pytest_websocket.wstest.cases import (
    closing,
    compression,
    control_frames,
    fragmentation,
    framing,
    limits,
    utf8,
)

ROUND_TRIPS = 1000
"""Messages of each case of 12 and 13 in the reference suite."""


@cache
def reference_cases(round_trips: int = ROUND_TRIPS) -> tuple[Case, ...]:
    """Returns all cases; those of 12 and 13 exchange ``round_trips`` messages each."""
    return (
        *framing.CASES,
        *control_frames.CASES,
        *framing.RESERVED,
        *fragmentation.CASES,
        *utf8.CASES,
        *closing.CASES,
        *limits.CASES,
        *compression.cases(round_trips),
    )
