"""RFC 6455 §4.1: an answer with folded headers, as RFC 2616 allows them and RFC 9112 no longer does."""

import pytest

from pytest_websocket import MAY, MUST, rfc6455
from pytest_websocket.fixtures import ClientUnderTest, RecordProperty
from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.handshake import accept_value, new_key

START = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
FORMS = {
    "an unknown header": "X-Note: one{fold}two\r\nSec-WebSocket-Accept: {accept}\r\n\r\n",
    "the accept value": "Sec-WebSocket-Accept:{fold}{accept}\r\n\r\n",
}
FOLDS = {"a space": "\r\n ", "a tab": "\r\n\t", "several": "\r\n   \t "}


@rfc6455("4.1", MAY, "a folded header is read as RFC 2616 has it, or the answer opens no connection")
@pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS.keys())
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
async def test_folded_header_is_read_or_refused(
    client_under_test: ClientUnderTest, form: str, fold: str, record_property: RecordProperty
) -> None:
    conversation = await client_under_test.requested()
    accept = accept_value(conversation.request.key)
    await conversation.answer((START + form.format(fold=fold, accept=accept)).encode())
    await conversation.send_frame(text("opened"))
    await conversation.comes_true(
        lambda: bool(conversation.unread) or conversation.over, conversation.deadline
    )
    record_property("observed", "read" if conversation.unread else "refused")
    if conversation.unread:
        await conversation.expect("opened")
    else:
        assert conversation.over, "the client has neither opened nor ended the connection"


@rfc6455("4.1", MUST, "a folded line is a part of the header before it, and no header of its own")
@pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS.keys())
async def test_folded_line_is_no_header(client_under_test: ClientUnderTest, fold: str) -> None:
    conversation = await client_under_test.requested()
    accept = accept_value(conversation.request.key)
    await conversation.answer(f"{START}X-Note: one{fold}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
    await conversation.expect_not_opened()


@rfc6455("4.1", MUST, "the rest of a folded Sec-WebSocket-Accept belongs to its value")
async def test_folded_rest_of_the_accept_value_is_not_lost(client_under_test: ClientUnderTest) -> None:
    conversation = await client_under_test.requested()
    accept, other = accept_value(conversation.request.key), accept_value(new_key())
    await conversation.answer(f"{START}Sec-WebSocket-Accept: {accept}\r\n {other}\r\n\r\n".encode())
    await conversation.expect_not_opened()
