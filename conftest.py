"""Loads the plugin, which pip installs as an entry point, from this repository."""

pytest_plugins = ("pytest_websocket.plugin",)
