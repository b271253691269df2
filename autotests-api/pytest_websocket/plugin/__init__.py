"""The pytest plugin: options, fixtures, selection and outcomes.

pytest imports what is named here in every run of the environment, so it has to be light; `activation` starts
the rest.
"""

import pytest

LIGHT = (
    "pytest_websocket.plugin.activation",
    "pytest_websocket.plugin.command_line",
    "pytest_websocket.plugin.async_tests",
    "pytest_websocket.plugin.hypothesis_import",
    "pytest_websocket.plugin.fixtures.target",
    "pytest_websocket.plugin.fixtures.clients",
    "pytest_websocket.plugin.fixtures.raw",
    "pytest_websocket.plugin.fixtures.clients_under_test",
    "pytest_websocket.plugin.fixtures.load",
    "pytest_websocket.plugin.fixtures.own_servers",
    "pytest_websocket.plugin.fixtures.browser",
    "pytest_websocket.plugin.fixtures.security",
)


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Registers the modules. For ``pytest_plugins`` pytest would read the metadata of all packages."""
    for module in LIGHT:
        pluginmanager.import_plugin(module)
