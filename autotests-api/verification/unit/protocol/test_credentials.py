"""A credential is known by the name of its header or parameter, and masked in every URL that is shown."""

from __future__ import annotations

import pytest

from pytest_websocket.protocol.credentials import MASK, is_credential, masked_url

CREDENTIALS = [
    "access",
    "access_token",
    "access-key",
    "api",
    "api_key",
    "apiKey",
    "ApiKey",
    "auth",
    "Authorization",
    "bearer",
    "client_secret",
    "code",
    "cookie",
    "credentials",
    "jwt",
    "key",
    "id_token",
    "keys",
    "otp",
    "pass",
    "passphrase",
    "pin",
    "passwd",
    "password",
    "private_key",
    "pwd",
    "Proxy-Authorization",
    "refresh-token",
    "secret",
    "session",
    "sessionid",
    "Set-Cookie",
    "sid",
    "sig",
    "signature",
    "ticket",
    "token",
    "user_pass",
    "x-api-key",
    "x-auth",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
]
PUBLIC = [
    "Access-Control-Allow-Origin",
    "author",
    "authority",
    "bypass",
    "compass",
    "Host",
    "Key-Word",
    "Origin",
    "page",
    "pinned",
    "spin",
    "passenger",
    "Proxy-Authenticate",
    "q",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "sidecar",
    "Upgrade",
    "User-Agent",
    "WWW-Authenticate",
    "X-Monkey",
    "zipcode",
]


@pytest.mark.parametrize("name", CREDENTIALS)
def test_name_of_a_credential_is_known_and_its_value_masked(name: str) -> None:
    assert is_credential(name)
    assert is_credential(name.upper())
    assert masked_url(f"ws://host/?a=b&{name}=hidden&c") == f"ws://host/?a=b&{name}={MASK}&c="


@pytest.mark.parametrize("name", PUBLIC)
def test_other_name_is_no_credential(name: str) -> None:
    assert not is_credential(name)
    assert masked_url(f"ws://host/?{name}=shown") == f"ws://host/?{name}=shown"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ws://host/path", "ws://host/path"),
        ("ws://host/?page=2&q=a%20b", "ws://host/?page=2&q=a%20b"),
        ("ws://me:pass@host:80/", f"ws://{MASK}@host:80/"),
        ("ws://[bad", "ws://[bad"),
        ("ws://me:pass@[bad/?token=t", f"ws://{MASK}@[bad/?{MASK}"),
        ("ws://me:pa/ss@host/", f"ws://{MASK}@host/"),
        ("ws://me:12#ss@host/", f"ws://{MASK}@host/"),
        ("ws://host:port/\x1b", r"ws://host:port/\x1b"),
        ("ws://host/\x1b[2J", r"ws://host/\x1b[2J"),
        ("wss://host/a?x=1&token=t#top", f"wss://host/a?x=1&token={MASK}#top"),
        ("wss://host/?key=a&key=b&empty=", f"wss://host/?key={MASK}&key={MASK}&empty="),
        ("wss://host/?token%26%2F=a&name=x%2Fy+z", f"wss://host/?token%26%2F={MASK}&name=x%2Fy%20z"),
        ("wss://a@b@host/", f"wss://{MASK}@host/"),
    ],
)
def test_url_is_shown_without_credentials(url: str, shown: str) -> None:
    assert masked_url(url) == shown
