"""Spec files: what they say, and one line on what is wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.wstest.settings import Settings
from pytest_websocket.wstest.spec import Spec, SpecError, parse_spec, parse_url, read_spec

URL = "ws://127.0.0.1:9001"


def parsed(content: dict[str, Any], *, for_servers: bool = False) -> Spec:
    return parse_spec(content, for_servers=for_servers, settings=Settings())


def test_spec_file_of_a_server_as_others_have_it() -> None:
    spec = parsed(
        {
            "url": "wss://127.0.0.1:9443/",
            "options": {"failByDrop": False, "version": 18, "closeHandshakeTimeout": 3},
            "outdir": "./reports/clients",
            "cases": ["1.*", "2.*"],
            "exclude-cases": ["2.10"],
            "exclude-agent-cases": {"ws*": ["6.4.*"]},
            "key": "k.pem",
            "cert": "c.pem",
        }
    )
    assert spec.endpoint is not None
    assert (spec.endpoint.port, spec.endpoint.secure) == (9443, True)
    assert (spec.cases, spec.excluded) == (("1.*", "2.*"), ("2.10",))
    assert spec.excluded_for == {"ws*": ("6.4.*",)}
    assert spec.settings == Settings(answer=3)
    assert (spec.key, spec.certificate) == ("k.pem", "c.pem")


def test_spec_file_of_servers_and_its_defaults() -> None:
    spec = parsed(
        {
            "servers": [
                {"agent": "a", "url": URL, "options": {"openHandshakeTimeout": 9}},
                {"url": URL + "/x?y"},
            ]
        },
        for_servers=True,
    )
    first, second = spec.servers
    assert (first.agent, first.settings.opening) == ("a", 9)
    assert (second.agent, second.endpoint.resource, second.settings.opening) == (None, "/x?y", 5)
    assert (spec.cases, spec.outdir) == (("*",), Path("reports/servers"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "has no 'url', as in ws://127.0.0.1:9001"),
        ({"url": "http://x"}, "expected a URL as in ws://127.0.0.1:9001, not 'http://x'"),
        ({"url": "ws://x:99999"}, "Port out of range"),
        ({"url": URL, "case": []}, "the key 'case', which is not known; known are cases"),
        ({"url": URL, "cases": "*"}, "'cases' has to be a list, it is text"),
        ({"url": URL, "cases": [1]}, "'cases' has to be a list of text, one element is a number"),
        ({"url": URL, "outdir": True}, "'outdir' has to be text, it is true or false"),
        ({"url": URL, "options": []}, "'options' has to be an object, it is a list"),
        ({"url": URL, "options": {"x": 1}}, "option 'x' is not known"),
        ({"url": URL, "options": {"closeHandshakeTimeout": 0}}, "has to be a number of seconds, it is 0"),
        ({"url": URL, "exclude-agent-cases": []}, "'exclude-agent-cases' has to be an object, it is a list"),
    ],
)
def test_what_is_wrong_is_told(content: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as error:
        parsed(content)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("servers", "words"),
    [
        ([{}], "server 1 has no 'url'"),
        (["x"], "server 1 has to be an object, it is text"),
        ([{"url": URL, "name": "x"}], "server 1 has the key 'name', which is not known"),
    ],
)
def test_what_is_wrong_with_a_server_is_told(servers: list[Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        parsed({"servers": servers}, for_servers=True)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"{", "it is no JSON"), (b"[]", "expected a JSON object, it is a list"), (b"\xff", "it is not UTF-8")],
)
def test_file_that_is_no_spec_file_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "spec.json"
    file.write_bytes(content)
    with pytest.raises(SpecError, match=words):
        read_spec(file)


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="No such file"):
        read_spec(tmp_path / "spec.json")


def test_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "spec.json"
    file.write_text(json.dumps({"url": URL}))
    assert read_spec(file) == {"url": URL}


def test_port_is_the_default_where_the_url_has_none() -> None:
    assert (parse_url("ws://x").port, parse_url("wss://[::1]/a").port) == (80, 443)
