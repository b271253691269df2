"""RFC 6455 §10.4 and §7.4.1: messages beyond the server's limit."""

import pytest

from pytest_websocket.fixtures import RawConnection, Target
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import BINARY, TEXT, Frame, binary, continuation, text


@pytest.fixture
def limit(target: Target) -> int:
    """Returns the target's limit of a message in bytes; skips where the options do not name one."""
    if target.promised_limit is None:
        pytest.skip("the target's message limit is not known; --ws-max-message names it")
    return target.promised_limit


@rfc6455("10.4", MUST, "a message beyond the limit is refused, not taken")
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_message_beyond_the_limit_fails_the_connection(
    raw: RawConnection, limit: int, opcode: int
) -> None:
    await raw.send(Frame(opcode, b"x" * (limit + 1)))
    await raw.expect_failed()


@rfc6455("7.4.1", SHOULD, "the Close frame that answers a message beyond the limit carries 1009")
async def test_message_beyond_the_limit_is_refused_with_1009(raw: RawConnection, limit: int) -> None:
    await raw.send(text("x" * (limit + 1)))
    await raw.expect_failed(code=1009)


@rfc6455("10.4", SHOULD, "a frame beyond the limit is refused by its announced length, before its data")
@pytest.mark.parametrize(
    "length", [1, 1 << 20, 10 << 30, (1 << 63) - 1], ids=["1 more", "1 MiB more", "10 GiB", "2^63-1"]
)
async def test_announced_length_beyond_the_limit_fails_the_connection(
    raw: RawConnection, limit: int, length: int
) -> None:
    announced = min(limit + length, (1 << 63) - 1)
    await raw.send(binary(b"only the beginning"), length=announced, length_bits=64)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("10.4", MUST, "the limit counts for the message, not for each of its fragments")
@pytest.mark.parametrize("parts", [2, 10])
async def test_fragments_beyond_the_limit_fail_the_connection(
    raw: RawConnection, limit: int, parts: int
) -> None:
    size = limit // parts + 1
    await raw.send(text("x" * size, fin=False))
    for number in range(1, parts):
        await raw.send(continuation("x" * size, fin=number == parts - 1))
    await raw.expect_failed()


@rfc6455("10.4", MUST, "a message as long as the limit is still taken")
@pytest.mark.needs("answer")
async def test_message_of_the_limit_is_taken(raw: RawConnection, limit: int) -> None:
    await raw.send(text("x" * limit))
    await raw.expect_echo("x" * limit)


@rfc6455("10.4", MUST, "messages below the limit do not add up to it")
@pytest.mark.needs("answer")
async def test_messages_below_the_limit_do_not_add_up(raw: RawConnection, limit: int) -> None:
    size = limit // 2 + 1
    for letter in "abc":
        await raw.send(text(letter * size))
        await raw.expect_echo(letter * size)


@rfc6455("10.4", MUST, "fragments of one message do not count for the next")
@pytest.mark.needs("answer")
async def test_fragmented_messages_below_the_limit_do_not_add_up(raw: RawConnection, limit: int) -> None:
    half = limit // 3
    for letter in "abc":
        await raw.send(text(letter * half, fin=False), continuation(letter * half))
        await raw.expect_echo(letter * half * 2)
