"""RFC 7692 §7.1.2: how far back a message may refer, for each direction alone."""

import random

import pytest

from pytest_websocket.fixtures import Agree, DeflatedConnection, Negotiate, RecordProperty
from pytest_websocket.plugin.compression import compressed_frames
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc7692
from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.deflate_blocks import Blocks

pytestmark = pytest.mark.needs("deflate")

NAME = "permessage-deflate"
BITS = range(8, 16)

LONGEST_MATCH = 258


def letters(count: int, seed: int = 7) -> str:
    """Text that has nothing in common with itself, so that only a repetition of it can be referred to."""
    return "".join(
        random.Random(seed).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01", k=count)
    )


async def agree_on(agree: Agree, offer: str, direction: str, bits: int) -> tuple[DeflatedConnection, int]:
    """Returns a connection with a limited window of ``direction``; skips where the server limits nothing."""
    connection = await agree(offer)
    agreed = getattr(connection.agreement, f"{direction}_max_window_bits")
    if direction == "client" and agreed == 15 and bits != 15:
        pytest.skip(f"the server makes no use of the client's hint in {offer!r}")
    return connection, agreed


@rfc7692(
    "7.1.2.1", MUST, "server_max_window_bits is accepted by repeating it with the same or a smaller value"
)
@pytest.mark.parametrize("bits", BITS)
async def test_server_answers_with_no_larger_window_than_offered(
    negotiate: Negotiate, record_property: RecordProperty, bits: int
) -> None:
    """It may decline; which sizes it accepts is recorded."""
    offer = f"{NAME}; server_max_window_bits={bits}"
    negotiation = await negotiate(offer)
    if not negotiation.response.accepted:
        pytest.skip(f"the server refuses the handshake, which another case judges: {negotiation.response}")
    record_property("observed", negotiation.answer or "declined")
    negotiation.expect_legal()


@rfc7692("7.1.2.1", SHOULD, "server_max_window_bits is repeated even where it limits nothing")
async def test_server_repeats_a_window_that_limits_nothing(negotiate: Negotiate) -> None:
    negotiation = await negotiate(f"{NAME}; server_max_window_bits=15")
    if negotiation.agreement is None:
        pytest.skip("the server declined server_max_window_bits=15")
    assert "server_max_window_bits" in (negotiation.answer or ""), f"answered {negotiation.answer!r}"


@rfc7692("7.1.2.2", MUST, "client_max_window_bits is in no answer unless the client has offered it")
@pytest.mark.parametrize(
    "offer",
    [NAME, f"{NAME}; server_max_window_bits=10", f"{NAME}; server_no_context_takeover"],
    ids=["bare", "server bits", "server takeover"],
)
async def test_server_does_not_limit_a_client_that_has_not_offered_it(
    negotiate: Negotiate, offer: str
) -> None:
    negotiation = await negotiate(offer)
    assert "client_max_window_bits" not in (negotiation.answer or ""), (
        f"offered {offer!r}, answered {negotiation.answer!r}"
    )


@rfc7692("7.1.2.2", MUST, "client_max_window_bits in an answer has a value, a decimal number from 8 to 15")
@pytest.mark.parametrize("value", ["", *(f"={bits}" for bits in BITS)], ids=["none", *map(str, BITS)])
async def test_server_limits_the_client_by_a_legal_value(negotiate: Negotiate, value: str) -> None:
    offer = f"{NAME}; client_max_window_bits{value}"
    negotiation = await negotiate(offer)
    if not negotiation.response.accepted:
        pytest.skip(f"the target refuses the offer {offer!r}, so there is no answer to judge")
    negotiation.expect_opened()


@rfc7692("7.1.2.2", SHOULD, "a server that makes use of the client's hint answers no larger value")
@pytest.mark.parametrize("bits", BITS)
async def test_server_answers_no_larger_client_window_than_hinted(negotiate: Negotiate, bits: int) -> None:
    offer = f"{NAME}; client_max_window_bits={bits}"
    negotiation = await negotiate(offer)
    negotiation.expect_legal()
    if negotiation.agreement and "client_max_window_bits" in str(negotiation.answer):
        assert negotiation.agreement.client_max_window_bits <= bits, (
            f"offered {offer!r}, answered {negotiation.answer!r}"
        )


@rfc7692("7.2.1", MUST, "the server refers back no farther than server_max_window_bits allows, in a message")
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("beyond", [1, 5000])
@pytest.mark.needs("echo")
async def test_server_keeps_its_window_within_a_message(agree: Agree, bits: int, beyond: int) -> None:
    connection, agreed = await agree_on(agree, f"{NAME}; server_max_window_bits={bits}", "server", bits)
    distance = (1 << agreed) + beyond
    message = letters(distance) * 2
    connection.needs_size(len(message))
    for text in (message, letters(LONGEST_MATCH) * 20):
        await connection.send_compressed(text)
        await connection.expect_echo(text)


@rfc7692("7.2.1", MUST, "the server refers back no farther than it may from message to message either")
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.needs("echo")
async def test_server_keeps_its_window_from_message_to_message(agree: Agree, bits: int) -> None:
    connection, agreed = await agree_on(agree, f"{NAME}; server_max_window_bits={bits}", "server", bits)
    rounds = [letters(max((1 << agreed) // 4, 200), seed) for seed in range(5)]
    for message in rounds * 3:
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.2.1", MUST, "a limit of the server's window does not wear off")
@pytest.mark.parametrize("bits", [8, 9, 12])
@pytest.mark.needs("echo")
async def test_server_keeps_its_window_message_after_message(agree: Agree, bits: int) -> None:
    connection, agreed = await agree_on(agree, f"{NAME}; server_max_window_bits={bits}", "server", bits)
    message = letters((1 << agreed) + 100) * 2
    connection.needs_size(len(message))
    for _ in range(10):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.2.1", MUST, "without context takeover the limit of the server's window counts as well")
@pytest.mark.parametrize("bits", [8, 9, 10, 15])
@pytest.mark.needs("echo")
async def test_server_keeps_its_window_without_context_takeover(agree: Agree, bits: int) -> None:
    offer = f"{NAME}; server_no_context_takeover; server_max_window_bits={bits}"
    connection, agreed = await agree_on(agree, offer, "server", bits)
    message = letters((1 << agreed) + 100) * 2
    connection.needs_size(len(message))
    for _ in range(3):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.1.2.1", MUST, "server_max_window_bits limits the server only: the client's window keeps its size")
@pytest.mark.parametrize("bits", [8, 9, 10, 12])
@pytest.mark.needs("echo")
async def test_limit_of_the_server_leaves_the_clients_window_whole(agree: Agree, bits: int) -> None:
    connection, _ = await agree_on(agree, f"{NAME}; server_max_window_bits={bits}", "server", bits)
    connection.needs_size(33_100)
    await refer_back(connection, 1 << 15)


@rfc7692("7.2.2", MUST, "a reference as far back as the window reaches is understood, in a message")
@pytest.mark.parametrize("short", [0, 1, 2, 262, 263], ids=lambda short: f"{short} bytes short of it")
@pytest.mark.needs("echo")
async def test_reference_across_the_whole_window_is_understood(
    unlimited: DeflatedConnection, short: int
) -> None:
    unlimited.needs_size(33_100)
    await refer_back(unlimited, (1 << unlimited.agreement.client_max_window_bits) - short)


async def refer_back(connection: DeflatedConnection, distance: int) -> None:
    start = letters(distance)
    data = Blocks()
    for at in range(0, distance, 60_000):
        data.stored(start[at : at + 60_000].encode())
    whole = connection.in_request(data.fixed((LONGEST_MATCH, distance)).message())
    await connection.send(*compressed_frames(whole))
    await connection.expect_echo(start + (start * 2)[:LONGEST_MATCH])


@rfc7692(
    "7.2.2", MUST, "a reference as far back as the window reaches is understood, into an earlier message"
)
@pytest.mark.parametrize("messages", [1, 4, 40])
@pytest.mark.needs("echo")
async def test_reference_across_many_messages_is_understood(
    unlimited: DeflatedConnection, messages: int
) -> None:
    if unlimited.agreement.client_no_context_takeover:
        pytest.skip("the server keeps no window of the client's messages (client_no_context_takeover)")
    unlimited.needs_plain_messages()
    size = 1 << unlimited.agreement.client_max_window_bits
    start = letters(size)
    piece = size // messages
    cuts = [start[at : at + piece] for at in range(0, size, piece)]
    for cut in cuts:
        await unlimited.send(*compressed_frames(Blocks().stored(cut.encode()).message()))
        await unlimited.expect_echo(cut)
    await unlimited.send(*compressed_frames(Blocks().fixed((100, size)).message()))
    await unlimited.expect_echo(start[:100])


@rfc7692("7.2.2", MUST, "the window moves on with every message, and holds the newest data")
@pytest.mark.needs("echo")
async def test_window_moves_on_with_every_message(unlimited: DeflatedConnection) -> None:
    if unlimited.agreement.client_no_context_takeover:
        pytest.skip("the server keeps no window of the client's messages (client_no_context_takeover)")
    unlimited.needs_size(20_000)
    unlimited.needs_plain_messages()
    size = 1 << unlimited.agreement.client_max_window_bits
    pieces = [letters(20_000, seed) for seed in range(8)]
    for piece in pieces:
        await unlimited.send(*compressed_frames(Blocks().stored(piece.encode()).message()))
        await unlimited.expect_echo(piece)
    said = "".join(pieces)
    await unlimited.send(*compressed_frames(Blocks().fixed((200, size)).message()))
    await unlimited.expect_echo(said[-size:][:200])


@rfc7692("7.2.2", MUST, "a window that the server has limited is as large as agreed on")
@pytest.mark.parametrize("value", ["", *(f"={bits}" for bits in BITS)], ids=["none", *map(str, BITS)])
@pytest.mark.needs("echo")
async def test_limited_window_is_as_large_as_agreed(agree: Agree, value: str) -> None:
    connection = await agree(f"{NAME}; client_max_window_bits{value}")
    connection.needs_size(33_100)
    await refer_back(connection, 1 << connection.agreement.client_max_window_bits)


@rfc7692(
    "7.2.2",
    MUST,
    "messages compressed within the window that was agreed on are understood, one after another",
)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.needs("echo")
async def test_messages_within_the_agreed_window_are_understood(agree: Agree, bits: int) -> None:
    connection, agreed = await agree_on(agree, f"{NAME}; client_max_window_bits={bits}", "client", bits)
    connection.deflater = Deflater(
        min(bits, agreed), takeover=not connection.agreement.client_no_context_takeover
    )
    message = letters(1 << 9) * 3
    connection.needs_size(len(message))
    for number in range(5):
        await connection.send_compressed(f"{number}{message}")
        await connection.expect_echo(f"{number}{message}")


@rfc7692("7.1.2.2", MUST, "client_max_window_bits is for the client: the server's data is inflated as ever")
@pytest.mark.parametrize("bits", [8, 9, 12])
@pytest.mark.needs("echo")
async def test_limit_of_the_client_leaves_the_servers_messages_whole(agree: Agree, bits: int) -> None:
    connection = await agree(f"{NAME}; client_max_window_bits={bits}")
    connection.needs_size(40_000)
    message = letters(20_000) * 2
    for _ in range(2):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.1.2", MUST, "both windows may be limited at once, to different sizes")
@pytest.mark.parametrize(("server", "client"), [(9, 15), (15, 9), (8, 8), (10, 12)])
@pytest.mark.needs("echo")
async def test_both_windows_are_limited_at_once(agree: Agree, server: int, client: int) -> None:
    connection = await agree(f"{NAME}; server_max_window_bits={server}; client_max_window_bits={client}")
    connection.needs_size(20_000)
    message = letters(5000) * 2
    for number in range(3):
        await connection.send_compressed(f"{number}{message}")
        await connection.expect_echo(f"{number}{message}")
