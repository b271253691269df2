"""The target as data: addresses, expected answers, and what may be shown of it."""

import base64
import json
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from pytest_websocket.protocol.credentials import MASK
from pytest_websocket.target.secrets import Secrets
from pytest_websocket.target.target import Abilities, Target

TOKEN = "tok-8f3a91c2"


@pytest.mark.parametrize(
    "url, authority, resource",
    [
        ("ws://example.test", "example.test", "/"),
        ("ws://example.test:80/a", "example.test", "/a"),
        ("ws://example.test:8080/a/b?c=d", "example.test:8080", "/a/b?c=d"),
        ("wss://example.test/?q", "example.test", "/?q"),
        ("wss://example.test:80", "example.test:80", "/"),
        ("ws://[::1]:8765/x", "[::1]:8765", "/x"),
    ],
)
def test_request_line_and_host_are_made_of_the_url(url: str, authority: str, resource: str) -> None:
    assert (Target(url).authority, Target(url).resource) == (authority, resource)


@pytest.mark.parametrize(
    "binary, answer",
    [
        ("same", b"<\x00\xff>"),
        ("plain", b"\x00\xff"),
        ("none", None),
        ("text:[{message}]", "[b'\\x00\\xff']"),
    ],
)
def test_answer_to_bytes_is_as_the_option_says(binary: str, answer: object) -> None:
    assert Target("ws://x", reply="<{message}>", binary=binary).answer(b"\x00\xff") == answer


def test_answer_to_text_leaves_braces_of_the_message_alone() -> None:
    assert Target("ws://x", reply="<{message}>").answer("{message}{0}%s") == "<{message}{0}%s>"


def test_deadline_is_the_scaled_timeout() -> None:
    assert Target("ws://x", timeout=2, time_scale=1.5).deadline == 3


def test_abilities_survive_the_way_to_a_worker() -> None:
    found = Abilities(binary=False, subprotocols=("a", "b"), notes=("note",), max_message=7)
    assert Abilities.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    "url, shown",
    [
        ("ws://user:secret-word@host/p", f"ws://{MASK}@host/p"),
        (f"wss://host/p?room=1&access_token={TOKEN}&x=2", f"wss://host/p?room=1&access_token={MASK}&x=2"),
        (f"wss://host/?api-key={TOKEN}", f"wss://host/?api-key={MASK}"),
        ("wss://host/?sig=ab&monkey=banana", f"wss://host/?sig={MASK}&monkey=banana"),
        ("wss://host/plain?page=2", "wss://host/plain?page=2"),
    ],
)
def test_credentials_of_a_url_are_not_shown(url: str, shown: str) -> None:
    assert Target(url).shown() == shown
    assert Target(url).shown() in repr(Target(url))


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {TOKEN}",
        f"b'Authorization: Bearer {TOKEN}\\r\\n'",
        f"only the credentials {TOKEN}",
        '"Bearer tok-8f3a91c2"',
    ],
)
def test_given_header_value_is_masked_wherever_it_turns_up(text: str) -> None:
    target = Target("ws://x", headers=(("Authorization", f"Bearer {TOKEN}"),))
    assert TOKEN not in target.mask(text)
    assert MASK in target.mask(text)


def test_password_is_masked_in_base64_and_in_clear() -> None:
    basic = base64.b64encode(b"user:open sesame").decode()
    target = Target("ws://x", headers=(("Authorization", f"Basic {basic}"),))
    assert target.mask(f"{basic} user:open sesame, open%20sesame, open+sesame") == (
        f"{MASK} {MASK}, {MASK}, {MASK}"
    )


def test_secret_with_quotes_is_masked_as_json_html_and_python_write_it() -> None:
    secret = 'a"b<c>&ключ'
    secrets = Secrets([secret])
    for spelled in (r"a\"b<c>&ключ", "a&quot;b&lt;c&gt;&amp;ключ", ascii(secret)[1:-1]):
        assert secrets.mask(spelled) == MASK


def test_short_value_does_not_mask_innocent_words() -> None:
    assert Target("ws://x", headers=(("X-Debug", "1"),)).mask("1 of 10 cases") == "1 of 10 cases"


def test_masked_bytes_keep_their_length() -> None:
    assert Secrets([TOKEN]).mask_bytes(b"X: " + TOKEN.encode() + b"\r\n") == b"X: ************\r\n"


def test_head_of_a_handshake_shows_names_and_no_credentials() -> None:
    target = Target(f"ws://x/?token={TOKEN}", headers=(("X-Custom", "worth-hiding"),))
    head = (
        f"GET /?token={TOKEN} HTTP/1.1\r\nHost: x\r\nCookie: session=abc\r\nX-Custom: worth-hiding\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nX-Bell: \x07\r\n\r\n"
    )
    assert target.secrets.head(head.encode()).split("\n") == [
        f"GET /?token={MASK} HTTP/1.1",
        "Host: x",
        f"Cookie: {MASK}",
        f"X-Custom: {MASK}",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==",
        "X-Bell: \\x07",
    ]


def test_head_shows_what_is_no_credential_and_masks_what_has_no_colon() -> None:
    head = (
        b"GET /?token=of-somebody-else HTTP/1.1\r\nLocation: ws://x:80/?token=1\r\n"
        b"WWW-Authenticate: Basic realm=x\r\nfolded worth-hiding\r\nX-Name: \xe9\r\n\r\n"
    )
    assert Secrets(["worth-hiding"]).head(head).split("\n") == [
        f"GET /?token={MASK} HTTP/1.1",
        "Location: ws://x:80/?token=1",
        "WWW-Authenticate: Basic realm=x",
        f"folded {MASK}",
        "X-Name: \\xe9",
    ]


def test_protected_key_is_an_error_and_no_question_on_the_terminal(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("client.test")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    private = load_pem_private_key(issued.private_key_pem.bytes(), None)
    key.write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open sesame"))
    )
    target = Target("wss://x", cert=str(certificate), key=str(key))
    with pytest.raises(ValueError, match="protected by a password"):
        target.tls  # noqa: B018


def test_insecure_target_verifies_nothing() -> None:
    tls = Target("wss://x", insecure=True).tls
    assert tls is not None
    assert tls.verify_mode == ssl.CERT_NONE
    assert not tls.check_hostname


def test_size_is_promised_up_to_the_limit_that_is_known() -> None:
    assert Target("ws://x").promises(1 << 20)
    assert not Target("ws://x").promises((1 << 20) + 1)
    assert not Target("ws://x", reply="{message}").promises(1)
    assert Target("ws://x", reply="{message}", max_message=9).promises(9)
    assert not Target("ws://x", reply="{message}", max_message=9).promises(10)
