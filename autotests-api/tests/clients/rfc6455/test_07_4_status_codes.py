"""RFC 6455 §7.4: codes in a server's Close frame."""

import pytest

from pytest_websocket import MUST, SHOULD, rfc6455
from pytest_websocket.fixtures import Conversation
from pytest_websocket.protocol.frames import close

LEGAL = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
NEVER_SENT = [1005, 1006, 1015]
UNDEFINED = [0, 999, 1004, 1016, 1100, 2000, 2999]
BEYOND = [5000, 65535]


@rfc6455("7.4", MUST, "a Close frame with a defined code is answered with one", autobahn=["7.7.1-13"])
@pytest.mark.parametrize("code", LEGAL)
async def test_close_with_a_defined_code_is_answered(conversation: Conversation, code: int) -> None:
    await conversation.send_frame(close(code))
    closing = await conversation.expect_closed()
    assert closing.code != 1006, "the Close frame was not answered"
    conversation.close_tcp()


@rfc6455("7.4", SHOULD, "a defined code is answered with the same code, or a normal closure")
@pytest.mark.parametrize("code", LEGAL)
async def test_defined_code_is_answered_with_the_same(conversation: Conversation, code: int) -> None:
    await conversation.send_frame(close(code))
    await conversation.expect_closed({code, 1000, 1005})
    conversation.close_tcp()


@rfc6455(
    "7.4.1", MUST, "1005, 1006 and 1015 are never sent, not even in answer to themselves", autobahn="7.9.4"
)
@pytest.mark.parametrize("code", NEVER_SENT)
async def test_code_that_is_never_sent_is_not_echoed(conversation: Conversation, code: int) -> None:
    await conversation.send_frame(close(code))
    await conversation.expect_failed()
    status = conversation.close_status
    assert status is None or status.code not in NEVER_SENT, f"{status} must not be on the wire"


@rfc6455("7.4.2", MUST, "an undefined code ends the connection and is not echoed", autobahn=["7.9.1-9"])
@pytest.mark.parametrize("code", UNDEFINED)
async def test_undefined_code_is_not_echoed(conversation: Conversation, code: int) -> None:
    await conversation.send_frame(close(code))
    closing = await conversation.expect_failed()
    assert closing.code != code, "a code that is not defined was echoed"


@rfc6455("7.4", SHOULD, "an undefined code is called a protocol error (1002)", autobahn=["7.9.1-9"])
@pytest.mark.parametrize("code", [*UNDEFINED, *NEVER_SENT, *BEYOND])
async def test_undefined_code_is_refused_with_1002(conversation: Conversation, code: int) -> None:
    await conversation.send_frame(close(code))
    await conversation.expect_failed(1002)
