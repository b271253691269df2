"""RFC 6455 §7.1.5, §7.1.6: the close code and the reason that a client tells its user.

Skipped where the program does not print them.
"""

import pytest

from pytest_websocket import SHOULD, rfc6455
from pytest_websocket.fixtures import ClientUnderTest
from pytest_websocket.protocol.frames import TEXT, Frame, close, continuation, ping


async def close_told(client: ClientUnderTest) -> tuple[int | None, str | None]:
    events = [event for event in await client.told() if event["event"] == "close"]
    assert len(events) == 1, f"the end of the connection was told {len(events)} times: {events}"
    return events[0].get("code"), events[0].get("reason")


@rfc6455("7.1.5", SHOULD, "the code that the user is told is that of the server's Close frame")
@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
async def test_code_of_the_close_is_told(client_under_test: ClientUnderTest, code: int) -> None:
    conversation = await client_under_test.opened()
    await conversation.close(code)
    assert (await close_told(client_under_test))[0] == code


@rfc6455("7.1.5", SHOULD, "a Close frame without a code is told as 1005")
async def test_close_without_a_code_is_told(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.opened()
    await conversation.close(None)
    assert (await close_told(client_under_test))[0] == 1005


@rfc6455("7.1.5", SHOULD, "the end of TCP without a Close frame is told as 1006")
async def test_end_of_tcp_is_told(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.opened()
    await conversation.expect_echo("opened")
    conversation.close_tcp()
    assert (await close_told(client_under_test))[0] == 1006


WRONG = {
    "a reserved opcode": Frame(3, b"hello"),
    "text that is not UTF-8": Frame(TEXT, b"\xff"),
    "a continuation of nothing": continuation("hello"),
    "a long Ping": ping(bytes(126)),
    "an undefined code": close(999),
}


@rfc6455("7.1.5", SHOULD, "a connection that failed is not told as a normal closure")
@pytest.mark.parametrize("frame", WRONG.values(), ids=WRONG.keys())
async def test_failure_is_not_told_as_a_normal_closure(
    client_under_test: ClientUnderTest, frame: Frame
) -> None:
    conversation = await client_under_test.opened()
    await conversation.send_frame(frame)
    await conversation.expect_failed()
    conversation.close_tcp()
    assert (await close_told(client_under_test))[0] not in (1000, 1001, 1005)


@rfc6455("7.1.6", SHOULD, "the reason of the server's Close frame is told")
@pytest.mark.parametrize("reason", ["", "done", "до свидания"])
async def test_reason_of_the_close_is_told(client_under_test: ClientUnderTest, reason: str) -> None:
    conversation = await client_under_test.opened()
    await conversation.close(4000, reason)
    assert (await close_told(client_under_test))[1] == reason
