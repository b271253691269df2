"""What is private in allure-pytest and used by the reporter has not changed."""

from __future__ import annotations

import inspect

from allure_commons.model2 import StatusDetails
from allure_commons.reporter import AllureReporter

from pytest_websocket.allure.difference import Difference


def test_reporter_of_allure_keeps_its_items_where_ours_puts_its_own() -> None:
    """After a failure compare `pytest_websocket.allure.reporter` with the new AllureReporter."""
    assert "_items" in AllureReporter.__init__.__code__.co_names
    assert list(inspect.signature(AllureReporter._last_executable).parameters) == ["self"]
    for method in (AllureReporter.start_step, AllureReporter._attach):
        assert "_last_executable" in method.__code__.co_names
    # What the mapping of items has to know.
    assert "cleanup" in AllureReporter.close_test.__code__.co_names


def test_status_details_of_allure_have_no_sides_of_a_comparison() -> None:
    """When they have, `pytest_websocket.allure.difference` needs no class of its own."""
    assert not hasattr(StatusDetails(), "actual")
    assert Difference(actual="a", expected="b").message is None
