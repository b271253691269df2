"""Raw connections with permessage-deflate: `negotiate` (offers and the answer), `agree`, and `deflated`."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from pytest_websocket.plugin.raw_assertions import RawConnection
from pytest_websocket.protocol.deflate import TAIL, Deflater, deflater_for
from pytest_websocket.protocol.deflate_blocks import Blocks
from pytest_websocket.protocol.extensions import Agreement, agreement_in, problems_of_answer
from pytest_websocket.protocol.frames import BINARY, CONTINUATION, TEXT, Frame
from pytest_websocket.protocol.handshake import Response
from pytest_websocket.recording import Recording
from pytest_websocket.target.target import Abilities, Message, Target
from pytest_websocket.target.templates import Template

OFFER = "permessage-deflate; client_max_window_bits"
"""What browsers offer."""

DEFAULT_MASS = 50
"""Messages that a test in quantity sends by default."""

HEADER = "Sec-WebSocket-Extensions"


class DeflatedConnection(RawConnection):
    """A raw connection on which permessage-deflate was agreed on, with a compressor for what it sends."""

    def __init__(self, recording: Recording, deadline: float, target: Target, abilities: Abilities) -> None:
        super().__init__(recording, deadline, target, abilities)
        self.agreement = Agreement()
        self.deflater = Deflater()

    def start_compression(self, agreement: Agreement) -> None:
        """Reads and compresses messages as agreed from now on."""
        self.agreement = agreement
        self.deflater = deflater_for(agreement)

    async def send_compressed(
        self, *messages: Message, fragment: int = 0, flush: int = zlib.Z_SYNC_FLUSH
    ) -> None:
        """Compresses and sends messages, in fragments of ``fragment`` bytes of compressed data if not 0."""
        for message in messages:
            await self.send_together(*self.compress(message, fragment=fragment, flush=flush))

    def compress(self, message: Message, *, fragment: int = 0, flush: int = zlib.Z_SYNC_FLUSH) -> list[Frame]:
        """Returns the frames of a message; they must be sent in the order in which they were compressed."""
        opcode = self.opcode_of(message)
        return compressed_frames(self.deflate(message, flush=flush), opcode, fragment=fragment)

    def opcode_of(self, message: Message) -> int:
        """Returns the type of a message in the target's own form."""
        if isinstance(message, str) and self.target.carrier is not None:
            return self.target.carrier.opcode
        return TEXT if isinstance(message, str) else BINARY

    def deflate(self, message: Message, *, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
        """Returns a message as compressed data, in the target's own form."""
        return self.deflater.deflate(self.carried_message(message), flush=flush)

    def in_request(self, data: bytes) -> bytes:
        """Returns data that was compressed by hand inside the target's request: in stored blocks around it.

        The message has to be one that JSON does not escape, and its last block must not be the final one.
        """
        around = self.around([])
        if not around:
            return data
        return Blocks().stored(around[0]).encode() + data + TAIL + Blocks().stored(around[1]).message()

    def around(self, parts: list[bytes]) -> list[bytes]:
        """Returns the parts of a message with those of the target's request around them."""
        template = self.target.carrier
        if self.target.is_asked_in_binary:
            self.needs_plain_messages()
        if not isinstance(template, Template):
            return parts
        return [template.before.encode(), *parts, template.after.encode()]

    def distance(self, distance: int, messages: int = 0) -> int:
        """Returns a distance over the ends of ``messages`` messages, with the requests around them."""
        template = self.target.carrier
        if self.target.is_asked_in_binary:
            self.needs_plain_messages()
        return distance + messages * (template.size if isinstance(template, Template) else 0)

    def needs_plain_messages(self) -> None:
        """Skips the test where the messages of the suite stand inside requests of the target."""
        if self.target.request:
            pytest.skip(
                "the message is compressed by hand, and the target wants it in a request (--ws-request)"
            )


@dataclass
class Negotiation:
    """Offers, a line of the header each, and what the server answered to them."""

    offers: tuple[str, ...]
    response: Response
    raw: DeflatedConnection = field(repr=False)

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

    def expect_opened(self) -> None:
        """Asserts that the server accepts the handshake, and its answer breaks no rule."""
        __tracebackhide__ = True
        if not self.response.accepted:
            raise AssertionError(f"offered {self._offered}, received {self.response}")
        self.expect_legal()

    def expect_legal(self) -> None:
        """Asserts that the server refuses the handshake, or its answer breaks no rule."""
        __tracebackhide__ = True
        if self.response.accepted and self.problems:
            raise AssertionError(f"{self}: {'; '.join(self.problems)}")

    def expect_declined(self) -> None:
        """Asserts that the server accepts the handshake and none of the offers."""
        __tracebackhide__ = True
        self.expect_opened()
        if self.answer is not None:
            raise AssertionError(f"{self}, expected no extension")

    def expect_agreement(self) -> Agreement:
        """Asserts that the server accepts one of the offers; returns what was agreed on."""
        __tracebackhide__ = True
        self.expect_opened()
        if self.agreement is None:
            raise AssertionError(f"offered {self._offered}, and the server declined")
        return self.agreement

    def __str__(self) -> str:
        return f"offered {self._offered}, received {self.answer!r}"

    @property
    def _offered(self) -> str:
        return repr(", ".join(self.offers)) if self.offers else "nothing"


def compressed_frames(data: bytes, opcode: int = TEXT, *, fragment: int = 0) -> list[Frame]:
    """Returns compressed ``data`` as one message: RSV1 on its first frame, and on no other (RFC 7692 §6)."""
    size = fragment or max(len(data), 1)
    return compressed_fragments([data[at : at + size] for at in range(0, max(len(data), 1), size)], opcode)


def compressed_fragments(parts: Iterable[bytes], opcode: int = TEXT) -> list[Frame]:
    """Returns the frames of one compressed message whose data is cut into ``parts``."""
    pieces = list(parts)
    last = len(pieces) - 1
    return [
        Frame(CONTINUATION if number else opcode, piece, fin=number == last, rsv1=not number)
        for number, piece in enumerate(pieces)
    ]


class Negotiate(Protocol):
    """The type of the fixture `negotiate`."""

    async def __call__(self, *offers: str, name: str = "raw") -> Negotiation:
        """Sends a handshake that offers extensions, a header line each; returns the server's answer."""


class Agree(Protocol):
    """The type of the fixture `agree`."""

    async def __call__(self, *offers: str, name: str = "raw") -> DeflatedConnection:
        """Returns a connection with permessage-deflate as offered.

        Skips where the server declines, and where its answer breaks a rule of the negotiation.
        """
