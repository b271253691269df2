"""RFC 7692 §5, §7.1: what a client offers, and the answers that it must refuse."""

import pytest

from pytest_websocket import MUST, rfc7692
from pytest_websocket.fixtures import ClientUnderTest
from pytest_websocket.plugin.client_compression import Agree, answer_to, offer_of
from pytest_websocket.protocol.extensions import PERMESSAGE_DEFLATE, parse_extensions, problems_of_offer

LEGAL = [
    (),
    ("server_no_context_takeover",),
    ("client_no_context_takeover",),
    ("server_no_context_takeover", "client_no_context_takeover"),
    ("client_max_window_bits=15",),
    ("client_max_window_bits=10",),
    ("client_max_window_bits=9", "client_no_context_takeover"),
]
ILLEGAL = {
    "unknown parameter": "unheard_of",
    "unknown parameter with a value": "unheard_of=1",
    "unknown parameter of the client": "client_unheard_of",
    "takeover with more letters": "server_no_context_takeovers",
    "takeover with a value": "server_no_context_takeover=1",
    "client takeover with a value": "client_no_context_takeover=true",
    "takeover twice": "server_no_context_takeover; server_no_context_takeover",
    "client takeover twice": "client_no_context_takeover; client_no_context_takeover",
    "server bits without a value": "server_max_window_bits",
    "server bits too small": "server_max_window_bits=7",
    "server bits too large": "server_max_window_bits=16",
    "server bits with a leading zero": "server_max_window_bits=010",
    "server bits that are no number": "server_max_window_bits=ten",
    "server bits twice": "server_max_window_bits=10; server_max_window_bits=11",
    "client bits without a value": "client_max_window_bits",
    "client bits too small": "client_max_window_bits=7",
    "client bits too large": "client_max_window_bits=16",
    "client bits negative": "client_max_window_bits=-10",
    "client bits twice": "client_max_window_bits=10; client_max_window_bits=10",
}


@rfc7692("7.1", MUST, "each offer of permessage-deflate is a legal one")
async def test_offers_are_legal(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.requested()
    offer_of(conversation)
    offers = parse_extensions(conversation.request.value("Sec-WebSocket-Extensions") or "")
    problems = [
        problem for one in offers if one.name == PERMESSAGE_DEFLATE for problem in problems_of_offer(one)
    ]
    assert not problems


@rfc7692("7.1", MUST, "an answer with legal parameters opens the connection, and they are kept")
@pytest.mark.parametrize("parameters", LEGAL, ids=lambda given: "; ".join(given) or "bare")
async def test_legal_answer_is_kept(agree_with_client: Agree, parameters: tuple[str, ...]) -> None:
    compressed = await agree_with_client(*parameters)
    for number in range(3):
        await compressed.expect_echo(f"message {number} of words that return: message, words, return" * 20)


@rfc7692("5.1", MUST, "a client that offers compression goes on without it where the server declines")
async def test_declined_offer_opens_without_compression(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.requested()
    offer_of(conversation)
    await conversation.accept()
    await conversation.expect_echo("not compressed " * 20)


@rfc7692("7.1", MUST, "an answer with an unknown, illegal or repeated parameter opens no connection")
@pytest.mark.parametrize("parameters", ILLEGAL.values(), ids=ILLEGAL.keys())
async def test_illegal_answer_does_not_open(client_under_test: ClientUnderTest, parameters: str) -> None:
    conversation = await client_under_test.requested()
    await conversation.accept(extensions=answer_to(offer_of(conversation), [parameters]))
    await conversation.expect_not_opened()


@rfc7692("7.1.2.2", MUST, "a limit for the client's window that it did not offer opens no connection")
@pytest.mark.parametrize("bits", [10, 15])
async def test_window_that_was_not_offered_does_not_open(
    client_under_test: ClientUnderTest, bits: int
) -> None:
    conversation = await client_under_test.requested()
    offer = offer_of(conversation)
    if "client_max_window_bits" in offer.values:
        pytest.skip("the client offers client_max_window_bits")
    await conversation.accept(extensions=answer_to(offer, [f"client_max_window_bits={bits}"]))
    await conversation.expect_not_opened()


@rfc7692("5", MUST, "permessage-deflate that is accepted twice opens no connection")
async def test_accepted_twice_does_not_open(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.requested()
    answer = answer_to(offer_of(conversation), [])
    await conversation.accept(extensions=f"{answer}, {answer}")
    await conversation.expect_not_opened()
