"""What was given in confidence is masked in every spelling, and in the pieces that a cut leaves of it."""

from __future__ import annotations

import base64

import pytest

from pytest_websocket.protocol.credentials import MASK, is_credential
from pytest_websocket.target.secrets import Secrets, secrets_in
from pytest_websocket.target.target import Target

SECRET = "correct-horse-battery"


def masked(*headers: tuple[str, str]) -> list[str]:
    return sorted(Target("ws://x", headers=headers).secrets._texts)


def basic(clear: bytes) -> str:
    return "Basic " + base64.b64encode(clear).decode()


def test_credentials_of_a_header_are_found_in_all_its_parts() -> None:
    value = basic(b"user:pass:word")
    found = masked(("Authorization", value))
    assert {value, value.removeprefix("Basic "), "user:pass:word", "pass:word"} <= set(found)
    assert "word" not in found


@pytest.mark.parametrize("value", ["Basic no-base64!", basic(b"\xff\xff\xff\xff"), "Bearer two  words"])
def test_credentials_that_are_no_user_and_password_are_masked_as_they_stand(value: str) -> None:
    scheme, _, credentials = value.partition(" ")
    assert {value, credentials.strip()} <= set(masked(("Authorization", value)))
    assert scheme not in masked(("Authorization", value))


def test_every_value_of_a_cookie_is_found_by_itself() -> None:
    found = masked(("COOKIE", "first=one-two; second=three=four ;third"))
    assert {"one-two", "three=four", "first=one-two; second=three=four ;third"} <= set(found)
    assert masked(("X-Biscuit", "first=one-two")) == sorted(["first=one-two", "first%3Done-two"])


@pytest.mark.parametrize("name", ["WWW-Authenticate", "proxy-authenticate", "X-Monkey", "Key-Word"])
def test_name_that_carries_no_secret_is_no_credential(name: str) -> None:
    assert not is_credential(name)


@pytest.mark.parametrize("name", ["AUTHORIZATION", "x-api-key", "ApiKey", "sid", "Set-Cookie", "jwt"])
def test_name_that_carries_a_secret_is_a_credential(name: str) -> None:
    assert is_credential(name)


def test_secret_is_known_in_the_spellings_of_urls_html_json_and_python() -> None:
    assert set(Secrets(["a/b 'ж\"\n\x1b"])._texts) == {
        "a/b 'ж\"\n\x1b",
        "a/b%20%27%D0%B6%22%0A%1B",
        "a%2Fb%20%27%D0%B6%22%0A%1B",
        "a%2Fb+%27%D0%B6%22%0A%1B",
        "a/b &#x27;ж&quot;\n\x1b",
        r"a/b '\u0436\"\n\u001b",
        r"a/b 'ж\"\n\u001b",
        r"a/b \'ж" + r'"\n\x1b',
        r"a/b \'\u0436" + r'"\n\x1b',
    }


def test_value_of_six_characters_is_a_secret_and_a_shorter_one_is_not() -> None:
    assert Secrets(["secret"]).mask("secret") == MASK
    assert Secrets(["secre"]).mask("secre") == "secre"


def test_longest_secret_is_masked_first() -> None:
    assert Secrets(["secret-one", "my-secret-one"]).mask("my-secret-one") == MASK


def test_secret_that_is_no_unicode_is_masked_in_bytes() -> None:
    assert Secrets(["\ud800secret"]).mask_bytes(b"\xed\xa0\x80secret") == b"*" * 9


def test_credentials_in_the_urls_of_target_and_proxy_are_found() -> None:
    secrets = Secrets.of(
        "ws://someone:pass%20word@x/?token=tok-123456&page=innocent",
        (),
        "http://somebody:through@proxy/?sid=987654",
    )
    text = "someone pass word tok-123456 innocent somebody through 987654 proxy"
    assert secrets.mask(text) == f"{MASK} {MASK} {MASK} innocent {MASK} {MASK} {MASK} proxy"
    assert Secrets.of("ws://x").mask(text) == text


@pytest.mark.parametrize(
    ("offered", "found"),
    [
        (("bearer", "abcdefgh"), ["abcdefgh"]),
        (("v12.stomp", "base64.authorization.abcdefgh"), ["abcdefgh"]),
        (("chat.v1", "graphql-transport-ws", "soap"), []),
    ],
)
def test_token_that_is_offered_as_a_subprotocol_is_found(offered: tuple[str, ...], found: list[str]) -> None:
    assert Secrets.of("ws://x", subprotocols=offered)._texts == found


def test_no_secrets_change_nothing() -> None:
    assert Secrets().mask("text") == "text"
    assert Secrets().mask_cut("cor...") == "cor..."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"whole {SECRET}", f"whole {MASK}"),
        ("no cut, so correct-h is a word", "no cut, so correct-h is a word"),
        ("no cut before correct-h", "no cut before correct-h"),
        ("begun 'correct-h...", f"begun '{MASK}..."),
        ("begun 'cor...", f"begun '{MASK}..."),
        ("begun 'co...", "begun 'co..."),
        ("...ttery' ended", f"...{MASK}' ended"),
        ("...ery' ended", f"...{MASK}' ended"),
        ("...ry' ended", "...ry' ended"),
        ("'correct-h...ttery' both", f"'{MASK}...{MASK}' both"),
        ("“correct-h” … cut", f"“{MASK}” … cut"),
        ("“correct-h…", f"“{MASK}…"),
        ("a…b…ttery", f"a…b…{MASK}"),
        ("- ttery\n+ correct", f"- {MASK}\n+ {MASK}"),
        ("cut…\nbattery\nwords", f"cut…\n{MASK}\nwords"),
        (f"{SECRET}…", f"{MASK}…"),
    ],
)
def test_piece_of_a_secret_beside_a_cut_is_masked(text: str, shown: str) -> None:
    assert Secrets([SECRET]).mask_cut(text) == shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"a correct-hor", b"a ***********"),
        (b"a cor", b"a ***"),
        (b"an cor", b"an ***"),
        (b"cor", b"***"),
        (b"a co", b"a co"),
        (b"co", b"co"),
        (b"a correct-hor.", b"a correct-hor."),
        (SECRET.encode() + b" cor", b"*" * len(SECRET) + b" ***"),
    ],
)
def test_beginning_of_a_secret_is_masked_where_data_goes_on(data: bytes, shown: bytes) -> None:
    assert Secrets([SECRET]).mask_bytes(data, cut=True) == shown
    whole = data.replace(SECRET.encode(), b"*" * len(SECRET))
    assert Secrets([SECRET]).mask_bytes(data) == whole


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ('{"access_token": "abcdef", "user": "annabel"}', ["abcdef"]),
        ('{"password": "swordfish"}', ["swordfish"]),
        ('{"token": "short"}', []),
        ('{"token": "bearer", "auth": "password"}', []),
        ('{"session": "general-chat", "key": "user-settings"}', []),
        ('{"session": "a1b2c3d4e5"}', ["a1b2c3d4e5"]),
        (r'{"token": "caf\u00e9\/123"}', ["café/123"]),
        ('{"token": 123456789}', []),
    ],
)
def test_values_that_are_masked_wherever_they_stand_are_told_from_ordinary_words(
    message: str, found: list[str]
) -> None:
    assert list(secrets_in(message)) == found
