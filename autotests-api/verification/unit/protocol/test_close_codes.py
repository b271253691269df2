"""Which close codes may stand on the wire, and what they mean."""

from __future__ import annotations

import pytest

from pytest_websocket.protocol.close_codes import NEVER_SENT, describe_body, describe_code, is_undefined
from pytest_websocket.protocol.judge import judge_close


@pytest.mark.parametrize("code", [0, 999, 1004, 1016, 1100, 2999])
def test_undefined_code_below_3000_breaks_a_rule(code: int) -> None:
    assert is_undefined(code)
    (violation,) = judge_close(code.to_bytes(2, "big"))
    assert str(violation) == f"close code {code} is not defined (RFC 6455 §7.4.2)"


@pytest.mark.parametrize("code", sorted(NEVER_SENT))
def test_code_that_is_never_sent_breaks_a_rule(code: int) -> None:
    assert code in {1005, 1006, 1015}
    assert not is_undefined(code)
    (violation,) = judge_close(code.to_bytes(2, "big"))
    assert str(violation) == f"close code {code} must not be on the wire (RFC 6455 §7.4.1)"


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999, 5000, 65_535])
def test_other_code_breaks_no_rule(code: int) -> None:
    assert list(judge_close(code.to_bytes(2, "big"))) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1000, "1000 (normal closure)"),
        (1004, "1004 (reserved)"),
        (1005, "1005 (no code given)"),
        (1006, "1006 (no Close frame)"),
        (1015, "1015 (TLS handshake failed)"),
        (999, "999 (not a defined code)"),
        (3000, "3000 (registered by a library or framework)"),
        (4999, "4999 (private to the application)"),
        (5000, "5000 (not a defined code)"),
    ],
)
def test_code_is_shown_with_its_meaning(code: int, words: str) -> None:
    assert describe_code(code) == words
    assert describe_code(code, "why\n") == f"{words} “why\\n”"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "without a code"),
        (b"\x03", "a body of one byte, 03"),
        (b"\x03\xe9bye", "1001 (going away) “bye”"),
        (b"\x03\xe9\xff", "1001 (going away) “\\xff”"),
    ],
)
def test_body_is_shown_even_when_it_is_malformed(body: bytes, words: str) -> None:
    assert describe_body(body) == words
