"""Keeps runs that do not use hypothesis, which this package depends on, from importing it at their end."""

from __future__ import annotations

import sys

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Takes out hypothesis' plugin before its summary, which imports hypothesis whatever there was to run.

    That is a second of CPU for each run in an environment with this package. The controller of xdist keeps
    the plugin: its workers may have used hypothesis.
    """
    plugins = session.config.pluginmanager
    asks_for_statistics = session.config.getoption("hypothesis_show_statistics", False)
    if "hypothesis" not in sys.modules and not plugins.has_plugin("dsession") and not asks_for_statistics:
        plugin = plugins.get_plugin("hypothesispytest")
        if plugin is not None:
            plugins.unregister(plugin)
