"""Profiles: a TOML file in place of options, and logins by its steps."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pytest_websocket.target.login import Conversation, LoginFailed, Step, Steps, load_login
from pytest_websocket.target.profile import read_profile
from pytest_websocket.text import Message

PROFILE = """
request = { op = "say", text = "{message}" }
exchange = ["ping", { op = "pong" }]
ignore = ['{"type": "tick"}', "hello"]
no_echo = true
greetings = 2
headers = { Cookie = "a=b" }
subprotocol = "chat"
ca = "ca.pem"

[[login]]
send = { op = "auth", token = "{env:TOKEN}" }
expect = '{"ok": true}'
capture = { id = "user.id" }
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "api.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_profile_holds_what_options_hold(tmp_path: Path) -> None:
    profile = read_profile(written(tmp_path, PROFILE))
    assert profile.values == {
        "request": ['{"op": "say", "text": "{message}"}'],
        "exchange": ['ping\n{"op": "pong"}'],
        "ignore": ['{"type": "tick"}', "hello"],
        "no_echo": ["true"],
        "greetings": ["2"],
        "header": ["Cookie: a=b"],
        "subprotocol": ["chat"],
        "ca": [str(tmp_path / "ca.pem")],
    }
    assert profile.login == Steps(
        (Step('{"op": "auth", "token": "{env:TOKEN}"}', '{"ok": true}', (("id", "user.id"),)),)
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("requst = 'x'", "unknown key 'requst'; did you mean request?"),
        ("zzz = 1", "unknown key 'zzz'; known are url, request"),
        ("[[login]]\nsned = 'x'", "step 1 of the login: unknown key 'sned'; did you mean send?"),
        ("[[login]]\nexpect = 're:('", "step 1 of the login: expected a regular expression"),
        ("login = [1]", "step 1 of the login: expected a table"),
        ("a = ", "is no TOML"),
    ],
)
def test_wrong_profile_is_told_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"api\.toml") as refusal:
        read_profile(written(tmp_path, text))
    assert reason in str(refusal.value)
    assert "\n" not in str(refusal.value)


class Peer:
    """Answers what a login sends from a list."""

    def __init__(self, *messages: Message) -> None:
        self.messages = list(messages)
        self.sent: list[Message] = []
        self.learned: list[str] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def receive(self) -> Message:
        if not self.messages:
            raise AssertionError("the connection ended")
        return self.messages.pop(0)

    def run(self, *steps: Step) -> None:
        asyncio.run(Steps(steps)(Conversation(self.send, self.receive, self.learned.append)))


def test_value_of_a_message_goes_into_the_next() -> None:
    peer = Peer("hello", '{"challenge": {"nonce": "n\\"1", "round": 3}}', '{"ok": true}')
    peer.run(
        Step(
            expect="keys:challenge",
            capture=(("nonce", "challenge.nonce"), ("round", "challenge.round")),
        ),
        Step(send='{"nonce": "{nonce}", "round": {round}, "id": "x-{nonce}"}', expect='{"ok": true}'),
    )
    assert json.loads(str(peer.sent[0])) == {"nonce": 'n"1', "round": 3, "id": 'x-n"1'}


def test_text_is_captured_by_a_pattern() -> None:
    peer = Peer("CHALLENGE abc")
    peer.run(Step(capture=(("nonce", r"re:CHALLENGE (\w+)"),)), Step(send="RESPONSE {nonce}"))
    assert peer.sent == ["RESPONSE abc"]


def test_what_is_sent_is_secret_but_for_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "from-the-environment")
    peer = Peer()
    peer.run(Step(send='{"type": "auth", "data": {"token": "{env:TOKEN}", "n": 1}}'), Step(send="PASS word"))
    assert peer.learned == ["from-the-environment", "PASS word"]


def test_steps_may_be_binary() -> None:
    peer = Peer(b"\x81\xa5nonce\xa3abc", b"\x01\x02")
    peer.run(
        Step(expect='msgpack:{"nonce": "abc"}', capture=(("nonce", "nonce"),)),
        Step(send='msgpack:{"answer": "{nonce}"}'),
        Step(send="hex:10 00", expect="hex:01*"),
    )
    assert peer.sent == [b"\x81\xa6answer\xa3abc", b"\x10\x00"]
    assert peer.learned == ["abc"]


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Step(send="hex:0"), "expected hexadecimal digits after hex:, as in hex:00ff"),
        (Step(send="msgpack:x"), 'expected JSON after msgpack:, as in msgpack:{"op": "ping"}'),
        (Step(expect="ok"), "expected “ok”: the connection ended; before it came “no”"),
        (Step(capture=(("a", "b.c"),)), "'b.c' leads to nothing in “no”"),
        (Step(send="{env:NOT_SET_ANYWHERE}"), "the environment has no variable NOT_SET_ANYWHERE"),
    ],
)
def test_failed_step_is_named_with_its_reason(step: Step, reason: str) -> None:
    with pytest.raises(LoginFailed) as failed:
        Peer("no").run(step)
    assert str(failed.value) == f"step 1 of the login failed: {reason}"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nothing", "expected module:function"),
        ("no_such_module_here:log_in", "cannot be imported"),
        ("json:log_in", "json has no function log_in"),
        ("json:__name__", "is no function"),
    ],
)
def test_function_that_is_not_there_is_told(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        load_login(name, tmp_path)
