"""Offers and answers of permessage-deflate are read strictly, and nothing legal is held against a server."""

import pytest

from wire.extensions import Agreement, Extension, agreement_in, parse_extensions, problems_of_answer

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
def test_header_is_read_in_every_legal_spelling(header):
    assert parse_extensions(header) == READ[header]


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        ",",
        ";",
        f"{NAME};",
        f"{NAME}; =1",
        f"{NAME}; a=",
        f"{NAME}; a=;b",
        f"{NAME} a",
        f"{NAME}=1",
        f'"{NAME}"',
        f'{NAME}; a="10',
        f'{NAME}; a=""',
        f'{NAME}; a="1 0"',
        f'{NAME}; a="1,0"',
        f"{NAME}; a=1 b",
        f"{NAME}; (a)",
        f"{NAME}; a=ä",
        f"{NAME}\r\n",
    ],
)
def test_malformed_header_is_refused(header):
    with pytest.raises(ValueError):
        parse_extensions(header)


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
def test_legal_answer_has_no_problem(offered, answered):
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
    (f"{NAME}; unheard_of", NAME, "has to decline"),
    (f"{NAME}; client_max_window_bits=15; client_max_window_bits", NAME, "has to decline"),
    (f"{NAME};", NAME, "not offered"),
]


@pytest.mark.parametrize(("offered", "answered", "problem"), ILLEGAL_ANSWERS)
def test_illegal_answer_is_told_in_words(offered, answered, problem):
    assert problem in "; ".join(problems_of_answer(offered, answered))


def test_agreement_is_what_the_answer_says():
    answer = (
        f'x; y, {NAME}; server_max_window_bits=10; client_max_window_bits="9"; server_no_context_takeover'
    )
    assert agreement_in(answer) == Agreement(True, False, 10, 9)
    assert agreement_in(NAME) == Agreement()
    assert agreement_in("x") is None
    assert agreement_in(None) is None


def test_agreement_is_not_read_from_an_illegal_answer():
    with pytest.raises(ValueError, match="from 8 to 15"):
        agreement_in(f"{NAME}; server_max_window_bits=7")
