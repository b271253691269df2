"""The pytest plugin: options, fixtures, selection and outcomes."""

from importlib.util import find_spec

pytest_plugins = (
    "pytest_websocket.plugin.selection",
    "pytest_websocket.plugin.target",
    "pytest_websocket.plugin.async_tests",
    "pytest_websocket.plugin.recordings",
    "pytest_websocket.plugin.clients",
    "pytest_websocket.plugin.raw_connections",
    "pytest_websocket.plugin.echo",
    "pytest_websocket.plugin.compression",
    "pytest_websocket.plugin.network_links",
    "pytest_websocket.plugin.ws_server",
    "pytest_websocket.plugin.client_under_test",
    "pytest_websocket.plugin.client_compression",
    "pytest_websocket.plugin.load",
    "pytest_websocket.plugin.outcomes",
    "pytest_websocket.plugin.liveness",
    "pytest_websocket.plugin.known_failures",
    "pytest_websocket.plugin.redaction",
    "pytest_websocket.plugin.page_server",
    "pytest_websocket.plugin.browser_artifacts",
    "pytest_websocket.plugin.browser",
    *(("pytest_websocket.allure.plugin",) if find_spec("allure_pytest") else ()),
)
