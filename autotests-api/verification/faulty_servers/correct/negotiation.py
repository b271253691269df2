"""Agreeing on permessage-deflate (RFC 6455 §9.1, RFC 7692 §5 and §7.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from verification.faulty_servers.correct.request import TOKEN, Refusal, Request, split_outside_quotes

MAX_WINDOW_BITS = 15
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Offer:
    """One extension that the client offers; a parameter without a value has None."""

    name: str
    parameters: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Agreement:
    """Parameters of permessage-deflate that both sides are bound to (RFC 7692 §7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int | None = None
    client_max_window_bits: int | None = None

    def header(self) -> str:
        """Returns the value of Sec-WebSocket-Extensions in the answer."""
        parts = ["permessage-deflate"]
        if self.server_no_context_takeover:
            parts.append("server_no_context_takeover")
        if self.client_no_context_takeover:
            parts.append("client_no_context_takeover")
        if self.server_max_window_bits is not None:
            parts.append(f"server_max_window_bits={self.server_max_window_bits}")
        if self.client_max_window_bits is not None:
            parts.append(f"client_max_window_bits={self.client_max_window_bits}")
        return "; ".join(parts)


class Declined(Exception):
    """This offer cannot be accepted; the next one may be."""


class Negotiation:
    """Chooses the first offer of permessage-deflate that is legal in every parameter."""

    preferred_client_window_bits = 12

    def offered_extensions(self, request: Request) -> list[Offer]:
        """Returns all offers in order. Raises Refusal 400 when they break the grammar (RFC 6455 §9.1)."""
        values = request.values("Sec-WebSocket-Extensions")
        items = request.items("Sec-WebSocket-Extensions")
        if values and not items:
            raise Refusal(400, "malformed Sec-WebSocket-Extensions")
        return [self.parse_offer(item) for item in items]

    def parse_offer(self, item: str) -> Offer:
        """Returns one offer. Raises Refusal 400 when it breaks the grammar."""
        name, *rest = (part.strip(" \t") for part in split_outside_quotes(item, ";"))
        if not TOKEN.fullmatch(name):
            raise Refusal(400, "malformed Sec-WebSocket-Extensions")
        return Offer(name, tuple(self.parse_parameter(part) for part in rest))

    def parse_parameter(self, part: str) -> tuple[str, str | None]:
        """Returns a parameter's name and value; a quoted value without its quotes. Raises Refusal 400."""
        name, assigned, value = (piece.strip(" \t") for piece in part.partition("="))
        if quoted := _QUOTED.fullmatch(value):
            value = re.sub(r"\\(.)", r"\1", quoted[1])
        if not TOKEN.fullmatch(name) or (assigned and not TOKEN.fullmatch(value)):
            raise Refusal(400, "malformed Sec-WebSocket-Extensions")
        return name, value if assigned else None

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        """Returns what to answer: the first acceptable offer decides; None declines them all."""
        for offer in offers:
            if self.is_deflate(offer):
                try:
                    return self.accept_offer(offer)
                except Declined:
                    continue
        return None

    def is_deflate(self, offer: Offer) -> bool:
        """Returns whether the offer is permessage-deflate."""
        return offer.name == "permessage-deflate"

    def accept_offer(self, offer: Offer) -> Agreement:
        """Returns the answer to one offer. Raises Declined for anything illegal in it (RFC 7692 §7)."""
        names = [name for name, _ in offer.parameters]
        self.check_repeated(names)
        server_quiet = client_quiet = False
        server_bits = client_bits = None
        for name, value in offer.parameters:
            if name == "server_no_context_takeover":
                self.check_flag(value)
                server_quiet = True
            elif name == "client_no_context_takeover":
                self.check_flag(value)
                client_quiet = True
            elif name == "server_max_window_bits":
                server_bits = self.window_bits(value)
            elif name == "client_max_window_bits":
                client_bits = self.preferred_client_window_bits if value is None else self.window_bits(value)
            else:
                self.unknown_parameter(name)
        return Agreement(server_quiet, client_quiet, server_bits, client_bits)

    def check_repeated(self, names: list[str]) -> None:
        """Checks that a parameter stands in an offer once (RFC 7692 §7)."""
        if len(set(names)) != len(names):
            raise Declined

    def check_flag(self, value: str | None) -> None:
        """Checks that no_context_takeover has no value."""
        if value is not None:
            raise Declined

    def window_bits(self, value: str | None) -> int:
        """Returns a window size: 8 to 15 in decimal without a leading zero (RFC 7692 §7.1.2)."""
        if value is None or not re.fullmatch(r"8|9|1[0-5]", value):
            raise Declined
        return int(value)

    def unknown_parameter(self, name: str) -> None:
        """Lets a parameter that RFC 7692 §7.1 does not define decline the offer."""
        raise Declined
