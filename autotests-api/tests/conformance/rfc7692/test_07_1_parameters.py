"""RFC 7692 §7.1: which offers of permessage-deflate are legal, and what becomes of those that are not."""

from itertools import product

import pytest

from pytest_websocket.fixtures import Agree, Negotiate, RecordProperty
from pytest_websocket.plugin.compression import compressed_frames
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc7692
from pytest_websocket.protocol.deflate import Deflater

pytestmark = pytest.mark.needs("deflate")

NAME = "permessage-deflate"
LIMIT = "server_max_window_bits"
FLAG = "server_no_context_takeover"

LEGAL = [
    "; ".join([NAME, *(parameter for parameter in parameters if parameter)])
    for parameters in product(
        ("", "server_no_context_takeover"),
        ("", "client_no_context_takeover"),
        ("", "server_max_window_bits=10", "server_max_window_bits=15"),
        ("", "client_max_window_bits", "client_max_window_bits=10", "client_max_window_bits=15"),
    )
]


def brief(offer: str) -> str:
    return offer.removeprefix(NAME).removeprefix("; ") or "bare"


@rfc7692(
    "5", SHOULD, "a legal offer is accepted or declined, and does not make the server refuse the handshake"
)
@pytest.mark.parametrize("offer", [offer for offer in LEGAL if LIMIT not in offer], ids=brief)
async def test_legal_offer_does_not_hinder_the_handshake(negotiate: Negotiate, offer: str) -> None:
    (await negotiate(offer)).expect_opened()


@rfc7692("7.1", SHOULD, "an offer with a limit that the server cannot keep is declined, not refused")
@pytest.mark.parametrize(
    "offer", [*(offer for offer in LEGAL if LIMIT in offer), f"{NAME}; {LIMIT}=8"], ids=brief
)
async def test_limit_for_the_server_does_not_hinder_the_handshake(negotiate: Negotiate, offer: str) -> None:
    (await negotiate(offer)).expect_opened()


@rfc7692("7.1", MUST, "a legal offer that is accepted is used for what it says")
@pytest.mark.parametrize("offer", LEGAL, ids=brief)
@pytest.mark.needs("answer")
async def test_legal_parameters_are_accepted_for_what_they_say(agree: Agree, offer: str) -> None:
    connection = await agree(offer)
    for number in range(3):
        message = f"message {number} under the agreement, of words that return: message, agreement, return"
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.1", MUST, "the order of parameters means nothing")
@pytest.mark.parametrize("turn", range(4))
@pytest.mark.needs("answer")
async def test_parameters_are_read_in_any_order(agree: Agree, turn: int) -> None:
    parameters = [
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits=10",
        "client_max_window_bits=11",
    ]
    connection = await agree("; ".join([NAME, *parameters[turn:], *parameters[:turn]]))
    for message in ("any order " * 100, "any order " * 100):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


BAD_BITS = {
    "too small": "7",
    "zero": "0",
    "one": "1",
    "too large": "16",
    "larger": "32",
    "two to the ninth": "512",
    "huge": "99999999999999999999",
    "leading zero": "015",
    "leading zero of 8": "08",
    "two leading zeros": "0010",
    "with a sign": "+10",
    "negative": "-10",
    "hexadecimal": "0xa",
    "with a fraction": "10.0",
    "letters": "ten",
    "trailing letters": "10a",
    "with an underscore": "1_0",
    "quoted and too large": '"16"',
    "quoted with a leading zero": '"010"',
}

ILLEGAL = {
    **{f"server bits {name}": f"{NAME}; server_max_window_bits={bits}" for name, bits in BAD_BITS.items()},
    **{f"client bits {name}": f"{NAME}; client_max_window_bits={bits}" for name, bits in BAD_BITS.items()},
    "server bits without a value": f"{NAME}; server_max_window_bits",
    "server takeover with a value": f"{NAME}; server_no_context_takeover=1",
    "server takeover with true": f"{NAME}; server_no_context_takeover=true",
    "client takeover with a value": f"{NAME}; client_no_context_takeover=1",
    "client takeover with a quoted value": f'{NAME}; client_no_context_takeover="true"',
    "unknown parameter": f"{NAME}; unheard_of",
    "unknown parameter with a value": f"{NAME}; unheard_of=10",
    "unknown behind known": f"{NAME}; client_max_window_bits; unheard_of",
    "unknown before known": f"{NAME}; unheard_of; client_max_window_bits",
    "almost known": f"{NAME}; server_max_window_bit=10",
    "known with more behind": f"{NAME}; server_no_context_takeover_please",
    "of another draft": f"{NAME}; s2c_no_context_takeover",
    "server takeover twice": f"{NAME}; server_no_context_takeover; server_no_context_takeover",
    "client takeover twice": f"{NAME}; client_no_context_takeover; client_no_context_takeover",
    "server bits twice": f"{NAME}; server_max_window_bits=10; server_max_window_bits=10",
    "server bits twice, unlike": f"{NAME}; server_max_window_bits=10; server_max_window_bits=12",
    "client bits twice": f"{NAME}; client_max_window_bits; client_max_window_bits",
    "client bits twice, unlike": f"{NAME}; client_max_window_bits; client_max_window_bits=10",
    "repeated far apart": f"{NAME}; client_max_window_bits; {FLAG}; client_max_window_bits",
}


@rfc7692("7.1", MUST, "an offer with an unknown, illegal or repeated parameter is not accepted")
@pytest.mark.parametrize("offer", ILLEGAL.values(), ids=ILLEGAL.keys())
async def test_illegal_offer_is_not_accepted(
    negotiate: Negotiate, record_property: RecordProperty, offer: str
) -> None:
    negotiation = await negotiate(offer)
    record_property("observed", str(negotiation.response))
    negotiation.expect_legal()


@rfc7692("7.1", SHOULD, "an illegal offer is declined, and the connection opens without compression")
@pytest.mark.parametrize("offer", ILLEGAL.values(), ids=ILLEGAL.keys())
async def test_illegal_offer_does_not_hinder_the_handshake(negotiate: Negotiate, offer: str) -> None:
    negotiation = await negotiate(offer)
    negotiation.expect_declined()
    await negotiation.raw.expect_served()


FALLBACKS = {
    name: ILLEGAL[name]
    for name in (
        "server bits too small",
        "server bits too large",
        "server bits leading zero",
        "client bits too large",
        "server bits without a value",
        "server takeover with a value",
        "unknown parameter",
        "server takeover twice",
        "server bits twice, unlike",
    )
} | {
    "client bits and an unknown parameter": f"{NAME}; client_max_window_bits=10; unheard_of",
    "client bits behind a bad limit": f"{NAME}; server_max_window_bits=7; client_max_window_bits",
}


@rfc7692("7.1", MUST, "an illegal offer adds nothing to the legal one after it")
@pytest.mark.parametrize("offer", FALLBACKS.values(), ids=FALLBACKS.keys())
async def test_legal_offer_after_an_illegal_one_is_judged_alone(
    negotiate: Negotiate, record_property: RecordProperty, offer: str
) -> None:
    negotiation = await negotiate(f"{offer}, {NAME}; server_no_context_takeover")
    record_property("observed", negotiation.answer or str(negotiation.response))
    negotiation.expect_legal()


@rfc7692("5", SHOULD, "the legal offer after an illegal one is found")
@pytest.mark.parametrize("offer", FALLBACKS.values(), ids=FALLBACKS.keys())
async def test_legal_offer_after_an_illegal_one_is_found(negotiate: Negotiate, offer: str) -> None:
    offers = f"{offer}, {NAME}"
    negotiation = await negotiate(offers)
    negotiation.expect_agreement()


@rfc7692("7.1", MUST, "a declined offer leaves the connection without compression")
@pytest.mark.parametrize("size", [100, 10_000])
@pytest.mark.needs("answer")
async def test_declined_offer_leaves_messages_uncompressed(negotiate: Negotiate, size: int) -> None:
    negotiation = await negotiate(f"{NAME}; unheard_of")
    negotiation.raw.needs_size(size)
    if not negotiation.response.accepted:
        pytest.skip("the server refuses the handshake, instead of declining the offer")
    if negotiation.answer is not None:
        pytest.skip("the server accepts the offer, which another case judges")
    await negotiation.raw.expect_served("as it is " * (size // 9))


@rfc7692("7.1", MUST, "after a declined offer RSV1 fails the connection")
async def test_compressed_message_after_a_declined_offer_fails_the_connection(negotiate: Negotiate) -> None:
    negotiation = await negotiate(f"{NAME}; unheard_of")
    if not negotiation.response.accepted:
        pytest.skip("the server refuses the handshake, instead of declining the offer")
    if negotiation.answer is not None:
        pytest.skip("the server accepts the offer, which another case judges")
    await negotiation.raw.send(*compressed_frames(Deflater().deflate(b"compressed, though it was declined")))
    await negotiation.raw.expect_failed()
