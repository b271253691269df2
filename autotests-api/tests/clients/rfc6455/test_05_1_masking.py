"""RFC 6455 §5.1, §5.3: a client masks each of its frames with a fresh key, and takes no masked one."""

import itertools
import math
from collections.abc import Callable

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455, security
from pytest_websocket.fixtures import ClientUnderTest, Conversation
from pytest_websocket.protocol.frames import PING, PONG, Frame, binary, close, continuation, ping, text
from pytest_websocket.protocol.payloads import text_of

MESSAGES = 400
ERROR = 1e-9
"""How often the statistical test accuses a client whose keys are random."""

MASKED = {
    "text": text("hello"),
    "empty text": text(""),
    "binary": binary(b"\x00\xff"),
    "ping": ping(b"hello"),
    "empty ping": ping(),
    "pong": Frame(PONG, b"hello"),
    "close": close(1000),
}

GUESSED_MASK = security(
    cwe=340,
    cve="CVE-2025-10148",
    asvs="11.5.1",
    severity="medium",
    gain="A page that knows the mask writes bytes of its choice to a proxy, and poisons its cache.",
)


async def keys_of(conversation: Conversation, count: int) -> list[bytes]:
    for number in range(count):
        await conversation.expect_echo(f"message {number}")
    return [header.mask_key for header in conversation.headers_received]


@rfc6455("5.1", MUST, "every message of a client is masked, whatever its length")
@pytest.mark.parametrize("size", [0, 1, 2, 3, 125, 126, 65535, 65536])
async def test_message_is_masked(conversation: Conversation, size: int) -> None:
    await conversation.expect_echo(text_of(size))
    assert all(header.masked for header in conversation.headers_received)


@rfc6455("5.1", MUST, "a Pong of a client is masked, also an empty one")
@pytest.mark.parametrize("payload", [b"", b"hello"])
async def test_pong_is_masked(conversation: Conversation, payload: bytes) -> None:
    await conversation.ping(payload)
    assert all(header.masked for header in conversation.headers_received)


@rfc6455("5.1", MUST, "a Close frame of a client is masked")
@pytest.mark.parametrize("code", [None, 1000])
async def test_close_is_masked(conversation: Conversation, code: int | None) -> None:
    await conversation.close(code)
    await conversation.expect_closed()
    assert all(header.masked for header in conversation.headers_received)


@GUESSED_MASK
@rfc6455("5.3", MUST, "the masking key is fresh for every frame")
async def test_key_is_fresh_for_every_frame(conversation: Conversation) -> None:
    keys = await keys_of(conversation, MESSAGES)
    # Of 400 random keys two are alike once in 54,000 runs, two pairs once in 5e9.
    assert len(set(keys)) >= MESSAGES - 1, f"{MESSAGES} frames have {len(set(keys))} keys"


@GUESSED_MASK
@rfc6455(
    "5.3", MUST, "the masking key cannot be predicted: each of its bits is set in about half of the frames"
)
async def test_bits_of_the_keys_are_balanced(conversation: Conversation) -> None:
    keys = await keys_of(conversation, MESSAGES)
    # Hoeffding's bound for each of 32 bits, so that together they stay below ERROR.
    allowed = math.sqrt(MESSAGES * math.log(2 * 32 / ERROR) / 2)
    for bit in range(32):
        ones = sum(int.from_bytes(key, "big") >> bit & 1 for key in keys)
        assert abs(ones - MESSAGES / 2) <= allowed, f"bit {bit} is set in {ones} of {MESSAGES} keys"


@GUESSED_MASK
@rfc6455("5.3", MUST, "the masking key cannot be predicted: it is no step from the key before it")
@pytest.mark.parametrize(
    "step",
    [
        lambda a, b: (b - a) % 2**32,
        lambda a, b: a ^ b,
        lambda a, b: (
            (int.from_bytes(b.to_bytes(4, "big")[::-1]) - int.from_bytes(a.to_bytes(4, "big")[::-1])) % 2**32
        ),
    ],
    ids=["difference", "exclusive or", "difference in the other byte order"],
)
async def test_key_is_no_step_from_the_key_before(
    conversation: Conversation, step: Callable[[int, int], int]
) -> None:
    keys = [int.from_bytes(key, "big") for key in await keys_of(conversation, 40)]
    steps = {step(before, after) for before, after in itertools.pairwise(keys)}
    assert len(steps) > 30, f"39 steps between keys take {len(steps)} values: {sorted(steps)[:4]}"


ANSWERED: dict[str, Frame] = {
    "empty text": text(""),
    "binary": binary(b"\x00\xff"),
    "fragments": text("hello", fin=False),
    "ping": ping(b"hello"),
    "empty ping": ping(),
}


@GUESSED_MASK
@rfc6455("5.3", MUST, "the masking key is fresh for every kind of frame, what is empty included")
@pytest.mark.parametrize("frame", ANSWERED.values(), ids=ANSWERED.keys())
async def test_key_is_fresh_for_every_kind_of_frame(conversation: Conversation, frame: Frame) -> None:
    for number in range(60):
        if frame.opcode == PING:
            await conversation.ping(frame.payload)
            continue
        await conversation.send_frame(frame, *([] if frame.fin else [continuation(str(number))]))
        await conversation.receive()
    keys = [header.mask_key for header in conversation.headers_received]
    # Of 60 random keys two are alike once in 2.4 million runs, two pairs once in 1e13.
    assert len(set(keys)) >= len(keys) - 1, f"{len(keys)} frames have {len(set(keys))} keys"


@GUESSED_MASK
@rfc6455("5.3", MUST, "the masking key of a Close frame is fresh, too")
async def test_key_of_the_close_frame_is_fresh(client_under_test: ClientUnderTest) -> None:
    keys: list[bytes] = []
    for _ in range(2):
        conversation = await client_under_test.opened()
        await conversation.ping(b"hello")
        await conversation.close(1000)
        await conversation.expect_closed()
        keys += [header.mask_key for header in conversation.headers_received]
    assert len(set(keys)) == len(keys), f"the keys of two connections: {[key.hex() for key in keys]}"


@GUESSED_MASK
@rfc6455("5.3", MUST, "the masking key differs from connection to connection")
async def test_first_keys_differ(client_under_test: ClientUnderTest) -> None:
    keys: list[bytes] = []
    for _ in range(4):
        keys += await keys_of(await client_under_test.opened(), 1)
    assert len(set(keys)) == 4, f"the first keys of four connections: {[key.hex() for key in keys]}"


@rfc6455("5.1", MUST, "a client ends the connection when a server frame is masked")
@pytest.mark.parametrize("frame", MASKED.values(), ids=MASKED.keys())
async def test_masked_frame_fails_the_connection(conversation: Conversation, frame: Frame) -> None:
    await conversation.send_frame(frame, masked=True)
    await conversation.expect_failed()


@rfc6455("5.1", MUST, "a masked frame is refused although its key is zero")
@pytest.mark.parametrize("frame", [text("hello"), ping(b"hello")], ids=["text", "ping"])
async def test_frame_masked_with_zeros_fails_the_connection(conversation: Conversation, frame: Frame) -> None:
    await conversation.send_frame(frame, masked=True, mask_key=bytes(4))
    await conversation.expect_failed()


@rfc6455("5.1", MUST, "a masked frame is refused after good messages as well")
@pytest.mark.parametrize("frame", [text("hello"), binary(b"hello")], ids=["text", "binary"])
async def test_masked_frame_after_good_messages_fails_the_connection(
    conversation: Conversation, frame: Frame
) -> None:
    for number in range(3):
        await conversation.expect_echo(f"good {number}")
    await conversation.send_frame(frame, masked=True)
    await conversation.expect_failed()


@rfc6455("5.1", MUST, "a masked fragment is refused")
async def test_masked_continuation_fails_the_connection(conversation: Conversation) -> None:
    await conversation.send_frame(text("not masked ", fin=False))
    await conversation.send_frame(continuation("masked"), masked=True)
    await conversation.expect_failed()


@rfc6455("5.1", SHOULD, "the Close frame that answers a masked frame carries 1002")
@pytest.mark.parametrize("frame", [text("hello"), ping(b"hello")], ids=["text", "ping"])
async def test_masked_frame_is_refused_with_1002(conversation: Conversation, frame: Frame) -> None:
    await conversation.send_frame(frame, masked=True)
    await conversation.expect_failed(1002)
