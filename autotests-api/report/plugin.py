"""Hooks of the report: they decide when something is written; the other files of this room decide what."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import allure
import pytest

from fixtures.journals import EVIDENCE, JOURNALS
from fixtures.target import TARGET
from report import difference, environment, handshake, results, transcript
from report.conversation import Conversation
from report.labels import place_of, title_of
from report.parameters import set_parameters
from report.scrub import Secrets, clean_json
from websocket_client import Journal

SECRETS = pytest.StashKey[Secrets]()
"""What this run must not show."""

_EXTENSIONS = {
    "text/html": "html",
    "image/svg+xml": "svg",
    "image/png": "png",
    "application/json": "json",
    "text/csv": "csv",
    "text/markdown": "md",
}
# The first handshakes of a test; a crowd's are all alike.
_MOST_HANDSHAKES = 3


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Make ``--clean-alluredir`` clean once: allure-pytest would do it in every xdist worker."""
    if config.option.clean_alluredir and config.option.allure_report_dir and not _is_worker(config):
        shutil.rmtree(config.option.allure_report_dir, ignore_errors=True)
    config.option.clean_alluredir = False


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Take over the writing of results."""
    target = config.stash.get(TARGET, None)
    secrets = Secrets() if target is None else Secrets.of(target.url, target.headers)
    config.stash[SECRETS] = secrets
    results.install(config, secrets)


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
        reporter = results.find_reporter(item.config)
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
    reporter = results.find_reporter(item.config)
    test = reporter.running_test() if reporter else None
    if reporter is None or test is None:
        return report
    if call.excinfo is not None and test.statusDetails is not None:
        difference.add(item.config, test, call.excinfo.value)
    difference.forget(item.config)
    if call.when == "teardown":
        _complete(item, reporter, test)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    config: pytest.Config,
) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
    """Let nothing cross from an xdist worker that execnet cannot carry or a terminal cannot print."""
    data = yield
    return None if data is None else clean_json(data, config.stash[SECRETS])


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem: str, report: pytest.TestReport) -> None:
    """A crashed worker leaves no result of the test it was running: say so among the global errors."""
    allure.global_error(f"A test process died while running {crashitem}", trace=str(report.longrepr))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what is about the run and not about a test."""
    folder = session.config.option.allure_report_dir
    if folder and not _is_worker(session.config):
        environment.write(folder, session.config)


def _complete(item: pytest.Item, reporter: results.CleanReporter, test: Any) -> None:
    journals: list[Journal] = item.stash.get(JOURNALS, [])
    for document in _documents(journals, item.config.stash[SECRETS]):
        results.attach(reporter, test, document)
    for name, body, mime in item.stash.get(EVIDENCE, []):
        results.attach(reporter, test, results.Document(name, body, mime, _EXTENSIONS.get(mime, "txt")))


def _documents(journals: Sequence[Journal], secrets: Secrets) -> Iterator[results.Document]:
    """What is attached of a test's conversations."""
    shown = [Conversation.of(journals[index]) for index in transcript.chosen(len(journals))]
    if not shown:
        return
    name = f"Conversation · {shown[0].name}" if len(shown) == 1 else f"{len(journals)} conversations"
    page = transcript.page(shown, secrets, more=len(journals) - len(shown))
    yield results.Document(name, page, "text/html", "html")
    for conversation in [each for each in shown if each.request.line][:_MOST_HANDSHAKES]:
        body = handshake.exchange(conversation, secrets)
        yield results.Document(f"Handshake · {conversation.name}", body, handshake.MIME, handshake.EXTENSION)


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
