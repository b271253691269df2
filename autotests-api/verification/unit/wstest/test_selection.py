"""Which cases a spec file names."""

import pytest

from pytest_websocket.wstest.cases import reference_cases
from pytest_websocket.wstest.selection import is_excluded, matches, select


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("*", 517),
        ("1.*", 16),
        ("6.4.*", 4),
        ("7.1.5", 1),
        ("7.*", 37),
        ("12.*.[1234]$", 20),
        ("1*", 16 + 1 + 90 + 126),
    ],
)
def test_pattern_names_cases(pattern: str, count: int) -> None:
    assert len(select(reference_cases(), [pattern], [])) == count


def test_cases_are_in_order_and_each_once() -> None:
    chosen = select(reference_cases(), ["2.*", "1.1.1", "2.10", "10.1.1"], ["2.3"])
    assert [case.number for case in chosen] == [
        "1.1.1",
        *(f"2.{third}" for third in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11)),
        "10.1.1",
    ]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (["8.*", "11.*"], r"none is named by 8\.\*, 11\.\*"),
        (["1.*", "8.1"], "no case has the number '8.1'"),
        (["1.[*"], r"the pattern '1\.\[\*' is malformed"),
    ],
)
def test_what_names_no_case_is_told(wanted: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        select(reference_cases(), wanted, [])


def test_one_of_several_patterns_may_name_no_case() -> None:
    assert len(select(reference_cases(), ["8.*", "2.*"], ["11.*"])) == 11


def test_point_in_a_pattern_is_a_point() -> None:
    assert not matches("6.14.1", "6.1.*")
    assert matches("6.1.1", "6.1.*")


@pytest.mark.parametrize(
    ("agent", "number", "excluded"),
    [("Firefox/9", "6.4.1", True), ("Firefox/9", "6.3.1", False), ("Chrome", "6.4.1", False)],
)
def test_cases_are_kept_from_an_agent(agent: str, number: str, excluded: bool) -> None:
    assert is_excluded(agent, number, {"Firefox*": ["6.4.*"]}) is excluded
