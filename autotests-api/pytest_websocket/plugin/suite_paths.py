"""Prints the paths of the suite from its own folder on; loaded by the command ``pytest-websocket`` only.

pytest prints paths relative to the working directory: of a suite in site-packages that is a long way.
"""

from __future__ import annotations

import dataclasses

import pytest

from pytest_websocket.plugin.options import STARTED_IN


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Lets paths begin at the root directory, which is the suite's; those of options begin where they did."""
    config.stash[STARTED_IN] = config.invocation_params.dir
    # pytest has no option for it. The test of the command notices when this stops working.
    config.invocation_params = dataclasses.replace(config.invocation_params, dir=config.rootpath)
