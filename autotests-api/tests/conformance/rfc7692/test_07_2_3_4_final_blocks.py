"""RFC 7692 §7.2.3.4: a block with BFINAL ends neither its message nor the connection's stream."""

import zlib

import pytest

from pytest_websocket.fixtures import Agree, DeflatedConnection, RecordProperty, Target
from pytest_websocket.plugin.compression import compressed_frames
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc7692
from pytest_websocket.protocol.deflate_blocks import Blocks

pytestmark = pytest.mark.needs("deflate", "echo")

PROSE = "The last block is the last of its kind, but there is always another one behind it. " * 20

# A final block is padded to a byte, and the next block begins there.
FINAL = {
    "fixed": (Blocks().fixed(b"Hello", final=True).align().message(), "Hello"),
    "stored": (Blocks().stored(b"Hello", final=True).message(), "Hello"),
    "empty fixed": (Blocks().fixed(final=True).align().message(), ""),
    "empty stored": (Blocks().stored(b"", final=True).message(), ""),
    "behind another block": (Blocks().fixed(b"He").fixed(b"llo", final=True).align().message(), "Hello"),
}

MORE_BEHIND = {
    "fixed": Blocks().fixed(b"He", final=True).align().fixed(b"llo").message(),
    "stored": Blocks().stored(b"He", final=True).stored(b"llo").message(),
    "another final one": Blocks().fixed(b"He", final=True).align().stored(b"llo", final=True).message(),
    "an empty one before": Blocks().fixed(final=True).align().fixed(b"Hello").message(),
}


@rfc7692("7.2.3.4", MUST, "a message whose last block has BFINAL is understood")
@pytest.mark.parametrize("how", FINAL)
async def test_final_block_at_the_end_of_a_message_is_understood(
    deflated: DeflatedConnection, how: str
) -> None:
    data, message = FINAL[how]
    deflated.needs_plain_messages()
    await deflated.send(*compressed_frames(data))
    await deflated.expect_echo(message)


@rfc7692("7.2.3.4", MUST, "a compressed message that ends in a final block is understood, cut anywhere")
@pytest.mark.parametrize("fragment", [0, 1, 7])
async def test_message_ended_by_a_final_block_is_understood(
    deflated: DeflatedConnection, fragment: int
) -> None:
    deflated.needs_size(len(PROSE))
    await deflated.send_compressed(PROSE, fragment=fragment, flush=zlib.Z_FINISH)
    await deflated.expect_echo(PROSE)


@rfc7692("7.2.3.4", SHOULD, "blocks after a final one belong to the message as well")
@pytest.mark.parametrize("data", MORE_BEHIND.values(), ids=MORE_BEHIND.keys())
async def test_blocks_after_a_final_one_belong_to_the_message(
    deflated: DeflatedConnection, data: bytes
) -> None:
    deflated.needs_plain_messages()
    await deflated.send(*compressed_frames(data))
    await deflated.expect_echo("Hello")


@rfc7692("7.2.3.4", SHOULD, "messages after a final block are understood")
@pytest.mark.parametrize("how", FINAL)
async def test_messages_after_a_final_block_are_understood(deflated: DeflatedConnection, how: str) -> None:
    deflated.needs_plain_messages()
    data, message = FINAL[how]
    for number in range(3):
        await deflated.send(*compressed_frames(data))
        await deflated.expect_echo(message)
        after = f"after it, {number}"
        await deflated.send(*compressed_frames(Blocks().fixed(after.encode()).message()))
        await deflated.expect_echo(after)


@rfc7692("7.2.3.4", SHOULD, "every message may end in a final block")
@pytest.mark.parametrize("count", [2, 10])
async def test_every_message_may_end_in_a_final_block(deflated: DeflatedConnection, count: int) -> None:
    for number in range(count):
        message = f"{number}: {PROSE}"
        await deflated.send_compressed(message, flush=zlib.Z_FINISH)
        await deflated.expect_echo(message)


@rfc7692("7.2.3.4", SHOULD, "without context takeover every message may end in a final block, too")
async def test_every_message_may_end_in_a_final_block_without_takeover(agree: Agree) -> None:
    connection = await agree("permessage-deflate; client_no_context_takeover")
    if not connection.agreement.client_no_context_takeover:
        pytest.skip("the server makes no use of client_no_context_takeover")
    for number in range(3):
        message = f"{number}: {PROSE}"
        await connection.send_compressed(message, flush=zlib.Z_FINISH)
        await connection.expect_echo(message)


@rfc7692("7.2.2", SHOULD, "a reference across a final block is understood, or fails the connection")
async def test_reference_across_a_final_block_is_never_misread(
    unlimited: DeflatedConnection, target: Target, record_property: RecordProperty
) -> None:
    unlimited.needs_plain_messages()
    await unlimited.send(*compressed_frames(FINAL["fixed"][0]))
    await unlimited.message()
    await unlimited.send(*compressed_frames(Blocks().fixed((5, 5)).message()))
    answer = await unlimited.message_or_ending()
    record_property("observed", "refused" if answer is None else "understood")
    assert answer is None or answer.content == target.answer("Hello"), f"it was misread: {answer}"
