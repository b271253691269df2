"""Negotiates permessage-deflate for a case, as client and as server (RFC 7692 §5.1, §7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.protocol.deflate import Deflater, Inflater
from pytest_websocket.protocol.extensions import (
    PERMESSAGE_DEFLATE,
    Agreement,
    Extension,
    agreement_in,
    parse_extensions,
    problems_of_answer,
    problems_of_offer,
)
from pytest_websocket.protocol.rules import Role
from pytest_websocket.wstest.case import Compression


@dataclass(frozen=True)
class Coders:
    """What compresses this side's messages, and what inflates the peer's."""

    deflater: Deflater
    inflater: Inflater


def offers(compression: Compression) -> str:
    """Returns the header in which a client offers permessage-deflate, once for each wish."""
    return ", ".join(_offer(forgets, bits) for forgets, bits in compression.wishes)


def accepted(offered: str, answered: str | None) -> Coders | None:
    """Returns the coders of a client; None where the server declines.

    Raises ValueError where the answer is not one to the offer.
    """
    problems = problems_of_answer(offered, answered)
    if problems:
        raise ValueError("; ".join(problems))
    agreement = agreement_in(answered)
    return None if agreement is None else coders_for(agreement, Role.CLIENT)


def answer(compression: Compression, offered: str | None) -> tuple[str, Coders] | None:
    """Returns what a server answers to a client's offer, and its coders; None where it declines."""
    try:
        extensions = parse_extensions(offered) if offered else []
    except ValueError:
        return None
    legal = [one for one in extensions if one.name == PERMESSAGE_DEFLATE and not problems_of_offer(one)]
    for forgets, bits in compression.wishes:
        for offer in legal:
            if _allows(offer, forgets, bits):
                header = _answer(offer, forgets, bits)
                agreement = agreement_in(header)
                assert agreement is not None
                return header, coders_for(agreement, Role.SERVER)
    return None


def coders_for(agreement: Agreement, role: Role) -> Coders:
    """Returns the coders of one side of an agreement."""
    client = (agreement.client_max_window_bits, not agreement.client_no_context_takeover)
    server = (agreement.server_max_window_bits, not agreement.server_no_context_takeover)
    ours, theirs = (client, server) if role is Role.CLIENT else (server, client)
    return Coders(Deflater(ours[0], takeover=ours[1]), Inflater(theirs[0], takeover=theirs[1], exact=False))


def _offer(forgets: bool, bits: int) -> str:
    words = [PERMESSAGE_DEFLATE, "client_no_context_takeover", "client_max_window_bits"]
    words += ["server_no_context_takeover"] * forgets + [f"server_max_window_bits={bits}"] * bool(bits)
    return "; ".join(words)


def _allows(offer: Extension, forgets: bool, bits: int) -> bool:
    names = offer.values
    return (not forgets or "client_no_context_takeover" in names) and (
        not bits or "client_max_window_bits" in names
    )


def _answer(offer: Extension, forgets: bool, bits: int) -> str:
    values = offer.values
    words = [PERMESSAGE_DEFLATE]
    if "server_no_context_takeover" in values:
        words.append("server_no_context_takeover")
    if limit := values.get("server_max_window_bits"):
        words.append(f"server_max_window_bits={limit}")
    if forgets:
        words.append("client_no_context_takeover")
    if bits:
        words.append(f"client_max_window_bits={min(bits, int(values.get('client_max_window_bits') or 15))}")
    return "; ".join(words)
