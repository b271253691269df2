"""RFC 6455 §5.4: what one message leaves to the next: its type, its fragments, an empty frame inside it."""

import pytest

from pytest_websocket.fixtures import RawConnection
from pytest_websocket.plugin.marks import MUST, rfc6455
from pytest_websocket.protocol.frames import Frame, binary, close, continuation, ping, pong, text
from pytest_websocket.target.target import Message


def in_three(message: Message) -> list[Frame]:
    """Returns a message in three fragments."""
    data = message.encode() if isinstance(message, str) else message
    first = text if isinstance(message, str) else binary
    third = len(data) // 3
    return [
        first(data[:third], fin=False),
        continuation(data[third : 2 * third], fin=False),
        continuation(data[2 * third :]),
    ]


@rfc6455("5.4", MUST, "every message in fragments has the type of its own first frame")
@pytest.mark.parametrize("order", ["tbtb", "btbt", "TbBt", "BtTb", "ttbb", "bTtB"], ids="-".join)
@pytest.mark.needs("binary")
async def test_type_of_one_message_is_not_taken_for_the_next(raw: RawConnection, order: str) -> None:
    """Small letters stand for messages in fragments."""
    for number, kind in enumerate(order):
        words = f"message {number}, of type {kind}"
        message: Message = words if kind in "tT" else words.encode()
        whole = text(words) if kind == "T" else binary(words.encode())
        await raw.send_together(*([whole] if kind.isupper() else in_three(message)))
        await raw.expect_echo(message)


CONTROLS = {"ping": ping(b"between"), "empty ping": ping(), "pong": pong(b"between"), "empty pong": pong()}


@rfc6455("5.4", MUST, "control frames before and after empty fragments leave the message whole")
@pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS.keys())
@pytest.mark.needs("answer")
async def test_control_frames_around_empty_fragments_leave_the_message_whole(
    raw: RawConnection, control: Frame
) -> None:
    await raw.send_together(
        *(text("", fin=False), control, continuation("", fin=False), control),
        *(continuation("one", fin=False), control, continuation("", fin=False), control),
        *(continuation(" two"), control, text("next")),
    )
    await raw.expect_echo("one two", "next")


@rfc6455("5.4", MUST, "a new message fails the connection in an unfinished one, though its frame is empty")
@pytest.mark.parametrize("fin", [True, False], ids=["whole", "fragment"])
@pytest.mark.parametrize("opcode", [1, 2], ids=["text", "binary"])
@pytest.mark.parametrize("begun", ["begun", ""], ids=["after data", "after nothing"])
async def test_empty_new_message_inside_an_unfinished_one_fails_the_connection(
    raw: RawConnection, begun: str, opcode: int, fin: bool
) -> None:
    await raw.send(text(begun, fin=False), Frame(opcode, b"", fin=fin), continuation("end"))
    await raw.expect_failed()


@rfc6455("5.5.1", MUST, "a Close is answered after control frames as well")
@pytest.mark.parametrize("how", ["one by one", "in one segment"])
@pytest.mark.parametrize("before", CONTROLS.values(), ids=CONTROLS.keys())
async def test_close_after_a_control_frame_is_answered(raw: RawConnection, before: Frame, how: str) -> None:
    if how == "one by one":
        await raw.send(before)
        if before.opcode == ping().opcode:
            await raw.expect_pong(before.payload)
        await raw.send(close(1000))
    else:
        await raw.send_together(before, close(1000))
    await raw.expect_closed(code=(1000, 1001, None))
