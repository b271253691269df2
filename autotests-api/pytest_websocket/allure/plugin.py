"""Hooks of the report: they decide when something is written; the other files of this room decide what."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from typing import Any

import allure
import pytest

from pytest_websocket.allure import difference, environment, session_summary
from pytest_websocket.allure import reporter as results
from pytest_websocket.allure.attachments import Document, documents
from pytest_websocket.allure.labels import place_of, title_of
from pytest_websocket.allure.parameters import add_observations, set_parameters
from pytest_websocket.allure.reporter import find_reporter
from pytest_websocket.plugin.raw_connections import NotOpened, ProtocolViolation
from pytest_websocket.plugin.recordings import EVIDENCE, RECORDINGS
from pytest_websocket.plugin.run import Run, facts_of
from pytest_websocket.plugin.target import AIMED_AT, TARGET
from pytest_websocket.plugin.terminal import Terminal
from pytest_websocket.recording import Recording
from pytest_websocket.render import transcript
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.text import printable

RUN = pytest.StashKey[Run]()
"""What became of every test, in the process that controls the run."""

_FAILED = pytest.StashKey[bool]()
_SPOILED = pytest.StashKey[bool]()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Make ``--clean-alluredir`` clean once: allure-pytest would do it in every xdist worker."""
    if config.option.clean_alluredir and config.option.allure_report_dir and not _is_worker(config):
        shutil.rmtree(config.option.allure_report_dir, ignore_errors=True)
    config.option.clean_alluredir = False


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take over the writing of results, and listen to what becomes of the tests."""
    if config.option.help:
        return
    results.install(config, config.stash[TARGET].secrets)
    if not _is_worker(config):
        config.stash[RUN] = Run()
        config.pluginmanager.register(config.stash[RUN], "report-run")
        config.pluginmanager.register(Terminal(config.stash[RUN]), "report-terminal")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Label every test by its place and its rule, early enough for allure-pytest's options of selection."""
    run = environment.name()
    for item in items:
        place = place_of(item)
        labels = {"epic": place.epic, "feature": place.feature, "severity": place.severity}
        labels |= {"parentSuite": place.epic, "suite": place.feature}
        if run:
            labels["environment"] = run
        if place.story:
            labels["story"] = place.story
        if place.rule is not None:
            labels |= {"level": str(place.rule.level), "rfc": f"{place.rule.rfc} {place.rule.section}"}
            item.add_marker(allure.link(place.rule.url, name=place.rule.title))
        for name, value in labels.items():
            item.add_marker(allure.label(name, value))
        for case in place.rule.autobahn if place.rule else ():
            item.add_marker(allure.label("autobahn", case))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Title and parameters of the test, which allure-pytest fills in at the end of the setup."""
    try:
        return (yield)
    finally:
        reporter = find_reporter(item.config)
        test = reporter.running_test() if reporter else None
        if test is not None:
            if test.name == item.name:
                test.name = title_of(item)
            set_parameters(item, test)


@pytest.hookimpl(trylast=True)
def pytest_assertrepr_compare(config: pytest.Config, op: str, left: object, right: object) -> None:
    """Remember both sides of a failing ``actual == expected`` for the report's difference view."""
    if op == "==":
        difference.remember(config, left, right)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Complete the result once an outcome is known; the conversations come with the last phase."""
    report = yield
    reporter = find_reporter(item.config)
    test = reporter.running_test() if reporter else None
    if call.excinfo is not None and test is not None and test.statusDetails is not None:
        difference.add(item.config, test, call.excinfo.value)
    difference.forget(item.config)
    if report.failed or hasattr(report, "wasxfail"):
        item.stash[_FAILED] = True
    if call.excinfo is not None and isinstance(call.excinfo.value, ProtocolViolation | NotOpened):
        item.stash[_SPOILED] = True
    if call.when == "teardown":
        # An attribute of a report crosses from an xdist worker to the controller.
        report.__dict__["facts"] = _complete(item, reporter, test)
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport, sched: Any) -> None:
    """A crashed worker leaves no result of the test it was running: say so where the run is summed up."""
    sched.config.stash[RUN].crashes.append(crashitem)
    allure.global_error(f"A test process died while running {crashitem}", trace=str(report.longrepr))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what is about the run and not about a test."""
    if RUN in session.config.stash and not session.config.option.collectonly:
        session_summary.write(session.config, session.config.stash[RUN], find_reporter(session.config))


def _complete(item: pytest.Item, reporter: results.CleanReporter | None, test: Any) -> dict[str, Any]:
    """Attach what there is to show, and return what the controlling process has to know."""
    target = item.config.stash.get(AIMED_AT, item.config.stash[TARGET])
    recordings: list[Recording] = item.stash.get(RECORDINGS, [])
    conversations = [Conversation.of(recordings[index]) for index in transcript.chosen(len(recordings))]
    if reporter is not None and test is not None:
        add_observations(item, test)
        failed = item.stash.get(_FAILED, False)
        attached = list(documents(conversations, target, opened=len(recordings), failed=failed))
        attached += [Document.of(*evidence) for evidence in item.stash.get(EVIDENCE, [])]
        for document in attached:
            results.attach(reporter, test, document)
    facts = facts_of(item, test.uuid if test is not None else "", conversations)
    spoiled = item.stash.get(_SPOILED, False)
    return facts | {"title": target.mask(printable(facts["title"])), "spoiled": spoiled}


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
