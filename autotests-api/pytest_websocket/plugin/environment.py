"""Collects what the run was made of: target and what it can do, versions, platform."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version

import pytest

from pytest_websocket.plugin.options import OPTIONS, option_value
from pytest_websocket.plugin.target import ABILITIES, PROBED, TARGET
from pytest_websocket.target.probe import describe
from pytest_websocket.text import printable

_NOT_GIVEN: tuple[object, ...] = (None, False, [], ())
_PACKAGES = ("websockets", "pytest", "pytest-asyncio", "allure-pytest", "hypothesis")


def facts(config: pytest.Config) -> dict[str, str]:
    """Returns names and values, in the order in which they are shown; credentials masked."""
    target = config.stash[TARGET]
    if config.stash.get(PROBED, False):
        known = {
            name.capitalize(): value for name, value in describe(target, config.stash[ABILITIES]).items()
        }
    else:
        known = {"Target": target.shown()}
    if target.embedded:
        known["Target"] = "embedded echo server"
    if target.strict:
        known["Strict"] = "a broken SHOULD fails"
    if target.time_scale != 1:
        known["Time scale"] = f"{target.time_scale:g}"
    known["Python"] = f"{platform.python_implementation()} {platform.python_version()}"
    for package in _PACKAGES:
        try:
            known[package] = version(package)
        except PackageNotFoundError:
            continue
    known["Platform"] = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {name: printable(target.mask(value)) for name, value in known.items()}


def name() -> str:
    """Returns what this run is called on a page that several runs share: ``REPORT_ENVIRONMENT``, or nothing.

    Without a name of its own, the same test of another run would pass for a retry.
    """
    return os.environ.get("REPORT_ENVIRONMENT", "").strip()


def folder_name() -> str:
    """Returns the name of this run as the name of a file or a folder; empty for a run without a name."""
    return re.sub(r"[^\w.-]+", "_", name())


def options_of(config: pytest.Config) -> dict[str, str]:
    """Returns the options of the target that this run was given, from wherever; credentials masked."""
    target = config.stash[TARGET]
    given = {option.flag: option_value(config, option.name) for option in OPTIONS}
    return {
        flag: printable(target.secrets.url(str(value)))
        for flag, value in given.items()
        if value not in _NOT_GIVEN
    }
