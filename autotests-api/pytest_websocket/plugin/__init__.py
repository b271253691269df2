"""The pytest plugin: options, fixtures, selection and outcomes."""

pytest_plugins = (
    "pytest_websocket.plugin.activation",
    "pytest_websocket.plugin.command_line",
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
    "pytest_websocket.plugin.page_server",
    "pytest_websocket.plugin.browser_artifacts",
    "pytest_websocket.plugin.browser",
)
