"""RFC 6455 §5.1: every frame of a client is masked, no frame of a server is."""

import pytest

from pytest_websocket.fixtures import RawConnection
from pytest_websocket.plugin.marks import MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    binary,
    close,
    continuation,
    ping,
    text,
)
from pytest_websocket.protocol.payloads import text_of

# No Ping asks after these: a server that ignores the mask bit would take it for the rest of the payload.
UNMASKED = {
    "text": text("hello"),
    "empty text": text(""),
    "binary": binary(b"\x00\xff"),
    "ping": ping(b"hello"),
    "empty ping": ping(),
    "pong": Frame(PONG, b"hello"),
    "close": close(1000),
}


@rfc6455("5.1", MUST, "a server ends the connection when a client frame is not masked")
@pytest.mark.parametrize("frame", UNMASKED.values(), ids=UNMASKED.keys())
async def test_unmasked_frame_ends_the_connection(raw: RawConnection, frame: Frame) -> None:
    await raw.send(frame, masked=False)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("5.1", MUST, "a server ends the connection when a client frame is not masked, whatever its length")
@pytest.mark.parametrize("size", [125, 126, 65535, 65536])
async def test_unmasked_frame_of_any_length_ends_the_connection(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(binary(bytes(size)), masked=False)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("5.1", MUST, "masking is demanded of every frame, not only of the first")
@pytest.mark.parametrize("before", [1, 10])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING], ids=["text", "binary", "ping"])
async def test_unmasked_frame_after_good_messages_ends_the_connection(
    raw: RawConnection, opcode: int, before: int
) -> None:
    for number in range(before):
        await raw.expect_served(f"good {number}")
    await raw.send(Frame(opcode, b"hello"), masked=False)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("5.1", MUST, "masking is demanded of every fragment of a message")
async def test_unmasked_continuation_ends_the_connection(raw: RawConnection) -> None:
    await raw.send(text("masked ", fin=False))
    await raw.send(continuation("not masked"), masked=False)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("5.1", MUST, "masking is demanded of a control frame inside a fragmented message")
async def test_unmasked_ping_inside_a_message_ends_the_connection(raw: RawConnection) -> None:
    await raw.send(text("first ", fin=False))
    await raw.send(ping(b"not masked"), masked=False)
    await raw.expect_failed(probe_with_ping=False)


@rfc6455("5.1", MUST, "a frame after a masked one in the same segment must be masked, too")
async def test_unmasked_frame_after_a_good_one_in_the_same_segment_ends_the_connection(
    raw: RawConnection,
) -> None:
    await raw.send_bytes(raw.encode(text("good")) + text("bad").encode(masked=False))
    await raw.expect_failed(answers=1, probe_with_ping=False)


@rfc6455("5.1", SHOULD, "the Close frame that answers an unmasked frame carries 1002")
@pytest.mark.parametrize("frame", [text("hello"), ping(b"hello"), close(1000)], ids=["text", "ping", "close"])
async def test_unmasked_frame_is_refused_with_1002(raw: RawConnection, frame: Frame) -> None:
    await raw.send(frame, masked=False)
    await raw.expect_failed(code=1002, probe_with_ping=False)


@rfc6455("5.1", MUST, "a server does not mask what it sends")
@pytest.mark.parametrize("size", [0, 5, 125, 126, 65536])
@pytest.mark.needs("answer")
async def test_server_sends_data_frames_unmasked(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    await raw.send(text("x" * size))
    await raw.message()
    raw.expect_no_violation()


@rfc6455("5.1", MUST, "a server does not mask its control frames")
async def test_server_sends_pong_and_close_unmasked(raw: RawConnection) -> None:
    await raw.send(ping(b"hello"))
    await raw.pong()
    await raw.close()
    raw.expect_no_violation()


KEYS = {
    "zero": b"\x00\x00\x00\x00",
    "ones": b"\xff\xff\xff\xff",
    "first byte only": b"\x5a\x00\x00\x00",
    "last byte only": b"\x00\x00\x00\x5a",
    "high bit": b"\x80\x00\x00\x00",
    "looks like a header": b"\x81\x85\x00\x01",
    "like the payload": b"mask",
}


@rfc6455("5.3", MUST, "any 32-bit value is a legal masking key, zero included")
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
@pytest.mark.needs("answer")
async def test_any_masking_key_is_understood(raw: RawConnection, key: bytes) -> None:
    await raw.send(text("masked with care"), mask_key=key)
    await raw.expect_echo("masked with care")


@rfc6455("5.3", MUST, "octet i of the payload is masked with octet i modulo 4 of the key, at every length")
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 1021])
@pytest.mark.needs("answer")
async def test_payload_of_any_length_is_unmasked(raw: RawConnection, size: int) -> None:
    message = "abcdefghijklmnopqrstuvwxyz0123456789"[:size] if size <= 36 else ("0123456789abc" * 100)[:size]
    await raw.send(text(message), mask_key=b"\x01\x20\x73\xe4")
    await raw.expect_echo(message)


@rfc6455("5.3", MUST, "octet i of the payload is masked with octet i modulo 4 of the key, in long frames too")
@pytest.mark.parametrize("size", [*range(4096, 4112), *range(65_536, 65_552), 200_003])
@pytest.mark.needs("answer")
async def test_payload_of_a_long_frame_is_unmasked_to_its_end(raw: RawConnection, size: int) -> None:
    raw.needs_size(size)
    message = text_of(size)
    await raw.send(text(message), mask_key=b"\x01\x20\x73\xe4")
    await raw.expect_echo(message)


@rfc6455("5.3", MUST, "every frame is unmasked with its own key")
@pytest.mark.needs("answer")
async def test_every_frame_is_unmasked_with_its_own_key(raw: RawConnection) -> None:
    for key in KEYS.values():
        await raw.send(text("one key after another"), mask_key=key)
        await raw.expect_echo("one key after another")


@rfc6455("5.3", MUST, "every fragment is unmasked with its own key, starting at the key's first octet")
@pytest.mark.needs("answer")
async def test_every_fragment_is_unmasked_with_its_own_key(raw: RawConnection) -> None:
    await raw.send(text("odd", fin=False), mask_key=b"\x11\x22\x33\x44")
    await raw.send(continuation("s and e", fin=False), mask_key=b"\x99\x88\x77\x66")
    await raw.send(ping(b"between"), mask_key=b"\xaa\xbb\xcc\xdd")
    await raw.send(continuation("nds"), mask_key=b"\x00\x00\x00\x01")
    await raw.expect_echo("odds and ends")


@rfc6455("5.3", MUST, "a masked Close frame is unmasked before its code is read")
async def test_masked_close_code_is_understood(raw: RawConnection) -> None:
    await raw.send(Frame(CLOSE, b"\x03\xe8"), mask_key=b"\xfc\x17\x00\x00")
    await raw.expect_closed(code=(1000, None))
