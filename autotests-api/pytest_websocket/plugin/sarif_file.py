"""Writes the weaknesses of ``--ws-sarif FILE``, and says in the terminal which were found."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.run import RUN
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.render import sarif


def pytest_configure(config: pytest.Config) -> None:
    """Removes the file of an earlier run, which would pass for this one's. Raises pytest.UsageError."""
    path = _path(config)
    if path is None:
        return
    if not path.parent.is_dir():
        raise pytest.UsageError(f"--ws-sarif {path}: there is no such folder")
    path.unlink(missing_ok=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the file where a test ran."""
    config, path = session.config, _path(session.config)
    if path is None or config.getoption("collectonly"):
        return
    run, target = config.stash[RUN], config.stash[TARGET]
    log = sarif.log(run, target=target.host if not target.embedded else "embedded", version=_version())
    path.write_text(json.dumps(log, indent=1) + "\n", encoding="ascii")


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Says which weaknesses were found, a line each, and where the file is."""
    if RUN not in config.stash:
        return
    found = config.stash[RUN].weaknesses
    if found:
        terminalreporter.section(f"weaknesses: {len(found)}", yellow=True)
    for record in found[:_MOST]:
        terminalreporter.write_line(f"{record.weakness}  {record.title}")
    if len(found) > _MOST:
        terminalreporter.write_line(f"… and {len(found) - _MOST} more")
    path = _path(config)
    if path is not None and path.is_file():
        terminalreporter.write_line(f"SARIF: {path.as_uri()}")


_MOST = 30
"""Weaknesses that the terminal shows."""


def _path(config: pytest.Config) -> Path | None:
    if hasattr(config, "workerinput"):
        return None
    value = option_value(config, "ws-sarif")
    return Path(value).absolute() if value else None


def _version() -> str:
    try:
        return version("pytest-websocket")
    except PackageNotFoundError:
        return "0"
