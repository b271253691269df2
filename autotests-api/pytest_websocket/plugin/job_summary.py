"""Writes the run into the summary of a GitHub job."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_websocket.plugin import environment
from pytest_websocket.plugin.last_run import CHANGES
from pytest_websocket.plugin.run import RUN
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.render.conformance import Conformance
from pytest_websocket.render.summary import summary


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Appends verdict, totals and failures to the file that GITHUB_STEP_SUMMARY names."""
    config, path = session.config, os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or RUN not in config.stash or config.getoption("collectonly"):
        return
    run = config.stash[RUN]
    name = environment.name() or environment.facts(config)["Target"]
    conformance = Conformance.of(run.records.values(), name) if run.conformance else None
    text = config.stash[TARGET].mask(
        summary(run, conformance, f"WebSocket tests: {name}", config.stash.get(CHANGES, None))
    )
    with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
