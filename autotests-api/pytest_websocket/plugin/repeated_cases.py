"""Runs a case against a target of others, and once more where the result may not be its own.

It may not where the case met a limit of the target, and where it failed while cases of other processes ran.
"""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol

from pytest_websocket.plugin.rate_limits import RATE_LIMITS
from pytest_websocket.plugin.recordings import ATTACHMENTS, RECORDINGS
from pytest_websocket.plugin.shared_target import SHARED_TARGET, used_by
from pytest_websocket.plugin.target import TARGET


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Runs a test, perhaps twice, and reports what came of it last."""
    if item.config.stash[TARGET].embedded or "target" not in getattr(item, "fixturenames", ()):
        return None
    limits, shared = item.config.stash[RATE_LIMITS], item.config.stash[SHARED_TARGET]
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    limits.skip_where_closed(item)
    with used_by(item):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if waited := limits.wait_after(item):
        with used_by(item):
            reports = _again(item, nextitem)
    elif shared is not None and shared.doubts(item, reports):
        with shared.used(alone=True):
            first, reports = reports, _again(item, nextitem)
        shared.compare(first, reports)
    limits.tell(item, reports[-1], waited)
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _again(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    for kept in (item.stash.get(RECORDINGS, []), item.stash.get(ATTACHMENTS, [])):
        kept.clear()
    return runtestprotocol(item, nextitem=nextitem, log=False)
