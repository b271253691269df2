"""RFC 6455 §10.4 under RFC 7692: the size of a message is that of the inflated data."""

import gc
import random
import tracemalloc
import zlib

import pytest

from pytest_websocket.fixtures import Agree, RecordProperty, Target
from pytest_websocket.plugin.compression import compressed_fragments, compressed_frames
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import BINARY

pytestmark = pytest.mark.needs("deflate")

MIB = 1 << 20


@pytest.fixture
def limit(target: Target) -> int:
    """Returns the target's limit of a message in bytes; skips where the options do not name one."""
    if target.promised_limit is None:
        pytest.skip("the target's message limit is not known; --ws-max-message names it")
    return target.promised_limit


def bomb(size: int) -> bytes:
    """Returns a message of ``size`` zeros, compressed a thousand to one."""
    compressor = zlib.compressobj(9, wbits=-15)
    parts = [compressor.compress(bytes(min(MIB, size - at))) for at in range(0, size, MIB)]
    return b"".join([*parts, compressor.flush(zlib.Z_SYNC_FLUSH)])[:-4]


@rfc6455("10.4", MUST, "a message is refused for the size that it inflates to")
@pytest.mark.parametrize("beyond", [1, 1000, MIB], ids=["1 byte more", "1000 bytes more", "1 MiB more"])
@pytest.mark.parametrize("opcode", [1, 2], ids=["text", "binary"])
async def test_compressed_message_beyond_the_limit_fails_the_connection(
    agree: Agree, limit: int, beyond: int, opcode: int
) -> None:
    connection = await agree("permessage-deflate")
    await connection.send(*compressed_frames(bomb(limit + beyond), opcode))
    await connection.expect_failed()


@rfc6455("7.4.1", SHOULD, "the Close frame that answers a message beyond the limit carries 1009")
async def test_compressed_message_beyond_the_limit_is_refused_with_1009(agree: Agree, limit: int) -> None:
    connection = await agree("permessage-deflate")
    await connection.send(*compressed_frames(bomb(limit + 1)))
    await connection.expect_failed(code=1009)


@rfc6455("10.4", MUST, "a message in fragments is refused for the size that all of it inflates to")
@pytest.mark.parametrize("count", [2, 10])
async def test_compressed_fragments_beyond_the_limit_fail_the_connection(
    agree: Agree, limit: int, count: int
) -> None:
    connection = await agree("permessage-deflate")
    data = bomb(limit + 1000)
    size = -(-len(data) // count)
    await connection.send(
        *compressed_fragments([data[at : at + size] for at in range(0, len(data), size)], BINARY)
    )
    await connection.expect_failed()


@rfc6455("10.4", MUST, "a compressed message as long as the limit is still taken")
@pytest.mark.parametrize("fragment", [0, 100], ids=["whole", "in fragments"])
@pytest.mark.needs("echo")
async def test_compressed_message_of_the_limit_is_taken(agree: Agree, limit: int, fragment: int) -> None:
    connection = await agree("permessage-deflate")
    connection.needs_plain_messages()
    await connection.send(*compressed_frames(bomb(limit), fragment=fragment))
    await connection.expect_echo("\x00" * limit)


# Which size a limit counts is not said, and some libraries count both.
@rfc6455("10.4", SHOULD, "a message as long as the limit is taken also where compression makes it longer")
@pytest.mark.parametrize("fragment", [0, 1 << 16], ids=["whole", "in fragments"])
@pytest.mark.needs("binary")
async def test_message_of_the_limit_that_compression_makes_longer_is_taken(
    agree: Agree, limit: int, fragment: int
) -> None:
    connection = await agree("permessage-deflate")
    noise = random.Random(limit).randbytes(limit)
    await connection.send_compressed(noise, fragment=fragment)
    await connection.expect_echo(noise)


@rfc6455("10.4", MUST, "compressed messages below the limit do not add up to it")
@pytest.mark.needs("answer")
async def test_compressed_messages_below_the_limit_do_not_add_up(agree: Agree, limit: int) -> None:
    connection = await agree("permessage-deflate")
    message = "x" * (limit // 2 + 1)
    for _ in range(3):
        await connection.send_compressed(message)
        await connection.expect_echo(message)


@rfc6455("10.4", MUST, "a bomb is refused, or answered as the message that it is")
async def test_bomb_is_refused_or_taken_for_what_it_is(
    agree: Agree, target: Target, record_property: RecordProperty
) -> None:
    size = 16 * MIB
    connection = await agree("permessage-deflate")
    await connection.send(*compressed_frames(bomb(size), BINARY))
    answer = await connection.message_or_ending() if target.echo else None
    record_property("observed", "refused" if answer is None else "taken")
    expected = target.answer(bytes(size))
    assert answer is None or answer.content == expected, "the answer to the bomb is not what was sent"


@rfc6455("10.4", MUST, "a bomb takes no more memory than the limit of a message")
@pytest.mark.needs("embedded")
async def test_bomb_takes_no_more_memory_than_a_message(agree: Agree, limit: int) -> None:
    data = bomb(32 * MIB)
    connection = await agree("permessage-deflate")
    gc.collect()
    tracemalloc.start()
    try:
        await connection.send(*compressed_frames(data, BINARY))
        await connection.expect_failed()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The server runs in this process: what it keeps, and what it copies on the way, is counted here.
    assert peak < 8 * limit, f"{peak / MIB:.1f} MiB for a message of at most {limit / MIB:.1f} MiB"


@rfc6455("10.4", MUST, "a bomb after good messages is refused, and other connections work as before")
@pytest.mark.needs("echo")
async def test_bomb_does_not_affect_other_connections(agree: Agree, limit: int) -> None:
    other_client = await agree("permessage-deflate", name="another client")
    await other_client.send_compressed("before the bomb")
    await other_client.expect_echo("before the bomb")
    hostile = await agree("permessage-deflate", name="hostile")
    await hostile.send_compressed("a good message")
    await hostile.expect_echo("a good message")
    await hostile.send(*compressed_frames(bomb(16 * limit), BINARY))
    await hostile.expect_failed()
    await other_client.send_compressed("before the bomb, and after it")
    await other_client.expect_echo("before the bomb, and after it")
