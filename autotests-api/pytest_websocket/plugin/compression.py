"""Raw connections with permessage-deflate: `negotiate` (offers and the answer), `agree`, and `deflated`."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import pytest

from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.raw_connections import Dial, ProtocolViolation
from pytest_websocket.protocol.deflate import Deflater, deflater_for, inflater_for
from pytest_websocket.protocol.extensions import Agreement, agreement_in, problems_of_answer
from pytest_websocket.protocol.frames import BINARY, CONTINUATION, TEXT, Frame
from pytest_websocket.protocol.handshake import Request, Response
from pytest_websocket.raw.connection import Connection
from pytest_websocket.target.target import Message

OFFER = "permessage-deflate; client_max_window_bits"
"""What browsers offer."""

DEFAULT_MASS = 50

HEADER = "Sec-WebSocket-Extensions"


@dataclass
class Negotiation:
    """Offers, a line of the header each, and what the server answered to them."""

    offers: tuple[str, ...]
    response: Response
    raw: Connection = field(repr=False)

    @property
    def answer(self) -> str | None:
        """The server's Sec-WebSocket-Extensions; None where it is absent."""
        return self.response.value(HEADER)

    @property
    def problems(self) -> list[str]:
        """Rules that the answer breaks, see `pytest_websocket.protocol.extensions.problems_of_answer`."""
        return problems_of_answer(", ".join(self.offers) or None, self.answer)

    @property
    def agreement(self) -> Agreement | None:
        """What was agreed on; None where nothing was. Raises ValueError for an illegal answer."""
        return agreement_in(self.answer)


@dataclass
class Deflated:
    """A raw connection on which permessage-deflate was agreed on, and our compressor for it."""

    raw: Connection
    agreement: Agreement
    deflater: Deflater

    async def send(self, *messages: Message, fragment: int = 0, flush: int = zlib.Z_SYNC_FLUSH) -> None:
        """Compress messages and send them, in fragments of ``fragment`` bytes of compressed data if not 0."""
        for message in messages:
            await self.raw.send_together(*self.frames(message, fragment=fragment, flush=flush))

    def frames(self, message: Message, *, fragment: int = 0, flush: int = zlib.Z_SYNC_FLUSH) -> list[Frame]:
        """The frames of a message that is compressed now, in the order of the connection's messages."""
        data = message.encode() if isinstance(message, str) else message
        opcode = TEXT if isinstance(message, str) else BINARY
        return compressed_frames(self.deflater.deflate(data, flush=flush), opcode, fragment=fragment)


def compressed_frames(data: bytes, opcode: int = TEXT, *, fragment: int = 0) -> list[Frame]:
    """Compressed ``data`` as one message: RSV1 on its first frame, and on no other (RFC 7692 §6)."""
    size = fragment or max(len(data), 1)
    return compressed_fragments([data[at : at + size] for at in range(0, max(len(data), 1), size)], opcode)


def compressed_fragments(parts: Iterable[bytes], opcode: int = TEXT) -> list[Frame]:
    """The frames of one compressed message whose data is cut into ``parts``."""
    pieces = list(parts)
    last = len(pieces) - 1
    return [
        Frame(CONTINUATION if number else opcode, piece, fin=number == last, rsv1=not number)
        for number, piece in enumerate(pieces)
    ]


@pytest.fixture
def negotiate(dial: Dial, opening: Request) -> Callable[..., Awaitable[Negotiation]]:
    """Factory of handshakes that offer extensions, a header line each; what comes of it is for the case."""

    async def factory(*offers: str, name: str = "raw") -> Negotiation:
        connection = await dial(name)
        request = opening.having(HEADER, *offers) if offers else opening
        connection.request = request
        await connection.send_bytes(request.encode())
        # A server that ends TCP without a word has refused, too.
        response = await connection.refusal() or Response(b"", problem="the server ended the connection")
        negotiation = Negotiation(offers, response, connection)
        if response.accepted:
            agreement = None if negotiation.problems else negotiation.agreement
            connection.switch_protocols(inflater_for(agreement) if agreement else None)
        return negotiation

    return factory


@pytest.fixture
def agree(negotiate: Callable[..., Awaitable[Negotiation]]) -> Callable[..., Awaitable[Deflated]]:
    """Factory of connections that speak permessage-deflate as offered; skips where the server does not.

    Whatever the case is about, an answer that breaks a rule of the negotiation fails it.
    """

    async def factory(*offers: str, name: str = "raw") -> Deflated:
        asked = offers or (OFFER,)
        negotiation = await negotiate(*asked, name=name)
        if not negotiation.response.accepted:
            # Whether it may is judged once, by the cases of the negotiation.
            pytest.skip(
                f"the server refused the handshake that offers {', '.join(asked)!r}: {negotiation.response}"
            )
        if negotiation.problems:
            raise ProtocolViolation(
                f"offered {', '.join(asked)!r}, answered {negotiation.answer!r}: {negotiation.problems[0]}"
            )
        if negotiation.agreement is None:
            pytest.skip(f"the server declined {', '.join(asked)!r}")
        return Deflated(negotiation.raw, negotiation.agreement, deflater_for(negotiation.agreement))

    return factory


@pytest.fixture
async def deflated(agree: Callable[..., Awaitable[Deflated]]) -> Deflated:
    """One connection on which permessage-deflate was agreed on, by the offer that browsers make."""
    return await _agreed_or_skipped(agree, OFFER)


@pytest.fixture
async def unlimited(agree: Callable[..., Awaitable[Deflated]]) -> Deflated:
    """One connection with permessage-deflate on which our window is 32 KiB and lasts, where that is possible.

    The offer leaves the server no way to limit our window; it may still forbid us to keep it.
    """
    return await _agreed_or_skipped(agree, "permessage-deflate")


@pytest.fixture
def mass_count(request: pytest.FixtureRequest) -> int:
    """Messages that a case in quantity sends (``--ws-mass``)."""
    return option_value(request.config, "ws-mass") or DEFAULT_MASS


async def _agreed_or_skipped(agree: Callable[..., Awaitable[Deflated]], offer: str) -> Deflated:
    # A fixture cannot fail a case, only break it; the cases of §5 are red for the same answer.
    try:
        return await agree(offer)
    except ProtocolViolation as violation:
        pytest.skip(f"the answer to {offer!r} cannot be relied on: {violation}")
