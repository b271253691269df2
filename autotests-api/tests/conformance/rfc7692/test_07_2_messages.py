"""RFC 7692 §7.2: messages in quantity, of every kind and size, under every agreement (Autobahn 12 and 13)."""

from __future__ import annotations

import random
from functools import cache

import pytest

from pytest_websocket.fixtures import Agree, DeflatedConnection
from pytest_websocket.plugin.marks import MUST, rfc7692
from pytest_websocket.target.target import Message

pytestmark = pytest.mark.needs("deflate", "echo")

# Bytes of a message, and of the compressed data in each of its frames (0: all in one), in Autobahn's order.
SHAPES = (
    *((size, 0) for size in (16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072)),
    *((size, 256) for size in (8192, 16_384, 32_768, 65_536, 131_072)),
    *((131_072, fragment) for fragment in (1024, 4096, 32_768)),
)

# What Autobahn's client lets its server choose in every offer of its group 13.
CHOICE = "permessage-deflate; client_no_context_takeover; client_max_window_bits"

OFFERS = {
    1: [CHOICE],
    2: [f"{CHOICE}; server_no_context_takeover"],
    3: [f"{CHOICE}; server_max_window_bits=9"],
    4: [f"{CHOICE}; server_max_window_bits=15"],
    5: [f"{CHOICE}; server_no_context_takeover; server_max_window_bits=9"],
    6: [f"{CHOICE}; server_no_context_takeover; server_max_window_bits=15"],
    7: [
        f"{CHOICE}; server_no_context_takeover; server_max_window_bits=9, "
        f"{CHOICE}; server_no_context_takeover, {CHOICE}"
    ],
}

LIBRARY = 192 << 10
"""Bytes of each kind of content; messages are cut from it at different offsets."""


@cache
def records() -> bytes:
    """JSON, as APIs send it."""
    chance = random.Random(1)
    names = ["Анна", "Jürgen", "José", "Zoë", "Wei", "Olga"]
    lines = (
        f'{{"id": {number}, "name": "{chance.choice(names)}", "balance": {chance.uniform(-1e6, 1e6):.2f}, '
        f'"tags": ["{chance.choice(names)}", null, {str(chance.random() < 0.5).lower()}]}},\n'
        for number in range(LIBRARY // 60)
    )
    return "".join(lines).encode()


@cache
def bitmap() -> bytes:
    """Grey pixels of a picture that is smooth, with some noise."""
    chance = random.Random(2)
    lines, width = LIBRARY // 512, 512
    return bytes(
        (x * x // 512 + y // 2 + chance.randrange(5)) % 256 for y in range(lines) for x in range(width)
    )


@cache
def prose() -> bytes:
    """Words in random order, with the frequencies of a language."""
    chance = random.Random(3)
    words = ["und", "der", "ich", "nicht", "Geist", "Straße", "über", "schön", "но", "как", "было", "мир"]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    return " ".join(chance.choices(words, weights, k=LIBRARY // 5)).encode()


@cache
def page() -> bytes:
    """HTML with much that repeats."""
    chance = random.Random(4)
    rows = (
        f'<tr class="{chance.choice(["odd", "even"])}"><td>{number}</td>'
        f'<td><a href="/item/{chance.random()}">&raquo; №{chance.randrange(10**6)}</a></td></tr>\n'
        for number in range(LIBRARY // 90)
    )
    return "".join(rows).encode()


@cache
def document() -> bytes:
    """Text objects and streams that are compressed already, in turns, as a PDF has them."""
    chance = random.Random(5)
    objects = (
        b"%d 0 obj << /Length 900 /Filter /FlateDecode >> stream\n%s\nendstream endobj\n"
        % (number, chance.randbytes(900))
        for number in range(LIBRARY // 960)
    )
    return b"".join(objects)


# Autobahn's kinds of content in the order of its groups 12.1 to 12.5, and whether they are sent as text.
KINDS = {
    1: (records, True),
    2: (bitmap, False),
    3: (prose, True),
    4: (page, True),
    5: (document, False),
}


def messages(kind: int, size: int, count: int) -> list[Message]:
    """``count`` different messages of ``size`` bytes each."""
    content, is_text = KINDS[kind]
    endless = content() * (2 + size // len(content()))
    cuts = (endless[at : at + size] for at in (number * 1009 % len(content()) for number in range(count)))
    if not is_text:
        return list(cuts)
    # A character that the cut goes through is replaced by as many spaces as it has bytes.
    texts = (cut.decode("utf-8", "ignore") for cut in cuts)
    return [text + " " * (size - len(text.encode())) for text in texts]


async def converse(connection: DeflatedConnection, contents: list[Message], fragment: int = 0) -> None:
    for message in contents:
        await connection.send_compressed(message, fragment=fragment)
        await connection.expect_echo(message)


def shape_id(name: str, shape: tuple[int, int]) -> str:
    size, fragment = shape
    return f"{name}, {size} bytes" + (f" in frames of {fragment}" if fragment else "")


def autobahn(
    group: int, part: int, number: int, kind: int, shape: tuple[int, int], *values: object
) -> object:
    """Returns the parameters of a test that does the same as one of Autobahn's."""
    _, is_text = KINDS[kind]
    marks = [
        pytest.mark.autobahn(f"{group}.{part}.{number}"),
        pytest.mark.needs(*([] if is_text else ["binary"]), size=shape[0]),
    ]
    name = f"{group}.{part}.{number} {shape_id(KINDS[kind][0].__name__, shape)}"
    return pytest.param(*values, kind, *shape, marks=marks, id=name)


@rfc7692("7.2", MUST, "messages of every kind and size come back byte by byte, however many there are")
@pytest.mark.mass
@pytest.mark.parametrize(
    ("kind", "size", "fragment"),
    [autobahn(12, kind, number, kind, shape) for kind in KINDS for number, shape in enumerate(SHAPES, 1)],
)
async def test_compressed_messages_come_back_in_quantity(
    agree: Agree, mass_count: int, kind: int, size: int, fragment: int
) -> None:
    await converse(await agree(CHOICE), messages(kind, size, mass_count), fragment)


@rfc7692("7.2", MUST, "messages come back byte by byte under every agreement, however many there are")
@pytest.mark.mass
@pytest.mark.parametrize(
    ("offers", "kind", "size", "fragment"),
    [
        autobahn(13, part, number, 1, shape, offers)
        for part, offers in OFFERS.items()
        for number, shape in enumerate(SHAPES, 1)
    ],
)
async def test_messages_come_back_in_quantity_under_every_agreement(
    agree: Agree, mass_count: int, offers: list[str], kind: int, size: int, fragment: int
) -> None:
    await converse(await agree(*offers), messages(kind, size, mass_count), fragment)


@rfc7692("7.2", MUST, "a few messages of every kind and size come back byte by byte")
@pytest.mark.parametrize("shape", [SHAPES[0], SHAPES[4], SHAPES[13]], ids=lambda s: f"{s[0]}-{s[1]}")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: KINDS[kind][0].__name__)
@pytest.mark.needs("binary")
async def test_compressed_messages_of_every_kind_come_back(
    deflated: DeflatedConnection, kind: int, shape: tuple[int, int]
) -> None:
    deflated.needs_size(shape[0])
    await converse(deflated, messages(kind, shape[0], 3), shape[1])


@rfc7692("7.2", MUST, "a few messages come back byte by byte under every agreement")
@pytest.mark.parametrize("shape", [SHAPES[1], SHAPES[8], SHAPES[11]], ids=lambda s: f"{s[0]}-{s[1]}")
@pytest.mark.parametrize("offers", OFFERS.values(), ids=lambda offers: offers[0].removeprefix(CHOICE + "; "))
async def test_compressed_messages_come_back_under_every_agreement(
    agree: Agree, offers: list[str], shape: tuple[int, int]
) -> None:
    connection = await agree(*offers)
    connection.needs_size(shape[0])
    await converse(connection, messages(1, shape[0], 3), shape[1])


@rfc7692("7.2", MUST, "two hundred small messages come back, sent in one go")
@pytest.mark.parametrize("offers", [OFFERS[1], OFFERS[5]], ids=["takeover", "no takeover"])
async def test_many_messages_sent_in_one_go_come_back(agree: Agree, offers: list[str]) -> None:
    connection = await agree(*offers)
    sayings = messages(1, 50, 200)
    await connection.send_compressed(*sayings)
    await connection.expect_echo(*sayings)


@rfc7692("7.2", MUST, "small, large, compressible and random messages may follow each other")
@pytest.mark.needs("binary")
async def test_messages_of_all_kinds_follow_each_other(deflated: DeflatedConnection) -> None:
    deflated.needs_size(65_536)
    chance = random.Random(6)
    for number in range(30):
        kind, size = chance.choice(list(KINDS)), chance.choice([1, 100, 5000, 40_000, 65_536])
        await converse(deflated, messages(kind, size, 1), fragment=chance.choice([0, 0, 500]))
        await deflated.send_compressed(f"between, {number}")
        await deflated.expect_echo(f"between, {number}")
