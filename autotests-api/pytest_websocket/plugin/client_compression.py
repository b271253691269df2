"""Connections of the client under test on which permessage-deflate was agreed on (RFC 7692)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import pytest

from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.extensions import (
    PERMESSAGE_DEFLATE,
    Extension,
    parse_extensions,
    problems_of_offer,
)
from pytest_websocket.protocol.frames import BINARY, TEXT, Frame
from pytest_websocket.server.scripted_conversation import Conversation


@dataclass(frozen=True)
class Compressed:
    """A conversation, and what compresses the server's messages on it."""

    conversation: Conversation
    deflater: Deflater

    async def send(self, message: str | bytes) -> None:
        """Sends a message compressed."""
        data = message.encode() if isinstance(message, str) else message
        opcode = TEXT if isinstance(message, str) else BINARY
        await self.conversation.send_frame(Frame(opcode, self.deflater.deflate(data), rsv1=True))

    async def expect_echo(self, message: str | bytes) -> None:
        """Sends a message compressed, which the client must send back, compressed or not."""
        await self.send(message)
        await self.conversation.expect(message)


class Agree(Protocol):
    """Opens a connection with an answer to the client's offer."""

    async def __call__(self, *parameters: str) -> Compressed:
        """Answers with permessage-deflate and these parameters; skips where the client has not offered it."""


def offer_of(conversation: Conversation) -> Extension:
    """Returns the client's first offer of permessage-deflate; skips the case where there is none to read."""
    header = conversation.request.value("Sec-WebSocket-Extensions")
    try:
        extensions = parse_extensions(header) if header else []
    except ValueError as error:
        # The case of the opening handshake fails for it (RFC 6455 §9.1).
        pytest.skip(f"the client's Sec-WebSocket-Extensions is malformed: {error}")
    offers = [one for one in extensions if one.name == PERMESSAGE_DEFLATE]
    if not offers:
        pytest.skip("the client does not offer permessage-deflate")
    return offers[0]


def legal_offer_of(conversation: Conversation) -> Extension:
    """Returns what `offer_of` does; skips the case where the offer breaks a rule, which has its own case."""
    offer = offer_of(conversation)
    if problems := problems_of_offer(offer):
        pytest.skip(f"the client's offer is illegal: {'; '.join(problems)}")
    return offer


def answer_to(offer: Extension, parameters: Iterable[str]) -> str:
    """Returns the header of an answer with these parameters, and with those that the offer asks for.

    An offer with server_no_context_takeover or server_max_window_bits is accepted by repeating it (RFC 7692
    §7.1.1.1, §7.1.2.1). So is client_no_context_takeover, which need not be repeated: a client may not
    support an answer without it.
    """
    given = list(parameters)
    names = {one.partition("=")[0].strip() for parameter in given for one in parameter.split(";")}
    for name, value in offer.parameters:
        if name != "client_max_window_bits" and name not in names:
            given.append(name if value is None else f"{name}={value}")
    return "; ".join([PERMESSAGE_DEFLATE, *given])
