"""Offers and answers of permessage-deflate are read strictly, and nothing legal is held against a server."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_websocket.protocol.extensions import (
    Agreement,
    Extension,
    agreement_in,
    parse_extensions,
    problems_of_answer,
)

NAME = "permessage-deflate"

READ = {
    NAME: [Extension(NAME)],
    f"{NAME};client_max_window_bits": [Extension(NAME, (("client_max_window_bits", None),))],
    f"{NAME} ; a = 10": [Extension(NAME, (("a", "10"),))],
    f'{NAME}; a="10"': [Extension(NAME, (("a", "10"),))],
    f'{NAME}; a="1\\0"': [Extension(NAME, (("a", "10"),))],
    f"\t{NAME}\t;\ta\t": [Extension(NAME, (("a", None),))],
    f", {NAME},, x; y; z=1,": [Extension(NAME), Extension("x", (("y", None), ("z", "1")))],
    f"{NAME}; a; a=1": [Extension(NAME, (("a", None), ("a", "1")))],
}


@pytest.mark.parametrize("header", READ)
def test_header_is_read_in_every_legal_spelling(header: Any) -> None:
    assert parse_extensions(header) == READ[header]


MALFORMED = {
    "": "the header names no extension",
    " ": "the header names no extension",
    ",": "the header names no extension",
    ";": "expected the name of an extension, found ';'",
    f"{NAME};": "expected the name of a parameter, found the end",
    f"{NAME}; =1": "expected the name of a parameter, found '='",
    f"{NAME}; a=": "expected a value for a, found the end",
    f"{NAME}; a=;b": "expected a value for a, found ';'",
    f"{NAME} a": "'a' stands where ',' or ';' should",
    f"{NAME}=1": "'=' stands where ',' or ';' should",
    f'"{NAME}"': f"expected the name of an extension, found '{NAME}'",
    f'{NAME}; a="10': "'\"10' is neither a token nor a quoted string",
    f'{NAME}; a=""': "the quoted value '' of a is no token",
    f'{NAME}; a="1 0"': "the quoted value '1 0' of a is no token",
    f'{NAME}; a="1,0"': "the quoted value '1,0' of a is no token",
    f"{NAME}; a=1 b": "'b' stands where ',' or ';' should",
    f"{NAME}; (a) and what is behind it": "'(a) and what is behi' is neither a token nor a quoted string",
    f"{NAME}; a=ä": "'ä' is neither a token nor a quoted string",
    f"{NAME}\r\n": r"'\r\n' is neither a token nor a quoted string",
}


@pytest.mark.parametrize("header", MALFORMED)
def test_malformed_header_is_refused(header: Any) -> None:
    with pytest.raises(ValueError) as refusal:
        parse_extensions(header)
    assert str(refusal.value) == MALFORMED[header]


LEGAL_ANSWERS = [
    (None, None),
    (NAME, None),
    (NAME, NAME),
    (NAME, f"{NAME}; server_no_context_takeover"),
    (NAME, f"{NAME}; client_no_context_takeover"),
    (NAME, f"{NAME}; server_max_window_bits=8"),
    (NAME, f'{NAME}; server_max_window_bits="10"'),
    (f"{NAME}; server_no_context_takeover", f"{NAME}; server_no_context_takeover"),
    (f"{NAME}; server_max_window_bits=10", f"{NAME}; server_max_window_bits=10"),
    (f"{NAME}; server_max_window_bits=10", f"{NAME}; server_max_window_bits=9"),
    (f"{NAME}; server_max_window_bits=15", NAME),
    (f"{NAME}; client_max_window_bits", NAME),
    (f"{NAME}; client_max_window_bits", f"{NAME}; client_max_window_bits=15"),
    (f"{NAME}; client_max_window_bits=10", f"{NAME}; client_max_window_bits=12"),
    (f"{NAME}; client_max_window_bits=10", f"{NAME}; client_max_window_bits=9"),
    (f"{NAME}; client_no_context_takeover", NAME),
    (f"{NAME}; server_max_window_bits=10, {NAME}", NAME),
    (f"{NAME}; unheard_of, {NAME}", NAME),
    (f"x, {NAME}", NAME),
    (f"x, {NAME}", "x"),
]


@pytest.mark.parametrize(("offered", "answered"), LEGAL_ANSWERS)
def test_legal_answer_has_no_problem(offered: Any, answered: Any) -> None:
    assert problems_of_answer(offered, answered) == []


ILLEGAL_ANSWERS = [
    (None, NAME, "not offered"),
    ("x", NAME, "not offered"),
    (NAME, "x", "not offered"),
    (NAME, "", "malformed"),
    (NAME, f"{NAME};", "malformed"),
    (NAME, f"{NAME}, {NAME}", "2 times"),
    (f"{NAME}, {NAME}", f"{NAME}, {NAME}", "2 times"),
    (NAME, f"{NAME}; unheard_of", "not defined"),
    (NAME, f"{NAME}; server_no_context_takeover=1", "takes none"),
    (NAME, f"{NAME}; server_no_context_takeover; server_no_context_takeover", "repeated"),
    (NAME, f"{NAME}; server_max_window_bits", "lacks its value"),
    (NAME, f"{NAME}; server_max_window_bits=7", "from 8 to 15"),
    (NAME, f"{NAME}; server_max_window_bits=16", "from 8 to 15"),
    (NAME, f"{NAME}; server_max_window_bits=010", "from 8 to 15"),
    (NAME, f"{NAME}; client_max_window_bits=10", "did not offer"),
    (f"{NAME}; client_max_window_bits", f"{NAME}; client_max_window_bits", "lacks its value"),
    (f"{NAME}; client_max_window_bits", f"{NAME}; client_max_window_bits=16", "from 8 to 15"),
    (f"{NAME}; server_no_context_takeover", NAME, "without repeating it"),
    (f"{NAME}; server_max_window_bits=10", NAME, "without repeating it"),
    (f"{NAME}; server_max_window_bits=10", f"{NAME}; server_max_window_bits=11", "answered server_max"),
    (f"{NAME}; server_max_window_bits=7", NAME, "has to decline"),
    (
        f"{NAME}; unheard_of; server_no_context_takeover=1",
        NAME,
        "has to decline: parameter unheard_of is not defined (RFC 7692 §7.1); "
        "server_no_context_takeover=1 has a value",
    ),
    (f"{NAME}; client_max_window_bits=15; client_max_window_bits", NAME, "has to decline"),
    (f"{NAME};", NAME, "not offered"),
]


@pytest.mark.parametrize(("offered", "answered", "problem"), ILLEGAL_ANSWERS)
def test_illegal_answer_is_told_in_words(offered: Any, answered: Any, problem: Any) -> None:
    assert problem in "; ".join(problems_of_answer(offered, answered))


def test_conflicts_that_are_told_are_those_with_the_nearest_offer() -> None:
    far = f"{NAME}; server_max_window_bits=10"
    near = f"{NAME}; server_no_context_takeover; client_max_window_bits"
    problems = problems_of_answer(f"{far}, {near}", f"{NAME}; client_max_window_bits=10")
    assert len(problems) == 1
    assert "server_no_context_takeover" in problems[0]


def test_agreement_is_what_the_answer_says() -> None:
    answer = (
        f'x; y, {NAME}; server_max_window_bits=10; client_max_window_bits="9"; server_no_context_takeover'
    )
    assert agreement_in(answer) == Agreement(True, False, 10, 9)
    assert agreement_in(f"{NAME}; client_no_context_takeover") == Agreement(False, True)
    assert agreement_in(NAME) == Agreement()
    assert agreement_in("x") is None
    assert agreement_in(None) is None


@pytest.mark.parametrize(
    "parameter, problem",
    [
        ("server_max_window_bits=7", "server_max_window_bits=7 is not a decimal number from 8 to 15"),
        ("client_max_window_bits", "client_max_window_bits lacks its value"),
    ],
)
def test_agreement_is_not_read_from_an_illegal_answer(parameter: Any, problem: Any) -> None:
    with pytest.raises(ValueError, match=f"the answer's {problem}"):
        agreement_in(f"{NAME}; {parameter}")


def test_extension_is_written_as_the_header_has_it() -> None:
    assert str(parse_extensions(f"{NAME};a;b=1")[0]) == f"{NAME}; a; b=1"
