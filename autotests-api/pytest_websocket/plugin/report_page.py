"""Writes the report of ``--ws-report FILE``: one HTML page, without Allure and without Node."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.plugin.circumstances import circumstances
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.recordings import RECORDINGS
from pytest_websocket.plugin.run import CONVERSATIONS, FAILED, RUN
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.render import report, transcript
from pytest_websocket.render.run import Record

_RENDERED = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Removes the page of an earlier run, which would pass for this one's if it failed to start."""
    if (path := _path(config)) is not None and not hasattr(config, "workerinput"):
        path.unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Renders the conversations of a failed test in the process that has them."""
    result = yield
    if call.when == "teardown" and item.stash.get(FAILED, False) and _path(item.config) is not None:
        facts: dict[str, Any] = result.facts
        facts["transcript"] = _transcript(item)
    return result


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the page."""
    config, path = session.config, _path(session.config)
    if path is None or RUN not in config.stash or config.getoption("collectonly"):
        return
    text = config.stash[TARGET].secrets.mask_page(report.page(config.stash[RUN], circumstances(config)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says where the page is."""
    if (path := _path(config)) is not None and path.is_file():
        terminalreporter.write_line(f"Report: {path.resolve().as_uri()}")


def _path(config: pytest.Config) -> Path | None:
    value = option_value(config, "ws-report")
    return Path(value).absolute() if value else None


def _transcript(item: pytest.Item) -> str:
    rendered = item.config.stash.get(_RENDERED, 0)
    conversations = item.stash[CONVERSATIONS]
    if not conversations or rendered >= report.MOST_TRANSCRIPTS:
        return ""
    item.config.stash[_RENDERED] = rendered + 1
    return transcript.fragment(
        conversations,
        Record(item.nodeid).anchor,
        more=len(item.stash[RECORDINGS]) - len(conversations),
        largest=report.LARGEST_TRANSCRIPT,
    )
