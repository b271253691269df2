"""Binary messages are answered with the same bytes, text messages with text."""

import random

import pytest

from pytest_websocket.fixtures import Client, Echo

pytestmark = pytest.mark.needs("binary")

BYTES = {
    "empty": b"",
    "zero": b"\x00",
    "many zeros": bytes(1_000),
    "trailing zeros": b"x\x00\x00\x00",
    "leading zeros": b"\x00\x00\x00x",
    "every value": bytes(range(256)),
    "every value backwards": bytes(reversed(range(256))),
    "ones": b"\xff" * 1_000,
    "not UTF-8": b"\xff\xfe\xfd\xc0\xaf\xed\xa0\x80",
    "half a character": "ж".encode()[:1],
    "ASCII": b"just text",
    "UTF-8": "Привет, сервер!".encode(),
    "UTF-16": "Привет".encode("utf-16"),
    "BOM": b"\xef\xbb\xbfabc",
    "white space": b"  \t x \r\n\r\n ",
    "line ends": b"a\nb\r\nc\rd\x1a",
    "a number": b"12",
    "JSON": b'{"b": 1,  "a": [ ]}',
    "base64": b"0J/RgNC40LLQtdGC",
    "escapes": b"\\x41 \\n %s {message} $1 &amp;",
    "a Close frame": b"\x88\x02\x03\xe8",
    "a frame of 1 MiB": b"\x82\x7f\x00\x00\x00\x00\x00\x10\x00\x00",
    "an old frame": b"\x00text\xff",
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    "a deflate tail": b"\x00\x00\xff\xff" * 3,
    "a PNG": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "noise": random.Random(1).randbytes(10_000),
}


@pytest.mark.parametrize("message", BYTES.values(), ids=BYTES.keys())
async def test_bytes_come_back_as_bytes(client: Client, echo: Echo, message: bytes) -> None:
    await echo.expect_replies(client, message)
    await echo.expect_silence(client)


async def test_every_byte_value_comes_back_by_itself(client: Client, echo: Echo) -> None:
    await echo.expect_burst(client, [bytes([value]) for value in range(256)], window=64)


async def test_every_byte_value_survives_at_either_end(client: Client, echo: Echo) -> None:
    await echo.expect_burst(client, [bytes([value, 0x41, value]) for value in range(256)], window=64)


async def test_every_byte_value_comes_back_at_every_place_of_the_mask(client: Client, echo: Echo) -> None:
    everything = bytes(range(256))
    await echo.expect_replies(client, *(b"-" * shift + everything for shift in range(8)))


@pytest.mark.needs("text")
async def test_text_and_binary_keep_their_kinds_on_one_connection(client: Client, echo: Echo) -> None:
    await echo.expect_replies(
        client, "text", b"bytes", b"bytes", "text", "", b"", "", "12", b"12", "12", b"\xff", "ж"
    )


@pytest.mark.needs("text")
async def test_text_and_binary_keep_their_order_in_a_burst(client: Client, echo: Echo) -> None:
    messages = [f"{number}" if number % 3 else b"%d" % number for number in range(100)]
    await echo.expect_burst(client, messages)


async def test_similar_bytes_have_replies_of_their_own(client: Client, echo: Echo) -> None:
    body = bytes(range(256)) * 4
    await echo.expect_replies(
        client,
        b"abcd",
        b"abce",
        b"ABCD",
        b"abcd ",
        body + b"1",
        body + b"2",
        b"1" + body,
        b"2" + body,
        b"abcd",
    )


async def test_shorter_bytes_show_nothing_of_longer_ones(client: Client, echo: Echo) -> None:
    echo.needs_size(100_000)
    await echo.expect_replies(client, b"x" * 100_000, b"y", b"", b"z" * 5_000, b"\x00", b"w" * 4_999, b"")
