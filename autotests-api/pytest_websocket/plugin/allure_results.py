"""Loads the Allure report where allure-pytest is installed and ``--alluredir`` is given.

It comes after `pytest_websocket.plugin.run`, whose facts about a test it needs.
"""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Registers the hooks of `pytest_websocket.allure`."""
    if config.getoption("allure_report_dir", None):
        config.pluginmanager.import_plugin("pytest_websocket.allure.plugin")
