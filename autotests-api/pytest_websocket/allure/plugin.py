"""Decides when something is written for Allure; the other files of this folder decide what.

`pytest_websocket.plugin.allure_results` registers it where ``--alluredir`` is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import Any

import allure
import allure_commons
import pytest
from allure_commons.model2 import TestResult

from pytest_websocket.allure import difference, session_summary
from pytest_websocket.allure.attachments import attach_to_test
from pytest_websocket.allure.cleaning import Cleaner
from pytest_websocket.allure.parameters import add_observations, set_parameters
from pytest_websocket.allure.reporter import install, reporter_of
from pytest_websocket.plugin import environment
from pytest_websocket.plugin.activation import uses_plugin
from pytest_websocket.plugin.labels import labels_of, title_of
from pytest_websocket.plugin.run import RUN
from pytest_websocket.plugin.target import TARGET

CLEANER = pytest.StashKey[Cleaner]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Registers what cleans the results."""
    config.stash[CLEANER] = Cleaner(config.stash[TARGET])
    allure_commons.plugin_manager.register(config.stash[CLEANER])
    config.add_cleanup(lambda: allure_commons.plugin_manager.unregister(config.stash[CLEANER]))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Labels the tests of the plugin by place and rule, early enough for allure-pytest's selection."""
    run = environment.name()
    for item in filter(uses_plugin, items):
        place = labels_of(item)
        labels = {"epic": place.epic, "feature": place.feature, "severity": place.severity}
        labels |= {"parentSuite": place.epic, "suite": place.feature}
        if run:
            labels["environment"] = run
        if place.story:
            labels["story"] = place.story
        if place.rule is not None:
            labels |= {"level": str(place.rule.level), "rfc": f"{place.rule.rfc} {place.rule.section}"}
            item.add_marker(allure.link(place.rule.url, name=place.rule.title))
        if place.weakness is not None:
            labels |= {"cwe": f"CWE-{place.weakness.cwe}", "asvs": place.weakness.asvs}
            item.add_marker(allure.link(place.weakness.url, name=f"CWE-{place.weakness.cwe}"))
        for name, value in labels.items():
            item.add_marker(allure.label(name, value))
        for case in place.rule.autobahn if place.rule else ():
            item.add_marker(allure.label("autobahn", case))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Takes over the writing of results before the first test."""
    install(session.config, session.config.stash[CLEANER])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Sets title and parameters of the test, which allure-pytest fills in at the end of the setup."""
    try:
        return (yield)
    finally:
        test = _running_test(item)
        if test is not None and uses_plugin(item):
            if test.name == item.name:
                test.name = title_of(item)
            set_parameters(item, test)


@pytest.hookimpl(trylast=True)
def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> None:
    """Keeps both sides of a failing ``actual == expected`` for the report's difference view."""
    if op == "==":
        difference.remember(config, left, right)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Completes the result once an outcome is known; the conversations come with the last phase."""
    report = yield
    reporter, test = reporter_of(item.config), _running_test(item)
    if reporter is None or test is None:
        return report
    if call.excinfo is not None and test.statusDetails is not None:
        difference.add(item.config, test, call.excinfo.value)
    difference.forget(item.config)
    if call.when == "teardown":
        add_observations(item, test)
        attach_to_test(item, reporter, test)
        # Allure 3 names the page of a result so.
        link = hashlib.md5(test.uuid.encode(), usedforsecurity=False).hexdigest()
        report.facts["link"] = link
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport) -> None:
    """Writes that a worker of xdist died; it leaves no result of the test that it was running."""
    allure.global_error(f"A test process died while running {crashitem}", trace=str(report.longrepr))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes what is about the run and not about a test."""
    config = session.config
    if RUN in config.stash and not config.getoption("collectonly"):
        session_summary.write(config, config.stash[RUN], config.stash[CLEANER])


def _running_test(item: pytest.Item) -> Any:
    """Returns the result of the test that is running; None between tests."""
    reporter = reporter_of(item.config)
    return reporter.get_last_item(TestResult) if reporter is not None else None
