"""The whole catalogue: importing the files of weak servers fills it."""

from __future__ import annotations

from verification.weak_servers import entry, handling, sessions
from verification.weak_servers.registry import CATALOGUE, OPTIONS, Strong, WeakServer

STRONG = "strong"
DEMO = "demo"


class Demo(
    entry.AllowsNull,
    handling.ShowsItsStack,
    handling.WritesTheQueryIntoAHeader,
    sessions.KeepsSessionsAfterLogout,
):
    """An application with four weaknesses, to show what a report of them looks like."""


PLANTED = {
    "page-of-another-origin-is-refused",
    "refusal-shows-no-stack-trace",
    "handshake-writes-no-header-into-the-answer",
    "session-ends-with-its-logout",
}
"""Rules of SARIF that the weaknesses of the demo break."""

SERVERS = {
    STRONG: WeakServer(STRONG, Strong, ""),
    DEMO: WeakServer(DEMO, Demo, ""),
    **CATALOGUE,
}

__all__ = ["CATALOGUE", "DEMO", "OPTIONS", "PLANTED", "SERVERS", "STRONG"]
