"""How a connection ended (RFC 6455 §7.1), and the error of a wait that was not fulfilled."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.protocol.reader import CloseStatus


class NotReceived(AssertionError):
    """Raised when the connection ends, or the deadline passes, before what was waited for has come."""


@dataclass(frozen=True)
class Ending:
    """Whether and how a connection ended: the Close frame, and the state of TCP (RFC 6455 §7.1).

    ``tcp`` is ``closed`` (FIN), ``reset`` (RST) or ``open``; ``took`` is in seconds.
    """

    close: CloseStatus | None
    tcp: str
    took: float
    answered_ping: bool = False

    @property
    def ended(self) -> bool:
        """Returns whether the server ended the connection: by a Close frame, FIN or RST."""
        return self.close is not None or self.tcp != "open"

    @property
    def code(self) -> int | None:
        """Returns the code of the server's Close frame; None without a Close frame or without a code."""
        return self.close.code if self.close else None

    def __str__(self) -> str:
        if not self.ended:
            still = "; the server still answers pings on it" if self.answered_ping else ""
            return f"the connection is still open after {self.took:.2f} s{still}"
        tcp = {"closed": "TCP closed", "reset": "TCP reset", "open": "TCP still open"}[self.tcp]
        return f"{self.close or 'no Close frame'}, {tcp} after {self.took:.2f} s"
