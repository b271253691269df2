"""Both sides of a failed comparison, as Allure shows them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from pytest_websocket.allure import difference


def test_blanks_at_the_end_of_a_line_can_be_seen() -> None:
    config = cast("pytest.Config", SimpleNamespace(stash=pytest.Stash()))
    test = SimpleNamespace(statusDetails=SimpleNamespace(message="m", trace="t"))
    difference.remember(config, "two  words \nand a tab\t", "two  words\nand a tab\r\n")
    difference.add(config, test, AssertionError())
    assert test.statusDetails.actual == "two  words·\nand a tab→"
    assert test.statusDetails.expected == "two  words\nand a tab␍\n"
