"""A mark ties a case to its rule: its section, its level, and the Autobahn cases that check the same."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pytest_websocket.plugin.marks import (
    MAY,
    MUST,
    SHOULD,
    autobahn_of,
    rfc6455,
    rfc7692,
    rule_of,
)
from pytest_websocket.protocol.rules import Level, Rule


class Case:
    """A collected test as far as marks go: the nearest first."""

    def __init__(self, *marks: pytest.MarkDecorator) -> None:
        self.marks = [decorator.mark for decorator in marks]

    def iter_markers(self, name: str) -> Any:
        return (mark for mark in self.marks if mark.name == name)

    def get_closest_marker(self, name: str) -> Any:
        return next(self.iter_markers(name), None)


def test_mark_of_rfc6455_holds_the_rule() -> None:
    assert rule_of(Case(rfc6455("5.1", MUST, "mask everything", autobahn="1.1.1"))) == Rule(
        6455, "5.1", MUST, "mask everything", ("1.1.1",)
    )


def test_mark_of_rfc7692_holds_the_rule() -> None:
    assert rule_of(Case(rfc7692("7.1", SHOULD, "offer less", autobahn="12.1.1"))) == Rule(
        7692, "7.1", SHOULD, "offer less", ("12.1.1",)
    )


@rfc6455("5.1", MUST, "the rule of the function")
@pytest.mark.parametrize(
    "level",
    [MUST, pytest.param(SHOULD, marks=rfc6455("5.1", SHOULD, "the rule of the parameter"))],
    ids=lambda level: level.name,
)
def test_rule_of_a_parameter_goes_before_that_of_the_function(
    request: pytest.FixtureRequest, level: Level
) -> None:
    rule = rule_of(request.node)
    assert rule is not None
    assert rule.level is level


def test_rule_without_autobahn_cases_has_none() -> None:
    for mark in (rfc6455("5.1", MAY, "wait"), rfc7692("7.1", MAY, "wait")):
        rule = rule_of(Case(mark))
        assert rule is not None
        assert rule.autobahn == ()


def test_case_without_a_mark_has_no_rule_and_no_autobahn_cases() -> None:
    assert rule_of(Case()) is None
    assert autobahn_of(Case()) == ()


def test_level_may_be_given_as_a_word_and_no_other_word_will_do() -> None:
    rule = rule_of(Case(rfc6455("5.1", cast(Level, "SHOULD"), "be kind")))
    assert rule is not None
    assert rule.level is Level.SHOULD
    with pytest.raises(ValueError, match="OUGHT"):
        rfc6455("5.1", cast(Level, "OUGHT"), "be kind")


@pytest.mark.parametrize(
    "named, cases",
    [
        ("7.7.1", ("7.7.1",)),
        ("7.7.9-11", ("7.7.9", "7.7.10", "7.7.11")),
        ("2.1-1", ("2.1",)),
        (["3.1", "5.18-19"], ("3.1", "5.18", "5.19")),
    ],
)
def test_dash_makes_a_range_of_the_last_number(named: str | list[str], cases: tuple[str, ...]) -> None:
    assert autobahn_of(Case(rfc6455("5.2", MUST, "be strict", autobahn=named))) == cases


def test_numbers_of_the_parameters_come_before_those_of_the_rule() -> None:
    rule = rfc6455("5.2", MUST, "be strict", autobahn="3.1")
    case = Case(rule, pytest.mark.autobahn("6.2.1"), pytest.mark.autobahn("6.2.2"))
    assert autobahn_of(case) == ("6.2.1", "6.2.2")


def test_rule_says_where_it_stands() -> None:
    rule = Rule(6455, "5.5.1", MUST, "answer a Close")
    assert rule.title == "RFC 6455 §5.5.1"
    assert rule.url == "https://www.rfc-editor.org/rfc/rfc6455.html#section-5.5.1"
    assert str(rule) == "RFC 6455 §5.5.1 MUST: answer a Close"
