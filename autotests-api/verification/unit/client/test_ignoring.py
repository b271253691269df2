"""Messages that `connect(ignore=…)` names go to no wait, and stay in the recording as one line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pytest_websocket.client import ExpectationFailed, json_with
from pytest_websocket.render import plain_transcript, transcript
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.target.secrets import Secrets
from verification.unit.client.handlers import BRIEF, lines_of, says

HEARTBEAT = '{"type": "heartbeat", "n": 1}'


async def test_ignored_messages_go_to_no_wait(peer: Any) -> None:
    sent = (HEARTBEAT, "1", HEARTBEAT, HEARTBEAT, "2", "3", HEARTBEAT)
    client = await peer(says(*sent, then="close"), ignore=json_with(type="heartbeat"))
    assert await client.receive() == "1"
    await client.expect("2")
    assert await client.collect() == ["3"]
    assert not client.skipped


@pytest.mark.parametrize("ignore", [[re.compile("^tick"), b"\x00"], ("tick 1", "tick 2", b"\x00")])
async def test_several_expectations_may_be_ignored(peer: Any, ignore: Any) -> None:
    client = await peer(says("tick 1", b"\x00", "tick 2", "tock"), ignore=ignore)
    assert await client.receive() == "tock"


async def test_ignored_messages_are_one_line_of_a_failure(peer: Any) -> None:
    client = await peer(says(*[HEARTBEAT] * 12, "tick", HEARTBEAT), ignore=json_with(type="heartbeat"))
    with pytest.raises(ExpectationFailed) as failure:
        await client.wait_for("tock", deadline=BRIEF)
    ignored = [line for line in lines_of(failure) if "ignored" in line]
    assert [re.sub(r"\d+\.\d{4} s", "T", line) for line in ignored] == [
        f"T  received  12 ignored messages, the last at T: “{HEARTBEAT}”",
        f"T  received  1 ignored message: “{HEARTBEAT}”",
    ]


async def test_ignored_messages_that_no_wait_has_read_are_folded_as_well(peer: Any) -> None:
    client = await peer(says(*[HEARTBEAT] * 3, "last"), ignore=json_with(type="heartbeat"))
    await client.ping(b"after the messages")
    text = plain_transcript.text([Conversation.of(client.recording, Secrets())])
    assert "3 ignored messages" in text
    assert "last" in text


async def test_message_that_was_wanted_and_is_ignored_is_told(peer: Any) -> None:
    client = await peer(says(HEARTBEAT), ignore=json_with(type="heartbeat"))
    with pytest.raises(ExpectationFailed) as failure:
        await client.expect(json_with(type="heartbeat"), deadline=BRIEF)
    assert (
        "ignored:  a message that matches was ignored, as connect(ignore=…) asks: "
        f"text, {len(HEARTBEAT)} characters: “{HEARTBEAT}”"
    ) in lines_of(failure)


async def test_reports_fold_ignored_messages_and_keep_them(peer: Any) -> None:
    client = await peer(says(*[HEARTBEAT] * 3, "last"), ignore=json_with(type="heartbeat"))
    await client.expect("last")
    conversation = Conversation.of(client.recording, Secrets())
    assert len(conversation.frames) == 4
    for page in (plain_transcript.text([conversation]), transcript.page([conversation])):
        assert page.count("3 ignored messages") == 1
        assert page.count("heartbeat") == 1


async def test_fragments_of_an_ignored_message_are_folded_with_it(peer: Any) -> None:
    async def handler(connection: Any) -> None:
        await connection.send(["heart", "beat"])
        await connection.send("last")
        await connection.wait_closed()

    client = await peer(handler, ignore="heartbeat")
    await client.expect("last")
    # The last fragment is empty.
    assert [frame.ignored for frame in client.recording.frames] == [
        True,
        True,
        True,
        False,
    ]
    assert "1 ignored message" in client.recording.tail()
