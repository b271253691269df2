"""Hostile frames after the handshake: fragments and pings in great numbers, bombs, payload of no known kind.

Others are served meanwhile and afterwards. Where the server runs on this machine beside the tests, the most
memory that it held is measured, too. ``--ws-intensity`` scales the counts.
"""

import contextlib
import functools
import zlib
from collections.abc import Awaitable, Callable

import pytest

from pytest_websocket import security
from pytest_websocket.client.proxy import is_loopback
from pytest_websocket.fixtures import (
    Agree,
    Connect,
    Count,
    Dial,
    During,
    Echo,
    ExpectBoundedMemory,
    OpenRawConnection,
    RawConnection,
    RecordProperty,
    Target,
)
from pytest_websocket.protocol.frames import Frame, binary, continuation, ping, pong, text
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=400,
    asvs="15.2.2",
    gain="One client that sends what costs it next to nothing stops the service to all others.",
)

MIB = 1 << 20

BOMB = 256 * MIB
"""Bytes of an inflated bomb; it is sent in a thousandth of it."""

LONG_WAIT = 4
"""Deadlines that another client waits while a flood is handled, so that a busy machine is no finding."""

TOO_MUCH_FOR_FRAGMENTS = 48 * MIB
"""The same for fragments that are 5 MiB altogether."""

ServeOthersDuring = Callable[[Awaitable[object]], Awaitable[None]]


@pytest.fixture
def serve_others_during(connect: Connect, echo: Echo, during: During) -> ServeOthersDuring:
    """Runs a flood to its end while another client is served, and serves a new one after it."""

    async def serve(flood: Awaitable[object]) -> None:
        # How long a wait may be at most is judged by test_starvation.py; here the service must not end.
        other = await connect(name="another client", deadline=LONG_WAIT * echo.target.deadline)
        async with during(flood) as flooding:
            for number in range(10):
                if echo.target.echo:
                    await echo.expect_replies(other, f"meanwhile {number}")
                else:
                    await other.ping()
            await flooding
        await echo.expect_healthy(other)
        await echo.expect_healthy(await connect(name="new client", deadline=LONG_WAIT * echo.target.deadline))

    return serve


async def send_again_and_again(raw: RawConnection, data: bytes, times: int) -> int:
    """Sends ``data`` until the connection ends, or the server does not read for a fifth of the deadline.

    Returns how often it was sent.
    """
    deadline, raw.deadline = raw.deadline, raw.deadline / 5
    sent = 0
    while sent < times:
        if raw.tcp != "open" or raw.close_status is not None:
            break
        try:
            await raw.send_bytes(data)
        except NotReceived:
            break
        sent += 1
    raw.deadline = deadline
    return sent


@security(
    cwe=770,
    cve="CVE-2026-19204",
    asvs="15.2.2",
    severity="medium",
    gain="Frames of an opcode that does not exist get around the limit of messages and fill the memory.",
)
@pytest.mark.parametrize("opcode", [3, 7, 11, 15])
async def test_large_payload_of_a_reserved_opcode_gets_around_no_limit(
    raw_connection: OpenRawConnection,
    target: Target,
    serve_others_during: ServeOthersDuring,
    expect_bounded_memory: ExpectBoundedMemory,
    opcode: int,
) -> None:
    raw = await raw_connection("hostile")
    size = max(16 * MIB, 4 * (target.promised_limit or 0))
    await raw.send_bytes(Frame(opcode).encode(length=size, length_bits=64))
    await serve_others_during(send_again_and_again(raw, bytes(MIB // 4), size // (MIB // 4) - 1))
    expect_bounded_memory()
    if target.promised_limit is not None:
        ending = await raw.ending(probe_with_ping=False)
        assert ending.ended, f"{size / MIB:.0f} MiB of a frame of opcode {opcode} were taken, above any limit"


@security(
    cwe=770,
    cve=["CVE-2026-48779", "CVE-2026-42786", "CVE-2021-3859"],
    asvs="15.2.2",
    gain="Fragments of next to no size cost the server a hundred times their bytes, until memory is used up.",
)
@pytest.mark.parametrize("payload", ["x", ""], ids=["of one byte", "empty"])
async def test_fragments_by_the_hundred_thousand_do_not_stop_the_server(
    raw_connection: OpenRawConnection,
    serve_others_during: ServeOthersDuring,
    expect_bounded_memory: ExpectBoundedMemory,
    scaled: Count,
    payload: str,
) -> None:
    raw = await raw_connection("flood")
    await raw.send(text("x", fin=False))
    block = continuation(payload, fin=False).encode() * 1_000
    await serve_others_during(send_again_and_again(raw, block, scaled(600)))
    expect_bounded_memory(TOO_MUCH_FOR_FRAGMENTS)


FLOODS = {"pings": ping(bytes(125)), "empty pings": ping(b""), "pongs": pong(bytes(125))}


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS.keys())
async def test_flood_whose_answers_are_not_read_does_not_stop_the_server(
    raw_connection: OpenRawConnection,
    serve_others_during: ServeOthersDuring,
    expect_bounded_memory: ExpectBoundedMemory,
    record_property: RecordProperty,
    scaled: Count,
    frame: Frame,
) -> None:
    """A Pong that is not read waits in the server; so it has to stop reading, or hang up."""
    raw = await raw_connection("flood", small_buffers=True)
    raw.pause_reading()
    sent: list[int] = []

    async def flood() -> None:
        sent.append(await send_again_and_again(raw, frame.encode() * 1_000, scaled(30)))

    await serve_others_during(flood())
    # The Pongs to these wait in the server and in the buffers of TCP.
    record_property("queue", f"{sent[0]:,} thousand frames were taken while nothing was read")
    expect_bounded_memory()


@functools.cache
def deflated(size: int, bits: int) -> bytes:
    """Returns ``size`` zeros, whole mebibytes, as the payload of a compressed message (RFC 7692 §7.2.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -bits)
    # After a full flush a block refers to none before it, so that it can stand anywhere.
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return (block * (size // MIB)).removesuffix(b"\x00\x00\xff\xff")


@security(
    cwe=409,
    cve=["CVE-2018-1000518", "CVE-2026-39804", "CVE-2021-21419"],
    asvs="15.2.2",
    gain="A message of some hundred kilobytes inflates to hundreds of megabytes and fills the memory.",
)
@pytest.mark.needs("deflate")
@pytest.mark.parametrize("bits", [9, 12, 15])
@pytest.mark.parametrize("pieces", [1, 100], ids=["in one frame", "in fragments"])
async def test_bomb_of_any_window_is_not_inflated_whole(
    agree: Agree,
    serve_others_during: ServeOthersDuring,
    expect_bounded_memory: ExpectBoundedMemory,
    bits: int,
    pieces: int,
) -> None:
    raw = await agree(f"permessage-deflate; client_max_window_bits={bits}", name="bomb")
    payload = deflated(BOMB, bits)
    step = -(-len(payload) // pieces)
    cut = [payload[at : at + step] for at in range(0, len(payload), step)]
    frames = [
        Frame(1 if number == 0 else 0, part, rsv1=number == 0, fin=number == len(cut) - 1).encode()
        for number, part in enumerate(cut)
    ]

    async def send() -> None:
        for frame in frames:
            await send_again_and_again(raw, frame, 1)

    await serve_others_during(send())
    expect_bounded_memory()


VIOLATIONS = {
    "RSV1": Frame(1, b"x", rsv1=True).encode(),
    "RSV2 and RSV3": Frame(1, b"x", rsv2=True, rsv3=True).encode(),
    "all bits": b"\xff" * 1_000,
    "a reserved opcode": Frame(3, b"x").encode(),
    "a reserved control opcode": Frame(11, b"x").encode(),
    "no mask": Frame(1, b"x").encode(masked=False),
    "a long Ping": Frame(9, bytes(126)).encode(),
    "half a Ping": Frame(9, b"x", fin=False).encode(),
    "a continuation of nothing": continuation("x").encode(),
    "a message within a message": text("x", fin=False).encode() + text("y").encode(),
    "no UTF-8": text(b"\xff\xfe").encode(),
    "half a character": text(b"\xd0").encode(),
    "a Close of one byte": Frame(8, b"\x03").encode(),
    "a Close with the code 0": Frame(8, b"\x00\x00").encode(),
    "a Close with the code 1006": Frame(8, b"\x03\xee").encode(),
    "a Close with the code 65535": Frame(8, b"\xff\xff").encode(),
    "a Close without UTF-8": Frame(8, b"\x03\xe8\xff").encode(),
    "a request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
}


@security(
    cwe=248,
    cve=["CVE-2022-21676", "CVE-2022-39386"],
    asvs="16.5.1",
    gain="One frame that breaks the protocol raises an error that ends the server.",
)
@pytest.mark.parametrize("data", VIOLATIONS.values(), ids=VIOLATIONS.keys())
async def test_frame_that_breaks_the_protocol_does_not_stop_the_server(
    connect: Connect, dial: Dial, opening: Request, raw_connection: OpenRawConnection, echo: Echo, data: bytes
) -> None:
    """Whether the server fails the connection is judged elsewhere."""
    early = await dial("illegal frame")
    await early.send_bytes(opening.encode() + data)
    with contextlib.suppress(NotReceived):
        await early.refusal()
    for _ in range(3):
        raw = await raw_connection("illegal frame")
        await raw.send_bytes(data)
        raw.reset()
    raw = await raw_connection("illegal frame")
    await raw.send_bytes(data)
    await raw.ending(probe_with_ping=False, deadline=raw.deadline / 10)
    await echo.expect_healthy(await connect(name="another client"))


MESSAGES = {
    "an event named by an object": ("40", '42[{"toString":"x"}]'),
    "an event without a name": ("40", "42[]"),
    "an event that is no list": ("40", '42{"length":1}'),
    "an attachment that never comes": ("40", '451-["x",{"_placeholder":true,"num":0}]'),
    "a number of attachments that is none": ("40", '459999999999-["x"]'),
    "a placeholder that is no number": ("40", '451-["x",{"_placeholder":true,"num":"splice"}]', b"x"),
    "binary without an event": ("40", b"\x04x"),
    "an unknown packet": ("9", "x", "4"),
    "the prototype": ('{"__proto__":{"x":1},"constructor":{"prototype":{"x":1}}}',),
    "a method of every object": ('{"type":"constructor"}', '{"type":"__proto__"}', '{"method":"toString"}'),
    "null": ("null", "[null]", '{"type":null}', '{"jsonrpc":"2.0","method":null,"id":{}}'),
    "numbers": ("1e999", "-1e999", "123456789" * 500, '{"id":1e999}'),
    "a deep list": ("[" * 50_000 + "]" * 50_000,),
    "a deep object": ('{"a":' * 20_000 + "1" + "}" * 20_000,),
    "many keys": ("{" + ",".join(f'"k{number}":0' for number in range(20_000)) + "}",),
    "a lone surrogate": ('"\\ud800"', '{"type":"\\udfff"}'),
    "no JSON": ("{", '{"', "]", "nul", '{"a":1}}'),
    "a format string": ("%s%n%d{0.__class__}${7*7}{{7*7}}",),
    "GraphQL": ('{"type":"connection_init"}', '{"type":"subscribe","id":"1","payload":{"query":"{"}}'),
    "STOMP and MQTT": ("CONNECT\naccept-version:1.2\n\n\x00", b"\x10\xff\xff\xff\x7f"),
}


@security(
    cwe=248,
    cve=["CVE-2023-32695", "CVE-2022-2421"],
    asvs="16.5.1",
    gain="One message that the application does not expect raises an error that ends the server.",
)
@pytest.mark.parametrize("messages", MESSAGES.values(), ids=MESSAGES.keys())
async def test_message_that_no_parser_expects_does_not_stop_the_server(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, messages: tuple[str | bytes, ...]
) -> None:
    """Whether the server answers them is the application's choice."""
    raw = await raw_connection("hostile")
    for message in messages:
        frame = text(message) if isinstance(message, str) else binary(message)
        await raw.send_bytes(frame.encode())
        # Bytes, as ending the whole server is no refusal of a text; the next one follows once this is read.
        await raw.ending(deadline=raw.deadline / 10)
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=770,
    cve="CVE-2026-44545",
    asvs="15.2.2",
    severity="medium",
    gain="A message has no limit: one client fills the memory.",
)
@pytest.mark.parametrize("fragmented", [True, False], ids=["in fragments", "in one frame"])
async def test_message_of_128_mebibytes_is_above_some_limit(
    raw_connection: OpenRawConnection,
    target: Target,
    serve_others_during: ServeOthersDuring,
    fragmented: bool,
) -> None:
    if not is_loopback(target.host):
        pytest.skip("128 MiB are sent to this machine alone")
    raw = await raw_connection("flood")
    if fragmented:
        await raw.send(binary(b"x", fin=False))
        piece = continuation(bytes(MIB), fin=False).encode(mask_key=bytes(4))
    else:
        await raw.send_bytes(binary(b"").encode(length=129 * MIB, length_bits=64, mask_key=bytes(4)))
        piece = bytes(MIB)
    sent = await send_again_and_again(raw, piece, 128)
    await raw.ending(probe_with_ping=False, deadline=raw.deadline / 10)
    is_open = raw.tcp == "open" and raw.close_status is None
    assert not (is_open and sent == 128), "the server took 128 MiB of one message and waits for more"
    await serve_others_during(raw.ending(probe_with_ping=False, deadline=raw.deadline / 10))


@security(
    cwe=409,
    asvs="15.2.2",
    gain="Each of many small messages inflates to megabytes, and the answers to them fill the memory.",
)
@pytest.mark.needs("deflate")
async def test_many_bombs_below_the_limit_do_not_stop_the_server(
    agree: Agree,
    serve_others_during: ServeOthersDuring,
    expect_bounded_memory: ExpectBoundedMemory,
    scaled: Count,
) -> None:
    """None of them is too big; a client that does not read leaves the answers with the server."""
    raw = await agree("permessage-deflate; client_no_context_takeover", name="bomb")
    raw.pause_reading()
    frame = Frame(1, deflated(MIB, 15), rsv1=True).encode()
    await serve_others_during(send_again_and_again(raw, frame, scaled(20)))
    expect_bounded_memory()
