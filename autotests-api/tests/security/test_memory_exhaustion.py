"""Memory exhaustion: messages that announce, or inflate to, more than a server should hold."""

import contextlib

import pytest

from pytest_websocket import ConnectionEnded, security
from pytest_websocket.fixtures import Abilities, Connect, Echo, ExpectBoundedMemory, OpenRawConnection, Target
from pytest_websocket.protocol.frames import Frame, continuation, ping, text

pytestmark = [
    pytest.mark.alone,
    security(
        cwe=789,
        cve=["CVE-2020-27813", "CVE-2020-13935"],
        asvs="15.2.2",
        gain="A few bytes that announce a huge frame make the server allocate the memory, or loop.",
    ),
]

GIB = 1 << 30
HUGE = {
    "2 GiB - 1": 2 * GIB - 1,
    "2 GiB": 2 * GIB,
    "4 GiB": 4 * GIB,
    "10 GiB": 10 * GIB,
    "the most": (1 << 63) - 1,
}
OPCODES = {"text": 1, "binary": 2}


@pytest.mark.parametrize("opcode", OPCODES.values(), ids=OPCODES.keys())
@pytest.mark.parametrize("length", HUGE.values(), ids=HUGE.keys())
async def test_huge_announced_length_does_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    length: int,
    opcode: int,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    """The server may refuse at once, or wait for the payload; it must not allocate the memory."""
    raw = await raw_connection("oversized")
    await raw.send_bytes(Frame(opcode).encode(length=length, length_bits=64) + b"x" * 1_000)
    if echo.is_echo_api:
        await raw.expect_ended(code=(1009, None), probe_with_ping=False)
    await echo.expect_healthy(await connect(name="another client"))
    expect_bounded_memory()


@pytest.mark.parametrize("length", HUGE.values(), ids=HUGE.keys())
async def test_huge_announced_length_of_a_fragment_does_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    length: int,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    """After other fragments, so that the sum exceeds 64 bits, or 63."""
    raw = await raw_connection("oversized")
    await raw.send(text("x" * 1_000, fin=False))
    await raw.send_bytes(continuation("").encode(length=length, length_bits=64) + b"x" * 1_000)
    if echo.is_echo_api:
        await raw.expect_ended(code=(1009, None), probe_with_ping=False)
    await echo.expect_healthy(await connect(name="another client"))
    expect_bounded_memory()


async def test_many_huge_announced_lengths_do_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    """Together they announce 60 GiB, each of them a little less than Java's largest array."""
    for number in range(30):
        raw = await raw_connection(f"oversized {number}")
        await raw.send_bytes(Frame(2).encode(length=2 * GIB - 9, length_bits=64) + b"x")
    await echo.expect_healthy(await connect(name="another client"))
    expect_bounded_memory()


@security(
    cwe=770,
    cve="CVE-2026-44545",
    asvs="15.2.2",
    gain="A limit that fragments get around limits nothing: one client fills the memory.",
)
async def test_fragments_above_the_limit_are_refused(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, target: Target
) -> None:
    """No fragment is above the limit; their sum is, long before the last one."""
    if not echo.is_echo_api and target.max_message is None:
        pytest.skip("what the target's limit is has not been said (--ws-max-message)")
    limit = target.max_message or 1 << 20
    raw = await raw_connection("oversized")
    part = "x" * max(1, limit // 8)
    await raw.send(text(part, fin=False))
    for _ in range(24):
        await raw.send(continuation(part, fin=False))
    ending = await raw.ending(probe_with_ping=False)
    if not echo.is_echo_api and not ending.ended:
        pytest.skip("the target takes more than --ws-max-message says")
    await raw.expect_ended(code=(1009, None))
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=770,
    asvs="15.2.2",
    gain="Messages that are begun and never ended keep memory for as long as the attacker likes.",
)
async def test_unfinished_messages_of_many_do_not_stop_the_server(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, abilities: Abilities
) -> None:
    size = min(abilities.max_message, 1 << 20) // 2
    for number in range(10):
        raw = await raw_connection(f"oversized {number}")
        await raw.send(text("x" * size, fin=False))
    await echo.expect_healthy(await connect(name="another client"))


@security(
    cwe=409,
    cve=["CVE-2018-1000518", "CVE-2026-39804", "CVE-2021-21419"],
    asvs="15.2.2",
    gain="A small compressed message inflates to a thousand times its size and fills the memory.",
)
@pytest.mark.needs("text", "deflate")
@pytest.mark.parametrize("size", [2 << 20, 12 << 20], ids=["2 MiB", "12 MiB"])
async def test_message_that_unpacks_to_a_thousandfold_is_refused_or_whole(
    connect: Connect, echo: Echo, size: int
) -> None:
    """As a zip bomb: the limit counts for the inflated data."""
    client = await connect(name="oversized", compression=True, max_size=16 << 20)
    message = "x" * size
    if echo.is_echo_api:
        with contextlib.suppress(ConnectionEnded):
            await client.send(message)
        await client.expect_closed(1009)
    else:
        with contextlib.suppress(ConnectionEnded):
            await echo.expect_replies(client, message)
    await echo.expect_healthy(await connect(name="another client"))


BROKEN = {
    "noise": bytes(range(255, 0, -1)),
    "reserved block": b"\x07\x00",
    "no such distance": b"\x4b\x04\x72\xff\xff\x0f\x00",
}


@security(cwe=248, asvs="15.2.2", gain="Data that cannot be inflated raises an error that ends the server.")
@pytest.mark.needs("deflate")
@pytest.mark.parametrize("payload", BROKEN.values(), ids=BROKEN.keys())
async def test_compressed_nonsense_does_not_stop_the_server(
    connect: Connect, raw_connection: OpenRawConnection, echo: Echo, payload: bytes
) -> None:
    other_client = await connect(name="another client")
    for _ in range(3):
        raw = await raw_connection("broken", extensions="permessage-deflate")
        await raw.send(Frame(1, payload, rsv1=True))
        await echo.expect_healthy(other_client)
    await echo.expect_healthy(await connect(name="new client"))


@security(
    cwe=789, asvs="15.2.2", gain="A control frame that announces gibibytes makes the server allocate them."
)
async def test_huge_control_frame_does_not_stop_the_server(
    connect: Connect,
    raw_connection: OpenRawConnection,
    echo: Echo,
    expect_bounded_memory: ExpectBoundedMemory,
) -> None:
    """Control frames have at most 125 bytes (RFC 6455 §5.5), so the echo API refuses it at once."""
    raw = await raw_connection("oversized")
    await raw.send_bytes(ping().encode(length=10 * GIB, length_bits=64)[:10] + bytes(4))
    if echo.is_echo_api:
        await raw.expect_failed(probe_with_ping=False)
    await echo.expect_healthy(await connect(name="another client"))
    expect_bounded_memory()
