"""Starts the parts of the plugin that act on every test, once a test or an option asks for them.

Installed beside tests that use nothing of it, the plugin declares options, marks and fixtures, and no more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.plugin.load_options import LOAD_OPTIONS
from pytest_websocket.plugin.misspelt import check_arguments, check_settings
from pytest_websocket.plugin.options import (
    CLIENT_OPTIONS,
    OF_THE_CONTROLLER,
    add_options,
    add_selection,
    is_any_given,
    known_flags,
    known_settings,
    started_in,
)
from pytest_websocket.plugin.security_options import SECURITY_OPTIONS
from pytest_websocket.plugin.server_options import SERVER_OPTIONS

PARTS = (
    "pytest_websocket.plugin.selection",
    "pytest_websocket.plugin.target",
    "pytest_websocket.plugin.server_under_test",
    "pytest_websocket.plugin.recordings",
    "pytest_websocket.plugin.raw_connections",
    "pytest_websocket.plugin.ws_server",
    "pytest_websocket.plugin.client_under_test",
    "pytest_websocket.plugin.load",
    "pytest_websocket.plugin.browser_artifacts",
    "pytest_websocket.plugin.liveness",
    "pytest_websocket.plugin.profile_summary",
    "pytest_websocket.plugin.rate_limits",
    "pytest_websocket.plugin.shared_target",
    "pytest_websocket.plugin.repeated_cases",
    "pytest_websocket.plugin.known_failures",
    "pytest_websocket.plugin.redaction",
    "pytest_websocket.plugin.outcomes",
    "pytest_websocket.plugin.permission",
    "pytest_websocket.plugin.run",
    "pytest_websocket.plugin.last_run",
    "pytest_websocket.plugin.circumstances",
    "pytest_websocket.plugin.terminal",
    "pytest_websocket.plugin.allure_results",
    "pytest_websocket.plugin.job_summary",
    "pytest_websocket.plugin.report_page",
    "pytest_websocket.plugin.sarif_file",
)

MARKS = {
    "rfc": "rfc(rule): the rule of an RFC that a test checks; written as @rfc6455(...) or @rfc7692(...)",
    "needs": "needs(*abilities, size=0): skip the test, with the reason, on a target that lacks one of them: "
    "echo, text, binary, deflate, embedded; or that takes no message of size bytes",
    "security": "security(weakness): the weakness that a test looks for; written as @security(cwe=…, gain=…)",
    "autobahn": "autobahn(number): the case of the Autobahn Testsuite that checks the same",
    "alone": "alone: no other test uses the same target meanwhile, where several processes share one (-n)",
    "mass": "mass: big or many messages (conformance in quantity); run with -m mass",
    "load": "load: many connections at once, or for long; run with -m load",
    "browser": "browser: a real Chromium talks to the server; run with -m browser",
    "thirdparty": "thirdparty: starts third-party servers; run with -m thirdparty",
}

_OWN_MARKS = {"rfc", "needs", "security"}

USED = "uses_websocket_plugin"
"""Attribute of the reports of a process in which the parts are started; it crosses to xdist's controller."""


@pytest.fixture(scope="session")
def _websocket_plugin(pytestconfig: pytest.Config) -> None:
    """Requested by the fixtures whose use starts the parts of the plugin."""
    activate(pytestconfig)


def activate(config: pytest.Config) -> None:
    """Reads the target from the options and registers the parts; the second time does nothing."""
    from pytest_websocket.plugin.target import configured_target

    configured_target(config)
    for part in PARTS:
        # Not import_plugin, which warns of modules that are imported already. pytest rewrites assertions of
        # an editable install only in its first module; the parts have none.
        if not config.pluginmanager.has_plugin(part):
            config.pluginmanager.register(import_module(part), part)


def uses_plugin(item: pytest.Item) -> bool:
    """Returns whether a test uses a fixture of the plugin, or a mark that changes its outcome."""
    if "_websocket_plugin" in getattr(item, "fixturenames", ()):
        return True
    # Each call counts: this is done for every test of the environment.
    for node in item.iter_parents():
        for mark in node.own_markers:
            if mark.name in _OWN_MARKS:
                return True
    return False


class _FirstTest:
    """Waits in the collection for the first test that uses the plugin."""

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Starts the parts before the hooks that are called with all tests."""
        if uses_plugin(item):
            item.config.pluginmanager.unregister(self)
            activate(item.config)


class _FirstReport:
    """Waits in the controller of xdist, which collects no tests, for a worker whose tests use the plugin."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Starts the parts and passes them the report, as the call of this hook has begun without them."""
        if hasattr(report, USED):
            plugins = self._config.pluginmanager
            plugins.unregister(self)
            before = plugins.get_plugins()
            activate(self._config)
            plugins.subset_hook_caller("pytest_runtest_logreport", before)(report=report)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Registers the options, and refuses misspelt ones."""
    add_options(parser)
    add_options(parser, SERVER_OPTIONS, group=("websocket server", "WebSocket server started by the suite"))
    add_selection(parser)
    add_options(parser, CLIENT_OPTIONS, group=("websocket client", "WebSocket client under test"))
    add_options(
        parser, SECURITY_OPTIONS, group=("websocket-security", "WebSocket security (pytest -m security)")
    )
    add_options(parser, LOAD_OPTIONS, group=("websocket-load", "WebSocket load (pytest -m load)"))
    config: Any = pluginmanager.get_plugin("pytestconfig")
    _remove_old_page(config.invocation_params.args)
    check_arguments(config.invocation_params.args, known_flags)


def _remove_old_page(arguments: Sequence[str]) -> None:
    """Removes the page of an earlier run, which would pass for this one's if it failed to start."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=False):
        name, _, value = argument.partition("=")
        if name == "--ws-report" and (value or following):
            with contextlib.suppress(OSError):
                Path(value or following).unlink()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Declares the marks, and starts the parts at once where an option of the plugin is given."""
    for mark in MARKS.values():
        config.addinivalue_line("markers", mark)
    check_settings(config.inipath, known_settings)
    if config.getoption("help"):
        return
    if is_any_given(config):
        activate(config)
    else:
        waits = _FirstReport(config) if is_xdist_controller(config) else _FirstTest()
        config.pluginmanager.register(waits, "websocket-first-use")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a worker of xdist, which may be started in another folder, where pytest was started."""
    node.workerinput[OF_THE_CONTROLLER] = str(started_in(node.config))


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Runs more cases at once by ``-n auto`` where a target of others is slow to answer."""
    if not is_any_given(config):
        return None
    # This module is imported in every run of the environment.
    from pytest_websocket.plugin.shared_target import processes_for

    return processes_for(config)


def is_xdist_controller(config: pytest.Config) -> bool:
    """Returns whether xdist runs the tests of this session in other processes."""
    return config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
