"""Says what a run was made of, for every report of it."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from pytest_websocket.plugin import environment
from pytest_websocket.plugin.last_run import CHANGES
from pytest_websocket.render.overview import Circumstances

_STARTED = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    """Notes when the run began."""
    config.stash[_STARTED] = time.time()


def circumstances(config: pytest.Config) -> Circumstances:
    """Returns target, duration, tools, options, links of the CI and what changed since the last run."""
    facts = environment.facts(config)
    return Circumstances(
        target=environment.name() or facts["Target"],
        finished=datetime.now().astimezone(),
        seconds=time.time() - config.stash[_STARTED],
        facts=facts,
        options=environment.options_of(config),
        links=environment.links(),
        changes=config.stash.get(CHANGES, None),
    )
