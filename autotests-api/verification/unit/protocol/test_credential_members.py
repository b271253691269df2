"""The value of a credential is found by its name in JSON, and in text that shows JSON in part or escaped."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import pytest

from pytest_websocket.protocol.credential_members import credential_values, masked

SECRET = "eyJhbGci.SECRET"


def hidden(text: str) -> str:
    return masked(text, "#")


@pytest.mark.parametrize(
    "name",
    [
        "access_token",
        "accessToken",
        "Authorization",
        "password",
        "pwd",
        "client_secret",
        "apiKey",
        "key",
        "sid",
    ],
)
def test_value_of_a_credential_is_found_and_its_neighbours_are_not(name: str) -> None:
    message = {"type": "auth", name: SECRET, "user": "anna"}
    for indent in (None, 2):
        assert hidden(json.dumps(message, indent=indent)) == json.dumps({**message, name: "#"}, indent=indent)
    assert hidden(repr(message)) == repr({**message, name: "#"})


@pytest.mark.parametrize(
    "name", ["author", "code", "keys", "max_tokens", "total_tokens", "passenger", "monkey", "type", "text"]
)
def test_value_of_an_ordinary_member_is_left(name: str) -> None:
    text = json.dumps({name: "ordinary"})
    assert hidden(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            '{"auth": {"user": "anna", "of": ["a", 1]}, "after": "b"}',
            '{"auth": {"user": "#", "of": ["#", 1]}, "after": "b"}',
        ),
        ('{"payload": {"token": "a"}}', '{"payload": {"token": "#"}}'),
        ('42["login",{"token":"a"}]', '42["login",{"token":"#"}]'),
        (
            '{"password": 12345, "pin": 99, "token": 7, "auth": true}',
            '{"password": #, "pin": #, "token": 7, "auth": true}',
        ),
        (r'{"token": "a\"b\\", "x": "y"}', '{"token": "#", "x": "y"}'),
        (r'"{\"token\": \"a\", \"x\": \"y\"}"', r'"{\"token\": \"#\", \"x\": \"y\"}"'),
        (r"{\\\"token\\\":\\\"a\\\",", r"{\\\"token\\\":\\\"#\\\","),
        (
            '“{"type": "login", "token": "eyJh” …\nnext: "line"',
            '“{"type": "login", "token": "#\nnext: "line"',
        ),
        ('token = "a"  # in Python', 'token = "#"  # in Python'),
        ("log_in(user='anna', password='a')", "log_in(user='anna', password='#')"),
        ('user: "anna" password: "a"', 'user: "anna" password: "#"'),
        ('$.data.token: expected “"a"”, got “"b"”', "$.data.token: expected #"),
        ('$.type: expected “"a"”, got “"b"”', '$.type: expected “"a"”, got “"b"”'),
        ('{"token": ""}', '{"token": ""}'),
        ("a sentence about a token", "a sentence about a token"),
        ("", ""),
    ],
)
def test_what_is_secret_is_found_in_every_form(text: str, shown: str) -> None:
    assert hidden(text) == shown


def test_values_come_with_their_names() -> None:
    found = list(credential_values(f'{{"token": "{SECRET}", "password": 1}}'))
    assert [(value.name, value.text) for value in found] == [("token", SECRET), ("password", "")]


@pytest.mark.parametrize(
    "text",
    ['{"token":' * 2000, "\\" * 20000, '"' * 20000, 'token="' * 3000, "$." * 9000, '"a"' + " " * 20000],
)
def test_hostile_text_costs_little(text: Any) -> None:
    begun = perf_counter()
    hidden(text)
    assert perf_counter() - begun < 2
