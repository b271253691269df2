"""Compares a run with the last one of the same target and selection, which pytest's cache remembers."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

import pytest

from pytest_websocket.plugin import environment
from pytest_websocket.plugin.run import RUN
from pytest_websocket.render.changes import Changes, remembered

CHANGES = pytest.StashKey[Changes]()
"""What changed; not there where no such run is remembered."""

_CACHE = "pytest-websocket/runs"
_LONGEST_NAME = 40
# Options of pytest that say which tests run.
_SELECTION = ("keyword", "markexpr", "deselect", "ignore")


def key_of(config: pytest.Config) -> str:
    """Returns what runs of one target and one selection have in common, as the name of a file."""
    target = environment.name() or environment.facts(config)["Target"]
    selection = [config.getoption(name, None) for name in _SELECTION]
    whole = json.dumps([target, sorted(config.args), selection], default=str)
    name = re.sub(r"[^A-Za-z0-9]+", "-", target).strip("-")[:_LONGEST_NAME]
    return f"{name}-{hashlib.md5(whole.encode('utf-8', 'replace'), usedforsecurity=False).hexdigest()[:8]}"


# Before the reports are written, which say it.
@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Finds what changed, and remembers this run unless it was cut short."""
    config = session.config
    cache: Any = getattr(config, "cache", None)
    if cache is None or RUN not in config.stash or config.getoption("collectonly"):
        return
    run, place = config.stash[RUN], f"{_CACHE}/{key_of(config)}"
    earlier = cache.get(place, None)
    if isinstance(earlier, dict) and run.records:
        config.stash[CHANGES] = Changes.of(run, earlier)
    is_whole = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED} and not session.shouldstop
    if run.records and is_whole and not config.getoption("lf", False):
        cache.set(place, remembered(run, f"{datetime.now().astimezone():%d %b %Y, %H:%M}"))
