"""The handshake as text: requests that can be bent, responses that are read strictly."""

import pytest

from pytest_websocket.protocol.handshake import (
    Request,
    accept_value,
    new_key,
    parse_response,
    problems_of_acceptance,
    without_interim,
)

SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

GOOD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def opening() -> Request:
    return Request.opening("/chat?x=1", "127.0.0.1:8765", key=SAMPLE_KEY)


def test_accept_value_is_the_example_of_the_rfc() -> None:
    assert accept_value(SAMPLE_KEY) == SAMPLE_ACCEPT


def test_opening_request_is_visible_text() -> None:
    assert opening().encode().decode() == (
        "GET /chat?x=1 HTTP/1.1\r\n"
        "Host: 127.0.0.1:8765\r\n"
        "Upgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "\r\n"
    )


def test_keys_are_16_bytes_and_never_the_same() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(len(key) == 24 and key.endswith("==") for key in keys)


def test_every_part_of_a_request_can_be_bent() -> None:
    bent = opening().using(method="POST", version="HTTP/1.0", resource="/x").without("host")
    assert bent.encode().startswith(b"POST /x HTTP/1.0\r\nUpgrade: websocket\r\n")
    assert b"Host" not in bent.encode()


def test_parts_of_a_request_that_are_not_bent_stay_as_they_were() -> None:
    bent = opening().using(method="POST", version="HTTP/1.0", resource="/x")
    assert bent.using() == bent


def test_header_is_replaced_where_it_stood() -> None:
    names = [name for name, _ in opening().having("Connection", "keep-alive", "Upgrade").headers]
    assert names == [
        "Host",
        "Upgrade",
        "Connection",
        "Connection",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
    ]
    twice = opening().having("X", "1", "2").having("x", "3")
    assert twice.headers[-1] == ("x", "3")
    assert len(twice.headers) == 6


def test_characters_outside_of_latin_1_are_written_in_utf8() -> None:
    assert "Привет".encode() in opening().having("X", "Привет").encode()
    assert b"caf\xe9" in opening().having("X", "café").encode()


def test_good_response_has_no_problems() -> None:
    response = parse_response(GOOD)
    assert response.accepted
    assert str(response) == "HTTP/1.1 101 Switching Protocols"
    assert response.value("upgrade") == "websocket"
    assert response.value("X-Missing") is None
    assert problems_of_acceptance(opening(), response) == []


def test_lists_over_several_lines_are_one_list() -> None:
    response = parse_response(
        b"HTTP/1.1 426 \r\nVary: a\r\nSec-WebSocket-Version: 13, 8\r\nsec-websocket-version: 7\r\n\r\n"
    )
    assert response.tokens("Sec-WebSocket-Version") == ["13", "8", "7"]
    assert response.values("Sec-WebSocket-Version") == ["13, 8", "7"]
    assert response.tokens("Upgrade") == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((b"101", b"200"), "expected 101"),
        ((b"Upgrade: websocket", b"Upgrade: h2c"), "Upgrade is 'h2c'"),
        ((b"Upgrade: websocket\r\n", b""), "Upgrade is None"),
        ((b"Connection: Upgrade", b"Connection: close"), "Connection is 'close'"),
        (
            (b"s3p", b"s3q"),
            f"Sec-WebSocket-Accept is ['{SAMPLE_ACCEPT.replace('s3p', 's3q')}'], "
            f"expected '{SAMPLE_ACCEPT}' for key '{SAMPLE_KEY}'",
        ),
        ((b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", b""), "Sec-WebSocket-Accept is []"),
        ((b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\nbroken\r\n"), "malformed header line"),
    ],
)
def test_bad_response_is_told_in_words(change: tuple[bytes, bytes], words: str) -> None:
    problems = problems_of_acceptance(opening(), parse_response(GOOD.replace(*change, 1)))
    assert len(problems) == 1
    assert words in problems[0]


def test_accept_that_stands_there_twice_is_a_problem() -> None:
    line = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    assert problems_of_acceptance(opening(), parse_response(GOOD.replace(line, line * 2)))


@pytest.mark.parametrize(
    "head", [b"hello\r\n\r\n", b"HTTP/2 200\r\n\r\n", b"\x81\x05hello\r\n\r\n", b"HTTP/1.1 20 x\r\n\r\n"]
)
def test_what_is_no_http_is_told(head: bytes) -> None:
    response = parse_response(head)
    assert response.status == 0
    assert not response.accepted
    assert str(response) == f"no HTTP response (the status line is not HTTP/1.x): {head!r}"


def test_values_of_headers_keep_all_but_the_blanks_around_them() -> None:
    head = b"HTTP/1.1 200 OK\r\nLocation:\t http://x:1 \r\nX: X\x0b\r\n\r\n"
    response = parse_response(head)
    assert response.headers == (("Location", "http://x:1"), ("X", "X\x0b"))
    assert (response.raw, response.problem) == (head, "")


def test_malformed_header_line_is_shown_by_its_first_sixty_bytes() -> None:
    response = parse_response(b"HTTP/1.1 200 OK\r\n" + b"x" * 100 + b"\r\nbad\r\n\r\n")
    assert response.problem == f"malformed header line b'{'x' * 60}'"


def test_garbage_is_shown_by_its_first_sixty_bytes() -> None:
    assert str(parse_response(b"x" * 100)).endswith(f": b'{'x' * 60}'")


def test_response_without_a_reason_is_shown_without_a_blank_behind_it() -> None:
    assert str(parse_response(b"HTTP/1.1 426 \r\n\r\n")) == "HTTP/1.1 426"


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"HTTP/1.1 100 Continue\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["nothing", "half", "101", "final"],
)
def test_only_whole_interim_responses_are_passed_over(received: bytes) -> None:
    assert without_interim(received) == received
    assert without_interim(b"HTTP/1.1 102 Processing\r\nA: b\r\n\r\n" + received) == received
