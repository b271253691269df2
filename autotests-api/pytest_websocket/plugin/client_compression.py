"""Connections of the client under test on which permessage-deflate was agreed on (RFC 7692)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pytest

from pytest_websocket.plugin.client_under_test import ClientUnderTest
from pytest_websocket.protocol.deflate import Deflater, Inflater
from pytest_websocket.protocol.extensions import (
    PERMESSAGE_DEFLATE,
    Extension,
    agreement_in,
    parse_extensions,
)
from pytest_websocket.protocol.frames import Frame
from pytest_websocket.server.scripted_conversation import Conversation


@dataclass(frozen=True)
class Compressed:
    """A conversation, and what compresses the server's messages on it."""

    conversation: Conversation
    deflater: Deflater

    async def send(self, message: str | bytes) -> None:
        """Sends a message compressed."""
        data = message.encode() if isinstance(message, str) else message
        opcode = 1 if isinstance(message, str) else 2
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
    """The client's first offer of permessage-deflate; skips the case where there is none."""
    header = conversation.request.value("Sec-WebSocket-Extensions")
    offers = [one for one in parse_extensions(header) if one.name == PERMESSAGE_DEFLATE] if header else []
    if not offers:
        pytest.skip("the client does not offer permessage-deflate")
    return offers[0]


@pytest.fixture
def agree_with_client(client_under_test: ClientUnderTest) -> Agree:
    """Factory of connections on which permessage-deflate is agreed on."""

    async def opened(*parameters: str) -> Compressed:
        conversation = await client_under_test.requested()
        offer = offer_of(conversation)
        if any(one.startswith("client_max_window_bits") for one in parameters):
            limit = offer.values.get("client_max_window_bits", "0")
            if limit is not None and int(limit) < 15:
                pytest.skip("the client does not let the server limit its window")
        answer = "; ".join([PERMESSAGE_DEFLATE, *parameters])
        agreed = agreement_in(answer)
        assert agreed is not None
        inflate = Inflater(agreed.client_max_window_bits, takeover=not agreed.client_no_context_takeover)
        await conversation.accept(extensions=answer, inflate=inflate)
        bits, takeover = agreed.server_max_window_bits, not agreed.server_no_context_takeover
        return Compressed(conversation, Deflater(bits, takeover=takeover))

    return opened
