"""How a connection ends, and how a wait ends that a connection did not fulfil (RFC 6455 §7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.protocol.reader import CloseStatus


class NotReceived(AssertionError):
    """What a case waited for did not come: the connection ended first, or its deadline passed."""


@dataclass(frozen=True)
class Ending:
    """How a connection ended: did it end, and what did it say (RFC 6455 §7.1).

    ``tcp`` is ``closed`` (FIN), ``reset`` (RST) or ``open``; ``took`` is in seconds.
    """

    close: CloseStatus | None
    tcp: str
    took: float
    answered_ping: bool = False

    @property
    def ended(self) -> bool:
        """Whether the server ended the connection: by a Close frame, by closing TCP, or by a reset."""
        return self.close is not None or self.tcp != "open"

    @property
    def code(self) -> int | None:
        """The status code of the server's Close frame; None without a Close frame or without a code."""
        return self.close.code if self.close else None

    def __str__(self) -> str:
        if not self.ended:
            still = "; the server still answers pings on it" if self.answered_ping else ""
            return f"the connection is still open after {self.took:.2f} s{still}"
        tcp = {"closed": "TCP closed", "reset": "TCP reset", "open": "TCP still open"}[self.tcp]
        return f"{self.close or 'no Close frame'}, {tcp} after {self.took:.2f} s"
