"""RFC 7692 §7.2.1: what the server compresses can be inflated, and has its last four bytes cut off."""

import random

import pytest

from pytest_websocket.fixtures import Abilities, Agree, DeflatedConnection, RecordProperty, Target
from pytest_websocket.plugin.compression import compressed_frames
from pytest_websocket.plugin.marks import MAY, MUST, rfc7692
from pytest_websocket.protocol.deflate import TAIL
from pytest_websocket.protocol.frames import text

pytestmark = pytest.mark.needs("deflate", "echo")

OFFERS = {
    "as browsers do": "permessage-deflate; client_max_window_bits",
    "no takeover": "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    "server no takeover": "permessage-deflate; server_no_context_takeover",
    "small window": "permessage-deflate; server_max_window_bits=9",
}

CONTENTS = {
    "empty": "",
    "one letter": "a",
    "short": "Hello",
    "a run": "x" * 1000,
    "a long run": "x" * 70_000,
    "not compressible": "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=5000)),
    "Cyrillic": "Съешь ещё этих мягких французских булок, да выпей же чаю. " * 30,
    "emoji": "🙂🙃😀" * 300,
    "NUL": "\x00" * 100,
    "digits": " ".join(map(str, range(10_000))),
}


@rfc7692(
    "7.2.1", MUST, "what the server compresses inflates to its message, in the agreed window, to the end"
)
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
async def test_answer_inflates_to_its_message(agree: Agree, offer: str, content: str) -> None:
    connection = await agree(offer)
    connection.needs_size(len(content.encode()))
    for _ in range(3):
        await connection.send_compressed(content)
        await connection.expect_echo(content)


@rfc7692("7.2.1", MUST, "what the server compresses does not depend on whether the question was compressed")
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
async def test_answer_to_an_uncompressed_message_is_legal(deflated: DeflatedConnection, content: str) -> None:
    deflated.needs_size(len(content.encode()))
    for _ in range(2):
        await deflated.send(text(content))
        await deflated.expect_echo(content)


@rfc7692("7.2.1", MUST, "binary messages are compressed like text")
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.parametrize("size", [0, 1, 1000, 70_000])
@pytest.mark.needs("binary")
async def test_binary_answer_inflates_to_its_message(agree: Agree, offer: str, size: int) -> None:
    connection = await agree(offer)
    connection.needs_size(size)
    for content in (random.Random(size).randbytes(size), bytes(size), b"\xff\x00" * (size // 2)):
        await connection.send_compressed(content)
        await connection.expect_echo(content)


@rfc7692("7.2.1", MUST, "the window of a connection holds nothing of another's")
@pytest.mark.parametrize("other", ["open", "reset"])
async def test_window_holds_nothing_of_another_connection(agree: Agree, other: str) -> None:
    message = "what was sent on the other connection is not in this one's window"
    first = await agree("permessage-deflate", name="other")
    await first.send_compressed(message)
    await first.expect_echo(message)
    if other == "reset":
        first.reset()
        await first.await_server_turn()
    second = await agree("permessage-deflate")
    for _ in range(2):
        await second.send_compressed(message)
        await second.expect_echo(message)


@rfc7692("7.2.1", MUST, "a repeated message is compressed anew: the window before it is another one")
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
async def test_repeated_answer_after_another_one_inflates(agree: Agree, offer: str) -> None:
    connection = await agree(offer)
    for message in ("short", "a longer one, which says more than that", "short", "short", "between"):
        for _ in range(3):
            await connection.send_compressed(message)
            await connection.expect_echo(message)


@rfc7692("7.2.1", MUST, "a hundred answers of growing length inflate one after another")
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
async def test_hundred_answers_inflate_one_after_another(agree: Agree, offer: str) -> None:
    connection = await agree(offer)
    for number in range(100):
        message = f"{number} " * number
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc7692("7.2.1", MUST, "answers to messages that were sent together inflate in their order")
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
async def test_answers_to_messages_sent_together_inflate_in_their_order(agree: Agree, offer: str) -> None:
    connection = await agree(offer)
    messages = [f"message {number} of a hundred that are sent together" for number in range(100)]
    await connection.send_compressed(*messages)
    await connection.expect_echo(*messages)


@rfc7692(
    "6.1", MAY, "a server may send any message uncompressed; from which length on it compresses is observed"
)
async def test_length_from_which_the_server_compresses_is_observed(
    deflated: DeflatedConnection, abilities: Abilities, record_property: RecordProperty
) -> None:
    compressed = []
    for size in (size for size in (1, 16, 64, 256, 1024, 4096, 16_384) if size <= abilities.max_message):
        await deflated.send_compressed("x" * size)
        if (await deflated.message()).compressed:
            compressed.append(size)
    record_property(
        "observed", f"compressed from {compressed[0]} bytes on" if compressed else "none compressed"
    )


@rfc7692("7.2.1", MAY, "a client has to cut the last four bytes off; a server may forgive one that does not")
@pytest.mark.parametrize("message", ["Hello", CONTENTS["Cyrillic"]], ids=["short", "long"])
async def test_uncut_tail_is_refused_or_passed_over(
    deflated: DeflatedConnection, target: Target, record_property: RecordProperty, message: str
) -> None:
    data = deflated.deflate(message) + TAIL
    await deflated.send(*compressed_frames(data))
    answer = await deflated.message_or_ending()
    record_property("observed", "refused" if answer is None else "accepted")
    assert answer is None or answer.content == target.answer(message), (
        f"it was read as something else: {answer}"
    )
