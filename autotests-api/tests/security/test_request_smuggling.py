"""Request smuggling: a second request behind a handshake, or within its body, is none."""

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import Connect, Dial, Echo, OpenRawConnection
from pytest_websocket.protocol.handshake import Request
from pytest_websocket.raw.ending import NotReceived

pytestmark = security(
    cwe=444,
    asvs="4.2.1",
    wstg="WSTG-INPV-15",
    gain="A request hidden behind another one, or in its body, is handled past the checks of a proxy.",
)


async def test_second_handshake_on_a_connection_is_not_answered(
    connect: Connect, raw_connection: OpenRawConnection, opening: Request, echo: Echo
) -> None:
    """After the first one, the bytes are read as a frame, and its first byte has reserved bits set."""
    raw = await raw_connection("twice")
    await raw.send_bytes(opening.encode())
    await raw.expect_ended(probe_with_ping=False)
    await echo.expect_healthy(await connect(name="another client"))


@pytest.mark.parametrize(
    "headers",
    [{"Content-Length": "{length}"}, {"Transfer-Encoding": "chunked"}, {"Content-Length": "0"}],
    ids=["in a body", "in a chunk", "behind an empty body"],
)
async def test_smuggled_handshake_is_not_answered(
    connect: Connect, dial: Dial, opening: Request, echo: Echo, headers: dict[str, str]
) -> None:
    """Two requests, or one with a body: however the server reads it, it switches protocols once."""
    raw = await dial("smuggler")
    smuggled = opening.encode()
    request = opening
    for name, value in headers.items():
        request = request.having(name, value.format(length=len(smuggled)))
    await raw.send_bytes(request.encode() + smuggled)
    raw.request = request
    try:
        response = await raw.refusal()
    except NotReceived as silence:
        if echo.is_echo_api or echo.target.strict:
            raise
        pytest.xfail(f"the server neither answers nor closes: {silence}")
    if response is not None and response.accepted:
        raw.switch_protocols()
        await raw.ending(probe_with_ping=False, deadline=raw.deadline / 10)
        raw.expect_no_violation()
    await echo.expect_healthy(await connect(name="another client"))
