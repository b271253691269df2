"""RFC 7692 §5: offering permessage-deflate among other extensions, several times, and not at all."""

import pytest

from pytest_websocket.fixtures import Agree, DeflatedConnection, Dial, Negotiate, RecordProperty
from pytest_websocket.plugin.compression import compressed_frames
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455, rfc7692
from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.frames import BINARY, TEXT, binary, text
from pytest_websocket.protocol.handshake import Request

pytestmark = pytest.mark.needs("deflate")


@rfc6455("9.1", MUST, "a server accepts no extension that the client did not offer")
async def test_server_accepts_no_compression_without_an_offer(negotiate: Negotiate) -> None:
    negotiation = await negotiate()
    negotiation.expect_declined()
    await negotiation.raw.expect_served()


@rfc6455("9.1", MUST, "a connection without an offer stays without compression, whatever others agreed on")
@pytest.mark.needs("answer")
async def test_server_compresses_nothing_without_an_offer(
    negotiate: Negotiate, deflated: DeflatedConnection
) -> None:
    await deflated.send_compressed("compressed " * 100)
    await deflated.expect_echo("compressed " * 100)
    plain = (await negotiate()).raw
    for size in (100, 10_000):
        message = "not compressed " * (size // 10)
        await plain.send(text(message))
        await plain.expect_echo(message)


@rfc6455("9.1", MUST, "a connection without an offer stays without compression for bytes as well")
@pytest.mark.needs("binary")
async def test_server_compresses_no_bytes_without_an_offer(negotiate: Negotiate) -> None:
    plain = (await negotiate()).raw
    for message in (b"not compressed " * 10, b"not compressed " * 1000):
        await plain.send(binary(message))
        await plain.expect_echo(message)


@rfc7692("6", MUST, "on a connection without compression RSV1 fails the connection")
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_compressed_message_without_an_agreement_fails_the_connection(
    negotiate: Negotiate, opcode: int
) -> None:
    negotiation = await negotiate()
    data = Deflater().deflate(b"compressed, though never agreed on")
    await negotiation.raw.send(*compressed_frames(data, opcode))
    await negotiation.raw.expect_failed()


OFFERS = {
    "as browsers do": ["permessage-deflate; client_max_window_bits"],
    "bare": ["permessage-deflate"],
    "twice": ["permessage-deflate, permessage-deflate"],
    "twice on two lines": ["permessage-deflate", "permessage-deflate"],
    "narrow first": ["permessage-deflate; server_max_window_bits=10, permessage-deflate"],
    "narrow first on two lines": ["permessage-deflate; server_max_window_bits=10", "permessage-deflate"],
    "wide first": ["permessage-deflate, permessage-deflate; server_max_window_bits=10"],
    "three": [
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, "
        "permessage-deflate; server_no_context_takeover, permessage-deflate"
    ],
    "behind an unknown one": ["x-unheard-of, permessage-deflate"],
    "before an unknown one": ["permessage-deflate, x-unheard-of"],
    "between unknown ones": ["x-first; a=1, permessage-deflate; client_max_window_bits, x-last; b"],
    "unknown ones on lines of their own": ["x-first; a=1", "permessage-deflate", "x-last"],
    "behind an unknown one with a quoted value": ['x-unheard-of; a="b", permessage-deflate'],
    "behind an old one": ["x-webkit-deflate-frame, permessage-deflate"],
    "behind another compression": ["permessage-unheard-of, permessage-deflate"],
}


@rfc7692(
    "5", MUST, "the answer holds only what was offered, permessage-deflate once, within one of its offers"
)
@pytest.mark.parametrize("offers", OFFERS.values(), ids=OFFERS.keys())
async def test_answer_stays_within_the_offers(negotiate: Negotiate, offers: list[str]) -> None:
    negotiation = await negotiate(*offers)
    if not negotiation.response.accepted:
        pytest.skip(f"the server refuses the handshake, which other cases judge: {negotiation.response}")
    negotiation.expect_opened()
    # These names exist only here, so that no server can accept them on purpose.
    invented = [name for name in ("x-unheard-of", "x-first", "x-last") if name in (negotiation.answer or "")]
    assert not invented, f"the server accepted {invented}, which exist only here: {negotiation.answer!r}"


@rfc7692("5", MUST, "the answer is to the offers of its own handshake, not to those of another client")
async def test_answer_is_to_the_offers_of_this_client(negotiate: Negotiate) -> None:
    for offer in ("permessage-deflate; client_max_window_bits", "permessage-deflate"):
        negotiation = await negotiate(offer)
        negotiation.expect_legal()


@rfc7692("5", SHOULD, "a server that compresses finds the offer at any place in the list")
@pytest.mark.parametrize("offers", OFFERS.values(), ids=OFFERS.keys())
async def test_offer_is_found_wherever_it_stands(negotiate: Negotiate, offers: list[str]) -> None:
    negotiation = await negotiate(*offers)
    negotiation.expect_agreement()


@rfc7692("5", MUST, "messages are exchanged as the answer says, whichever of the offers it accepts")
@pytest.mark.parametrize("offers", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.needs("answer")
async def test_messages_follow_the_accepted_offer(agree: Agree, offers: list[str]) -> None:
    connection = await agree(*offers)
    for number in range(3):
        message = f"message {number} " * 100
        await connection.send_compressed(message)
        await connection.expect_echo(message)


PREFERENCES = {
    "narrow first": ["permessage-deflate; server_max_window_bits=10", "permessage-deflate"],
    "wide first": ["permessage-deflate", "permessage-deflate; server_max_window_bits=10"],
    "no takeover first": ["permessage-deflate; server_no_context_takeover", "permessage-deflate"],
    "takeover first": ["permessage-deflate", "permessage-deflate; server_no_context_takeover"],
}


@rfc7692("5", SHOULD, "of several offers that a server could accept, it accepts the first")
@pytest.mark.parametrize("offers", PREFERENCES.values(), ids=PREFERENCES.keys())
async def test_first_acceptable_offer_is_preferred(negotiate: Negotiate, offers: list[str]) -> None:
    alone = [(await negotiate(offer, name=f"offer {number} alone")) for number, offer in enumerate(offers, 1)]
    if None in (negotiation.answer for negotiation in alone):
        pytest.skip("the server declines one of the offers where it stands alone")
    if alone[0].agreement == alone[1].agreement:
        pytest.skip("the server answers the same to both offers")
    both = await negotiate(", ".join(offers))
    both.expect_opened()
    assert both.agreement == alone[0].agreement, f"offered {both.offers[0]!r}, answered {both.answer!r}"


LIKENESSES = {
    "shorter": "permessage-deflat",
    "longer": "permessage-deflate2",
    "with a prefix": "x-permessage-deflate",
    "with a suffix": "permessage-deflate-fast",
    "inside a quoted value": 'x-unheard-of; a="permessage-deflate"',
    "as a parameter": "x-unheard-of; permessage-deflate",
    "as a value": "x-unheard-of; a=permessage-deflate",
}


@rfc6455("9.1", MUST, "an extension is recognised by its whole name, where a name is expected")
@pytest.mark.parametrize("offer", LIKENESSES.values(), ids=LIKENESSES.keys())
async def test_something_like_the_name_is_not_accepted(negotiate: Negotiate, offer: str) -> None:
    negotiation = await negotiate(offer)
    negotiation.expect_opened()
    await negotiation.raw.expect_served()


SPELLINGS = {
    "no space": "permessage-deflate;server_max_window_bits=12",
    "many spaces": "permessage-deflate  ;   server_max_window_bits=12",
    "tabs": "permessage-deflate\t;\tserver_max_window_bits=12",
    "spaces around the equals sign": "permessage-deflate; server_max_window_bits = 12",
    "quoted": 'permessage-deflate; server_max_window_bits="12"',
    "quoted with an escape": 'permessage-deflate; server_max_window_bits="1\\2"',
    "empty elements": ", permessage-deflate; server_max_window_bits=12,,",
}


@rfc6455(
    "9.1", MUST, "an offer means the same however it is spelt: it is declined, or taken for what it says"
)
@pytest.mark.parametrize("offer", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_legal_spelling_is_read_for_what_it_says(
    negotiate: Negotiate, record_property: RecordProperty, offer: str
) -> None:
    negotiation = await negotiate(offer)
    record_property("observed", negotiation.answer or str(negotiation.response))
    # A server may be too strict about spaces and quotes; it must not accept something else than was offered.
    negotiation.expect_legal()


@rfc6455("9.1", SHOULD, "every legal spelling of an offer is understood")
@pytest.mark.parametrize("offer", SPELLINGS.values(), ids=SPELLINGS.keys())
async def test_legal_spelling_is_understood(negotiate: Negotiate, offer: str) -> None:
    plain = await negotiate("permessage-deflate; server_max_window_bits=12", name="spelt as usual")
    if plain.agreement is None:
        pytest.skip("the server declines server_max_window_bits=12 in its usual spelling")
    negotiation = await negotiate(offer)
    negotiation.expect_agreement()


@rfc6455("9.1", SHOULD, "header names are compared without regard to case")
@pytest.mark.parametrize(
    "header", ["sec-websocket-extensions", "SEC-WEBSOCKET-EXTENSIONS"], ids=["lower case", "upper case"]
)
async def test_offer_is_found_under_a_header_name_in_any_case(
    dial: Dial, opening: Request, header: str
) -> None:
    connection = await dial()
    request = opening.having(header, "permessage-deflate")
    response = await connection.handshake(request)
    assert response.accepted, f"the server refused the handshake: {response}"
    assert response.value("Sec-WebSocket-Extensions") is not None, f"the server did not see {header}"


@rfc7692("5", MAY, "a server may decline every offer; what it answers to the one of browsers is observed")
async def test_answer_to_the_usual_offer_is_observed(
    negotiate: Negotiate, record_property: RecordProperty
) -> None:
    negotiation = await negotiate("permessage-deflate; client_max_window_bits")
    negotiation.expect_opened()
    record_property("observed", negotiation.answer or "declined")


@rfc7692("5", MUST, "what one connection agrees on binds no other")
@pytest.mark.needs("answer")
async def test_agreements_of_two_connections_are_independent(agree: Agree, negotiate: Negotiate) -> None:
    narrow = await agree("permessage-deflate; server_no_context_takeover; client_no_context_takeover")
    wide = await agree("permessage-deflate; client_max_window_bits", name="another")
    plain = (await negotiate(name="without compression")).raw
    for number in range(5):
        message = f"the same words again and again, {number} " * 20
        await narrow.send_compressed(message)
        await wide.send_compressed(message)
        await plain.send(text(message))
        for raw in (wide, plain, narrow):
            await raw.expect_echo(message)
