"""Identities of a profile: how each enters the target, and that none of their secrets is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_websocket.target.identities import Identity
from pytest_websocket.target.login import LoginFailed
from pytest_websocket.target.profile import Profile, read_profile
from pytest_websocket.target.target import Target

PROFILE = """
[expired]
header = { Cookie = "session=expired-0ne" }

[single_use]
request = "POST /ticket"
capture = { ticket = "data.ticket" }
query = "ticket={ticket}"

[logout]
header = { Authorization = "Bearer t0-be-ended" }
login = [{ send = '{"hello": true}' }]
steps = [{ send = "bye", expect = "ok" }]

[other_user]
header = { Cookie = "session={env:OTHER}" }

[[private]]
send = '{"order": 17}'
expect = '{"order": 17}'
"""

TARGET = Target("ws://127.0.0.1:1/chat?room=1", headers=(("Cookie", "session=own"), ("X-Tenant", "one")))


def profile_of(tmp_path: Path, text: str) -> Profile:
    path = tmp_path / "api.toml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path)


def test_identities_enter_in_their_own_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = profile_of(tmp_path, PROFILE).identities
    assert found.expired is not None
    assert found.single_use is not None
    assert found.logout is not None
    assert found.other_user is not None
    entering = found.expired.entering(TARGET)
    assert entering.headers == (("X-Tenant", "one"), ("Cookie", "session=expired-0ne"))
    assert entering.url == TARGET.url
    values = found.single_use.captured('{"data": {"ticket": "t1"}}')
    entering = found.single_use.entering(TARGET, values)
    assert entering.url == "ws://127.0.0.1:1/chat?ticket=t1"
    assert entering.headers == TARGET.headers
    assert found.logout.identity.entering(TARGET).login is not None
    assert found.logout.steps[0].send == "bye"
    with pytest.raises(LoginFailed, match="the environment has no variable OTHER"):
        found.other_user.entering(TARGET)
    monkeypatch.setenv("OTHER", "b0b")
    assert ("Cookie", "session=b0b") in found.other_user.entering(TARGET).headers
    assert found.private[0].expect == '{"order": 17}'
    assert Identity().entering(TARGET) == TARGET


def test_secrets_of_identities_are_known(tmp_path: Path) -> None:
    secrets = set(profile_of(tmp_path, PROFILE).identities.secrets())
    assert {"session=expired-0ne", "expired-0ne", "t0-be-ended"} <= secrets


@pytest.mark.parametrize(
    "text, words",
    [
        ('[expired]\nheaders = "x"', r"expected tables: header"),
        ('expired = "x"', r"\[expired\]: expected a table with header, query"),
        ("[other_user]\ncooky = 1", r"\[other_user\]: unknown key 'cooky'"),
        ('[single_use]\nrequest = "http://elsewhere/"', r"expected a request as POST /path"),
        ("[logout]\nheader = {}", r"\[logout\]: expected request = \"POST /logout\", or steps"),
        ('[[private]]\nsend = "x"', r"\[\[private\]\]: expected send and expect"),
        ('denied = "internal"', r"denied: expected a path, as in denied = \"/internal\""),
        ('private = "x"', r"\[\[private\]\]: expected a list of tables"),
        (
            '[logout]\nsteps = [{ sent = "x" }]',
            r"step 1 of the logout: unknown key 'sent'; did you mean send",
        ),
    ],
)
def test_identity_that_cannot_be_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        profile_of(tmp_path, text)
