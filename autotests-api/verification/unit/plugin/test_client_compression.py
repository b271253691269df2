"""Offers of a client under test that a case about compression cannot go on with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_websocket.plugin.client_compression import legal_offer_of, offer_of
from pytest_websocket.protocol.request import parse_request


def conversation_with(*offers: str) -> Any:
    lines = "".join(f"Sec-WebSocket-Extensions: {offer}\r\n" for offer in offers)
    return SimpleNamespace(request=parse_request(f"GET / HTTP/1.1\r\n{lines}\r\n".encode()))


def test_first_offer_of_compression_is_taken() -> None:
    conversation = conversation_with(
        "x-other, permessage-deflate; client_max_window_bits", "permessage-deflate"
    )
    assert str(legal_offer_of(conversation)) == "permessage-deflate; client_max_window_bits"


@pytest.mark.parametrize(
    ("offers", "reason"),
    [
        ([], "the client does not offer permessage-deflate"),
        (["x-other"], "the client does not offer permessage-deflate"),
        (["permessage-deflate; ="], "the client's Sec-WebSocket-Extensions is malformed"),
        (["permessage-deflate; client_max_window_bits=ten"], "the client's offer is illegal"),
    ],
)
def test_offer_that_its_own_case_judges_skips_the_others(offers: list[str], reason: str) -> None:
    with pytest.raises(pytest.skip.Exception, match=reason):
        legal_offer_of(conversation_with(*offers))


def test_illegal_offer_is_there_for_the_case_that_judges_it() -> None:
    offer = offer_of(conversation_with("permessage-deflate; client_max_window_bits=ten"))
    assert offer.values == {"client_max_window_bits": "ten"}
