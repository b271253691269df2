"""Refuses a version of websockets that the client cannot work with, in one line instead of a deep error."""

from __future__ import annotations

from websockets.version import version

OLDEST = 16
"""The first major version whose limits and proxies the client uses."""


def check_version(installed: str) -> None:
    """Raises ImportError for a version that is too old."""
    if int(installed.partition(".")[0]) < OLDEST:
        raise ImportError(
            f"pytest-websocket needs websockets {OLDEST} or newer, and {installed} is installed: "
            f"pip install 'websockets>={OLDEST}'",
            name="websockets",
        )


check_version(version)
