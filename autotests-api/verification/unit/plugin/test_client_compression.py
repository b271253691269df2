"""What the server of a case answers to a client's offer of permessage-deflate."""

import pytest

from pytest_websocket.plugin.client_compression import answer_to
from pytest_websocket.protocol.extensions import parse_extensions, problems_of_answer

OFFERS = {
    "permessage-deflate": "permessage-deflate; client_no_context_takeover",
    "permessage-deflate; client_max_window_bits": "permessage-deflate; client_no_context_takeover",
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover": (
        "permessage-deflate; client_no_context_takeover; server_no_context_takeover"
    ),
    "permessage-deflate; server_max_window_bits=10": (
        "permessage-deflate; client_no_context_takeover; server_max_window_bits=10"
    ),
}


@pytest.mark.parametrize(("offer", "answer"), OFFERS.items())
def test_answer_has_what_the_offer_asks_for(offer: str, answer: str) -> None:
    assert answer_to(parse_extensions(offer)[0], ["client_no_context_takeover"]) == answer
    assert not problems_of_answer(offer, answer)
