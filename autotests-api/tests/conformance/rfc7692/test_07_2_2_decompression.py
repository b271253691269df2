"""RFC 7692 §7.2.2: legal DEFLATE data is inflated, illegal data fails the connection."""

import random
import zlib

import pytest

from pytest_websocket.fixtures import Agree, DeflatedConnection
from pytest_websocket.plugin.compression import compressed_fragments, compressed_frames
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455, rfc7692
from pytest_websocket.protocol.deflate import Deflater
from pytest_websocket.protocol.deflate_blocks import DYNAMIC, RESERVED, Blocks
from pytest_websocket.protocol.frames import BINARY, text

pytestmark = pytest.mark.needs("deflate")

PROSE = "It is not the strongest of the blocks that survives, it is the one that is inflated. " * 20
NOISE = "".join(random.Random(3).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=3000))

EMPTY = {
    "stored": b"\x00",
    "fixed": b"\x02\x00",
    "two stored": b"\x00\x00\x00\xff\xff\x00",
    "fixed and stored": b"\x02\x00\x00\x00\xff\xff\x00",
    "many": Blocks().fixed().fixed().stored(b"").fixed().stored(b"").message(),
}


@rfc7692("7.2.3.6", MUST, "an empty message is understood in every way to compress nothing")
@pytest.mark.parametrize("data", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.needs("echo")
async def test_compressed_empty_message_is_understood(deflated: DeflatedConnection, data: bytes) -> None:
    for number in range(3):
        await deflated.send(*compressed_frames(deflated.in_request(data)))
        await deflated.expect_echo("")
        await deflated.send(text(f"uncompressed {number}"))
        await deflated.expect_echo(f"uncompressed {number}")


@rfc7692("7.2.3.6", MUST, "an empty message may be cut into fragments")
@pytest.mark.parametrize("parts", [[b"\x02", b"\x00"], [b"", b"\x00"], [b"\x00", b""]], ids=repr)
@pytest.mark.needs("echo")
async def test_compressed_empty_message_in_fragments_is_understood(
    deflated: DeflatedConnection, parts: list[bytes]
) -> None:
    deflated.needs_plain_messages()
    await deflated.send(*compressed_fragments(parts))
    await deflated.expect_echo("")
    await deflated.send_compressed("and on")
    await deflated.expect_echo("and on")


HELLO = {
    "fixed": Blocks().fixed(b"Hello").message(),
    "stored": Blocks().stored(b"Hello").message(),
    "two blocks": Blocks().fixed(b"He").stored(b"").fixed(b"llo").message(),
    "reference": Blocks().fixed(b"Hel", (3, 1), (3, 1)).message(),
    "with an empty block before": Blocks().stored(b"").fixed(b"Hello").message(),
    "with an empty block behind": Blocks().fixed(b"Hello").stored(b"").message(),
    "a block for each letter": Blocks()
    .fixed(b"H")
    .fixed(b"e")
    .stored(b"l")
    .fixed(b"l")
    .stored(b"o")
    .message(),
}
SAID = {"reference": "Helllllll"}


@rfc7692("7.2.3", MUST, "blocks of every type, one or several, make the same message")
@pytest.mark.parametrize("how", HELLO)
@pytest.mark.needs("echo")
async def test_blocks_of_every_type_are_understood(deflated: DeflatedConnection, how: str) -> None:
    await deflated.send(*compressed_frames(deflated.in_request(HELLO[how])))
    await deflated.expect_echo(SAID.get(how, "Hello"))


@rfc7692("7.2.3", MUST, "every kind of block leaves the connection fit for the next message")
@pytest.mark.parametrize("how", HELLO)
@pytest.mark.needs("echo")
async def test_message_after_every_type_of_block_is_understood(
    deflated: DeflatedConnection, how: str
) -> None:
    for number in range(3):
        await deflated.send(*compressed_frames(deflated.in_request(HELLO[how])))
        await deflated.expect_echo(SAID.get(how, "Hello"))
        after = Blocks().fixed(b"after it, %d" % number).message()
        await deflated.send(*compressed_frames(deflated.in_request(after)))
        await deflated.expect_echo(f"after it, {number}")


@rfc7692("7.2.3", MUST, "blocks may be cut into fragments anywhere")
@pytest.mark.parametrize("how", HELLO)
@pytest.mark.needs("echo")
async def test_blocks_of_every_type_may_be_cut_into_fragments(deflated: DeflatedConnection, how: str) -> None:
    await deflated.send(*compressed_frames(deflated.in_request(HELLO[how]), fragment=1))
    await deflated.expect_echo(SAID.get(how, "Hello"))


COMPRESSORS = {
    "fastest": {"level": 1},
    "best": {"level": 9},
    "stored": {"level": 0},
    "fixed": {"strategy": zlib.Z_FIXED},
    "Huffman codes only": {"strategy": zlib.Z_HUFFMAN_ONLY},
    "run lengths": {"strategy": zlib.Z_RLE},
    "filtered": {"strategy": zlib.Z_FILTERED},
}
FLUSHES = {"sync": zlib.Z_SYNC_FLUSH, "full": zlib.Z_FULL_FLUSH}


@rfc7692("7.2.2", MUST, "a message is understood however it was compressed")
@pytest.mark.parametrize("flush", FLUSHES.values(), ids=FLUSHES.keys())
@pytest.mark.parametrize("settings", COMPRESSORS.values(), ids=COMPRESSORS.keys())
@pytest.mark.needs("answer")
async def test_message_is_understood_however_it_was_compressed(
    deflated: DeflatedConnection, settings: dict[str, int], flush: int
) -> None:
    deflated.needs_size(len(PROSE))
    agreement = deflated.agreement
    deflated.deflater = Deflater(
        agreement.client_max_window_bits, takeover=not agreement.client_no_context_takeover, **settings
    )
    for message in (PROSE, "", NOISE, PROSE):
        await deflated.send_compressed(message, flush=flush)
        await deflated.expect_echo(message)


@rfc7692("7.2.2", MUST, "a message of many blocks is understood")
@pytest.mark.parametrize("flush", FLUSHES.values(), ids=FLUSHES.keys())
@pytest.mark.parametrize("count", [2, 10, 200])
@pytest.mark.needs("echo")
async def test_message_of_many_blocks_is_understood(
    deflated: DeflatedConnection, count: int, flush: int
) -> None:
    parts = [f"block {number} of {count}; ".encode() for number in range(count)]
    for _ in range(2):
        data = deflated.deflater.deflate_blocks(deflated.around(parts), flush=flush)
        # Many flushes make it longer than it was.
        deflated.needs_size(len(data))
        await deflated.send(*compressed_frames(data))
        await deflated.expect_echo(b"".join(parts).decode())


@rfc7692("7.2.2", MUST, "a message that cannot be compressed is understood, though it is longer compressed")
@pytest.mark.parametrize("size", [1, 100, 16_384, 65_535, 65_536, 200_000])
@pytest.mark.parametrize("level", [0, 6])
@pytest.mark.needs("binary")
async def test_incompressible_message_is_understood(
    deflated: DeflatedConnection, size: int, level: int
) -> None:
    # Some servers measure the frame, which is longer.
    deflated.needs_size(size + 1_000)
    agreement = deflated.agreement
    deflated.deflater = Deflater(
        agreement.client_max_window_bits, takeover=not agreement.client_no_context_takeover, level=level
    )
    message = random.Random(size).randbytes(size)
    await deflated.send_compressed(message)
    await deflated.expect_echo(message)


@rfc7692("7.2.2", MUST, "compressed frames of every length are understood")
@pytest.mark.parametrize("size", [124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 131_072])
@pytest.mark.needs("binary")
async def test_compressed_frame_of_every_length_is_understood(
    deflated: DeflatedConnection, size: int
) -> None:
    deflated.needs_size(size)
    # Five bytes for the header of each stored block, one for the header of the last.
    content = random.Random(size).randbytes(size - 5 * (-(-size // 65_000)) - 1)
    blocks = Blocks()
    for at in range(0, len(content), 65_000):
        blocks.stored(content[at : at + 65_000])
    await deflated.send(*compressed_frames(blocks.message(), BINARY))
    await deflated.expect_echo(content)


@rfc7692("7.2.2", MUST, "a message far longer than its compressed data is understood")
@pytest.mark.parametrize("size", [1 << 10, 1 << 16, (1 << 16) + 1, 1 << 18, (1 << 20) - 100])
@pytest.mark.needs("answer")
async def test_highly_compressed_message_is_understood(deflated: DeflatedConnection, size: int) -> None:
    deflated.needs_size(size)
    await deflated.send_compressed("0" * size)
    await deflated.expect_echo("0" * size)


@rfc7692("7.2.2", MUST, "a character cut by a fragment or by a block is whole again after inflation")
@pytest.mark.parametrize("how", ["fragments", "blocks", "octet by octet"])
@pytest.mark.needs("echo")
async def test_character_may_be_cut_anywhere(deflated: DeflatedConnection, how: str) -> None:
    message = "κόσμε 🙂 Привет"
    data = message.encode()
    if how == "fragments":
        whole = deflated.in_request(Blocks().stored(data).message())
        await deflated.send(*compressed_frames(whole, fragment=1))
    elif how == "blocks":
        letters = Blocks()
        for byte in data:
            letters.stored(bytes([byte]))
        await deflated.send(*compressed_frames(deflated.in_request(letters.message())))
    else:
        frames = deflated.compress(message, fragment=4)
        await deflated.send_in_pieces(deflated.encode(*frames), 1)
    await deflated.expect_echo(message)


def repeat_of_nothing() -> bytes:
    # The code lengths begin with code 16, which repeats a length before it.
    lengths = Blocks().header(DYNAMIC).bits(0, 5).bits(0, 5).bits(0, 4)
    return lengths.bits(1, 3).bits(0, 3).bits(0, 3).bits(1, 3).bits(0b1111, 4).encode() + b"\xff" * 10


BROKEN = {
    "reserved block type": Blocks().header(RESERVED).encode(),
    "reserved block type and more": Blocks().header(RESERVED).encode() + b"Hello",
    "reserved block type behind a good block": Blocks().fixed(b"Hello").header(RESERVED).encode(),
    "stored length without its complement": Blocks().stored(b"Hello", complement=0).message(),
    "stored length with another complement": Blocks().stored(b"Hello", complement=0xFFFB).message(),
    "length code 286": Blocks().fixed(b"Hello", 286).message(),
    "length code 287": Blocks().fixed(b"Hello", 287).message(),
    "distance code 30": Blocks().fixed(b"Hello", ended=False).distance_code(30).message(),
    "distance code 31": Blocks().fixed(b"Hello", ended=False).distance_code(31).message(),
    "reference to before the beginning": Blocks().fixed((3, 1)).message(),
    "reference just before the beginning": Blocks().fixed(b"Hello", (3, 6)).message(),
    "reference far before the beginning": Blocks().fixed(b"Hello", (258, 32_768)).message(),
    "too many codes": Blocks().header(DYNAMIC).bits(31, 5).bits(0, 5).bits(0, 4).bits(0, 12).encode()
    + bytes(10),
    "no code lengths": Blocks().header(DYNAMIC).bits(0, 5).bits(0, 5).bits(0, 4).bits(0, 12).encode()
    + bytes(40),
    "too many short codes": Blocks()
    .header(DYNAMIC)
    .bits(0, 5)
    .bits(0, 5)
    .bits(0, 4)
    .bits(0o1111, 12)
    .encode()
    + bytes(10),
    "repeat of no code length": repeat_of_nothing(),
    "zlib's own format": zlib.compress(b"Hello, this has a header and a checksum"),
    "gzip's format": zlib.compressobj(wbits=31).compress(b"") + b"\x1f\x8b\x08\x00" + bytes(20),
    "not compressed at all": b"Hello, this is plain text under the wrong flag",
    "ones": b"\xff" * 100,
}


@rfc7692("7.2.2", MUST, "data that cannot be inflated fails the connection, and none of it is answered")
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_data_fails_the_connection(deflated: DeflatedConnection, data: bytes) -> None:
    await deflated.send(*compressed_frames(data, BINARY))
    await deflated.expect_failed()


@rfc7692("7.2.2", MUST, "broken data is found in a later message as well")
@pytest.mark.parametrize("before", [1, 20])
@pytest.mark.parametrize(
    "data", [BROKEN["reserved block type"], BROKEN["length code 286"]], ids=["block type", "length code"]
)
@pytest.mark.needs("answer")
async def test_broken_data_after_good_messages_fails_the_connection(
    deflated: DeflatedConnection, data: bytes, before: int
) -> None:
    for number in range(before):
        await deflated.send_compressed(f"good message {number}")
        await deflated.expect_echo(f"good message {number}")
    await deflated.send(*compressed_frames(data))
    await deflated.expect_failed()


@rfc7692("7.2.2", MUST, "broken data is found in a later fragment as well")
async def test_broken_data_in_the_second_fragment_fails_the_connection(deflated: DeflatedConnection) -> None:
    await deflated.send(*compressed_fragments([Blocks().fixed(b"good so far").stored(b"").encode(), b"\x07"]))
    await deflated.expect_failed()


@rfc7692("7.2.2", MUST, "broken data is found far into a message as well")
async def test_broken_data_after_much_good_data_fails_the_connection(deflated: DeflatedConnection) -> None:
    deflated.needs_size(100_000)
    data = Blocks().stored(b"a" * 50_000).stored(b"b" * 50_000).header(RESERVED).encode()
    await deflated.send(*compressed_frames(data))
    await deflated.expect_failed()


@rfc7692("7.2.2", MUST, "a server that has met broken data serves its other connections as before")
@pytest.mark.needs("echo")
async def test_broken_data_does_not_affect_other_connections(agree: Agree) -> None:
    other_client = await agree("permessage-deflate", name="another client")
    await other_client.send_compressed(PROSE)
    await other_client.expect_echo(PROSE)
    for number, data in enumerate((b"\x07", b"\xff" * 50, Blocks().fixed((3, 1)).message())):
        broken = await agree("permessage-deflate", name=f"broken {number}")
        await broken.send(*compressed_frames(data))
        await broken.expect_failed()
        await other_client.send_compressed(PROSE)
        await other_client.expect_echo(PROSE)


@rfc6455("7.4.1", SHOULD, "the Close frame that answers broken data carries 1007 or 1002")
@pytest.mark.parametrize("data", [b"\x07", b"\xff" * 50], ids=["block type", "ones"])
async def test_broken_data_is_refused_with_a_fitting_code(deflated: DeflatedConnection, data: bytes) -> None:
    await deflated.send(*compressed_frames(data))
    await deflated.expect_failed(code=(1002, 1007))


WHOLE = Deflater().deflate(
    b"A message whose end is missing, in part or as a whole, is not what its sender said"
)

TRUNCATED = {
    "without its last byte": WHOLE[:-1],
    "without its last two bytes": WHOLE[:-2],
    "without its second half": WHOLE[: len(WHOLE) // 2],
    "one byte of it": WHOLE[:1],
    "a stored block of less than it says": Blocks().stored(b"Hello, world").message()[:-9],
    "a stored block without its data": b"\x00\x05\x00\xfa\xff",
    "no end of block": Blocks().fixed(b"Hello", ended=False).encode(),
    "no data at all": b"",
}


@rfc7692("7.2.2", SHOULD, "data that stops inside a block is not taken for a whole message")
@pytest.mark.parametrize("data", TRUNCATED.values(), ids=TRUNCATED.keys())
async def test_truncated_data_is_not_taken_for_a_message(deflated: DeflatedConnection, data: bytes) -> None:
    await deflated.send(*compressed_frames(data, BINARY))
    await deflated.expect_failed()


NOT_UTF8 = {
    "a lone byte": b"\xff",
    "an overlong slash": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "above U+10FFFF": b"\xf4\x90\x80\x80",
    "a cut character": "€".encode()[:2],
    "behind good text": "Съешь ещё этих мягких французских булок".encode() + b"\x80",
    "before good text": b"\x80" + "да выпей же чаю".encode(),
}


@rfc6455("8.1", MUST, "compressed text that is not UTF-8 after inflation fails the connection")
@pytest.mark.parametrize("content", NOT_UTF8.values(), ids=NOT_UTF8.keys())
async def test_compressed_text_that_is_not_utf8_fails_the_connection(
    deflated: DeflatedConnection, content: bytes
) -> None:
    await deflated.send(*compressed_frames(deflated.deflater.deflate(content)))
    await deflated.expect_failed()


@rfc6455("8.1", MUST, "text that is not UTF-8 is found in every fragment, and far into the message")
@pytest.mark.parametrize("where", ["second fragment", "last fragment", "behind 70 KiB", "later message"])
@pytest.mark.needs("echo")
async def test_bad_utf8_is_found_wherever_it_stands(deflated: DeflatedConnection, where: str) -> None:
    deflated.needs_size(71_000)
    good = "Съешь ещё этих мягких французских булок".encode()
    content = {
        "second fragment": good + b"\xff" + good * 3,
        "last fragment": good * 3 + b"\xff",
        "behind 70 KiB": b"x" * 70_000 + b"\xff",
        "later message": b"\xff",
    }[where]
    if where == "later message":
        for _ in range(3):
            await deflated.send_compressed(good.decode())
            await deflated.expect_echo(good.decode())
    frames = compressed_frames(Blocks().stored(content[:65_000]).stored(content[65_000:]).message())
    if "fragment" in where:
        frames = compressed_frames(Blocks().stored(content).message(), fragment=len(good))
    await deflated.send(*frames)
    await deflated.expect_failed()


@rfc6455("8.1", SHOULD, "the Close frame that answers text that is not UTF-8 carries 1007")
@pytest.mark.parametrize("content", NOT_UTF8.values(), ids=NOT_UTF8.keys())
async def test_compressed_text_that_is_not_utf8_is_refused_with_1007(
    deflated: DeflatedConnection, content: bytes
) -> None:
    await deflated.send(*compressed_frames(deflated.deflater.deflate(content)))
    await deflated.expect_failed(code=1007)


@rfc6455("8.1", MUST, "compressed bytes need not be UTF-8, in a binary message")
@pytest.mark.parametrize("content", NOT_UTF8.values(), ids=NOT_UTF8.keys())
@pytest.mark.needs("binary")
async def test_compressed_binary_message_need_not_be_utf8(
    deflated: DeflatedConnection, content: bytes
) -> None:
    await deflated.send_compressed(content)
    await deflated.expect_echo(content)
