"""RFC 7692 §7.1.1: whether a message may refer back to the messages before it, for each direction alone."""

import pytest

from pytest_websocket.fixtures import (
    Agree,
    DeflatedConnection,
    Negotiate,
    RecordProperty,
    Target,
)
from pytest_websocket.plugin.compression import compressed_frames
from pytest_websocket.plugin.marks import MAY, MUST, rfc7692
from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.deflate_blocks import Blocks
from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.payloads import text_of

pytestmark = pytest.mark.needs("deflate", "answer")

SERVER = "permessage-deflate; server_no_context_takeover"
CLIENT = "permessage-deflate; client_no_context_takeover"
BOTH = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
NONE = "permessage-deflate"

SENTENCE = "a sentence that is said once and then again and again, so that it need not be repeated"


def keeps_our_window(connection: DeflatedConnection) -> None:
    if connection.agreement.client_no_context_takeover:
        pytest.skip("the server keeps no window of the client's messages (client_no_context_takeover)")


@rfc7692("7.1.1.1", MUST, "server_no_context_takeover is accepted by repeating it, or not at all")
@pytest.mark.parametrize("offer", [SERVER, BOTH], ids=["server", "both"])
@pytest.mark.needs("echo")
async def test_server_no_context_takeover_is_repeated(negotiate: Negotiate, offer: str) -> None:
    negotiation = await negotiate(offer)
    negotiation.expect_opened()


@rfc7692("7.1.1.1", MUST, "with server_no_context_takeover the server refers to no message before")
@pytest.mark.parametrize("offer", [SERVER, BOTH], ids=["server", "both"])
@pytest.mark.parametrize("size", [1, 10, 100, 1000])
@pytest.mark.needs("echo")
async def test_server_starts_every_message_with_an_empty_window(agree: Agree, offer: str, size: int) -> None:
    connection = await agree(offer)
    message = SENTENCE * size
    connection.needs_size(len(message))
    for _ in range(5):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.1.1.1", MUST, "the server keeps to server_no_context_takeover with other messages between")
@pytest.mark.needs("echo")
async def test_server_forgets_its_window_between_messages_of_all_kinds(agree: Agree) -> None:
    connection = await agree(SERVER)
    for number in range(12):
        message = SENTENCE * (number % 4)
        if number % 3 == 2:
            await connection.send(text(message))
        else:
            await connection.send_compressed(message, fragment=10 if number % 2 else 0)
        await connection.expect_echo(message)


@rfc7692("7.1.1.1", MUST, "server_no_context_takeover is for the server only: it keeps the client's window")
@pytest.mark.needs("echo")
async def test_server_no_context_takeover_leaves_the_clients_window_alone(agree: Agree) -> None:
    connection = await agree(SERVER)
    keeps_our_window(connection)
    for number in range(5):
        await connection.send_compressed(f"{SENTENCE}, {number}")
        await connection.expect_echo(f"{SENTENCE}, {number}")


@rfc7692(
    "7.1.1.2", MUST, "with client_no_context_takeover agreed on, the server inflates every message alone"
)
@pytest.mark.parametrize("offer", [CLIENT, BOTH], ids=["client", "both"])
@pytest.mark.parametrize("size", [1, 10, 1000])
async def test_server_inflates_every_message_alone(agree: Agree, offer: str, size: int) -> None:
    connection = await agree(offer)
    message = SENTENCE * size
    connection.needs_size(len(message))
    connection.deflater = Deflater(connection.agreement.client_max_window_bits, takeover=False)
    for _ in range(5):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.1.1.2", MAY, "a server may pass over client_no_context_takeover, which is only a hint")
async def test_answer_to_client_no_context_takeover_is_observed(
    agree: Agree, record_property: RecordProperty
) -> None:
    connection = await agree(CLIENT)
    agreed = connection.agreement.client_no_context_takeover
    record_property("observed", "repeated" if agreed else "passed over")
    await connection.send_compressed(SENTENCE)
    await connection.expect_echo(SENTENCE)


@rfc7692("7.2.2", MUST, "a client may forget its window at every message, also without being asked")
@pytest.mark.parametrize("offer", [NONE, SERVER], ids=["none", "server"])
async def test_client_may_forget_its_window_unasked(agree: Agree, offer: str) -> None:
    connection = await agree(offer)
    connection.deflater = Deflater(connection.agreement.client_max_window_bits, takeover=False)
    for number in range(5):
        await connection.send_compressed(f"{SENTENCE}, {number}")
        await connection.expect_echo(f"{SENTENCE}, {number}")


@rfc7692("7.2.2", MUST, "a message is inflated with the window that the messages before it have left")
@pytest.mark.parametrize("between", [0, 1, 10, 100])
@pytest.mark.needs("echo")
async def test_message_refers_back_to_an_earlier_message(unlimited: DeflatedConnection, between: int) -> None:
    keeps_our_window(unlimited)
    first = b"the first words of this connection"
    await unlimited.send(*compressed_frames(unlimited.in_request(Blocks().stored(first).message())))
    await unlimited.expect_echo(first.decode())
    for number in range(between):
        filler = f"{number:03}"
        data = unlimited.in_request(Blocks().fixed(filler.encode()).message())
        await unlimited.send(*compressed_frames(data))
        await unlimited.expect_echo(filler)
    distance = unlimited.distance(len(first) + 3 * between, messages=between + 1)
    reference = Blocks().fixed((len(first), distance)).message()
    await unlimited.send(*compressed_frames(unlimited.in_request(reference)))
    await unlimited.expect_echo(first.decode())


@rfc7692("7.2.2", MUST, "the window moves on when more was sent than it can hold")
@pytest.mark.parametrize("size", [10_000, 40_000])
@pytest.mark.needs("echo")
async def test_message_refers_back_when_more_was_sent_than_a_window_holds(
    unlimited: DeflatedConnection, size: int
) -> None:
    keeps_our_window(unlimited)
    unlimited.needs_size(size + 8)
    message = text_of(size)
    for number in range(8):
        said = f"{message}{number:08}"
        data = unlimited.in_request(Blocks().stored(said.encode()).message())
        await unlimited.send(*compressed_frames(data))
        await unlimited.expect_echo(said)
        reference = Blocks().fixed((8, unlimited.distance(8, messages=1))).message()
        await unlimited.send(*compressed_frames(unlimited.in_request(reference)))
        await unlimited.expect_echo(f"{number:08}")


@rfc7692("7.2.2", MUST, "the window is kept over a message in fragments, each fragment a part of it")
async def test_message_refers_back_to_a_fragmented_message(unlimited: DeflatedConnection) -> None:
    keeps_our_window(unlimited)
    for number in range(6):
        await unlimited.send_compressed(f"{SENTENCE}, {number}", fragment=3 if number % 2 else 0)
        await unlimited.expect_echo(f"{SENTENCE}, {number}")


@rfc7692("7.2.2", MUST, "an uncompressed message is no part of the window")
@pytest.mark.needs("echo")
async def test_uncompressed_message_is_no_part_of_the_window(unlimited: DeflatedConnection) -> None:
    keeps_our_window(unlimited)
    said = Blocks().fixed(b"compressed").message()
    await unlimited.send(*compressed_frames(unlimited.in_request(said)))
    await unlimited.send(text("plain text, of just any length"))
    said = Blocks().fixed(b"and ", (10, unlimited.distance(14, messages=1))).message()
    await unlimited.send(*compressed_frames(unlimited.in_request(said)))
    await unlimited.expect_echo("compressed", "plain text, of just any length", "and compressed")


@rfc7692("7.2.2", MUST, "an empty message leaves the window as it is")
@pytest.mark.parametrize("data", [b"\x00", b"\x02\x00"], ids=["stored", "fixed"])
@pytest.mark.needs("echo")
async def test_empty_message_leaves_the_window_as_it_is(unlimited: DeflatedConnection, data: bytes) -> None:
    keeps_our_window(unlimited)
    reference = (6, unlimited.distance(6, messages=2))
    before, after = Blocks().fixed(b"before").message(), Blocks().fixed(reference, b", after").message()
    for said in (before, data, after):
        await unlimited.send(*compressed_frames(unlimited.in_request(said)))
    await unlimited.expect_echo("before", "", "before, after")


@rfc7692("7.2.2", MUST, "each direction has a window of its own")
@pytest.mark.needs("echo")
async def test_answers_are_no_part_of_the_clients_window(unlimited: DeflatedConnection) -> None:
    keeps_our_window(unlimited)
    for data, message in (
        (Blocks().fixed(b"alpha "), "alpha "),
        (Blocks().fixed(b"beta  "), "beta  "),
        (Blocks().fixed((6, unlimited.distance(12, messages=2))), "alpha "),
        (Blocks().fixed((6, unlimited.distance(12, messages=2))), "beta  "),
    ):
        await unlimited.send(*compressed_frames(unlimited.in_request(data.message())))
        await unlimited.expect_echo(message)


@rfc7692("7.2.2", MUST, "a new connection starts with an empty window, whatever was sent on others")
@pytest.mark.needs("echo")
async def test_new_connection_starts_with_an_empty_window(agree: Agree) -> None:
    other = await agree(NONE, name="another client")
    secret = "a secret of another client, which no one else may read " * 10
    await other.send_compressed(secret)
    await other.expect_echo(secret)
    connection = await agree(NONE)
    await connection.send(*compressed_frames(Blocks().fixed((40, 40)).message()))
    await connection.expect_failed()


@rfc7692("7.2.2", MUST, "a new connection starts with an empty window when an old one has closed as well")
@pytest.mark.needs("echo")
async def test_new_connection_inherits_no_window_of_a_closed_one(agree: Agree) -> None:
    for number in range(3):
        other = await agree(NONE, name=f"connection {number} before")
        await other.send_compressed("a secret of another client, which no one else may read " * 10)
        await other.expect_echo("a secret of another client, which no one else may read " * 10)
        await other.close()
    connection = await agree(NONE)
    await connection.send(*compressed_frames(Blocks().fixed((40, 40)).message()))
    await connection.expect_failed()


@rfc7692("7.2.2", MUST, "connections that take turns keep their windows apart")
@pytest.mark.parametrize("offer", [NONE, BOTH], ids=["takeover", "no takeover"])
async def test_connections_keep_their_windows_apart(agree: Agree, offer: str) -> None:
    connections = [await agree(offer, name=f"connection {number}") for number in range(4)]
    for turn in range(6):
        for number, connection in enumerate(connections):
            message = f"connection {number} says for the {turn}. time what only connection {number} says " * 5
            await connection.send_compressed(message)
        for number, connection in enumerate(connections):
            message = f"connection {number} says for the {turn}. time what only connection {number} says " * 5
            await connection.expect_echo(message)


@rfc7692("7.2.2", MUST, "a connection's window outlives the failure of another connection")
@pytest.mark.needs("echo")
async def test_window_outlives_the_failure_of_another_connection(agree: Agree) -> None:
    connection = await agree(NONE)
    await connection.send_compressed(SENTENCE)
    await connection.expect_echo(SENTENCE)
    broken = await agree(NONE, name="a broken one")
    await broken.send(*compressed_frames(b"\x07"))
    await broken.expect_failed()
    await connection.send_compressed(SENTENCE)
    await connection.expect_echo(SENTENCE)


@rfc7692("7.2.1", MAY, "a server may keep its window or not; how small a repeated message gets is observed")
@pytest.mark.needs("echo")
async def test_size_of_a_repeated_message_is_observed(
    unlimited: DeflatedConnection, target: Target, record_property: RecordProperty
) -> None:
    message = " ".join(str(number * number * 7919) for number in range(300))
    sizes = []
    for _ in range(2):
        await unlimited.send_compressed(message)
        frames = [await unlimited.frame()]
        while frames[-1].message is None:
            frames.append(await unlimited.frame())
        assert frames[-1].message.content == target.answer(message)
        sizes.append(sum(len(received.frame.payload) for received in frames))
    record_property("observed", f"{sizes[0]} bytes, then {sizes[1]}")
