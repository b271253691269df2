"""Collects what the run was made of: target and what it can do, versions, platform."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from pytest_websocket.plugin.options import OPTIONS, option_value
from pytest_websocket.plugin.server_options import shown_command
from pytest_websocket.plugin.target import ABILITIES, PROBED, TARGET
from pytest_websocket.target.description import describe
from pytest_websocket.text import printable

_NOT_GIVEN: tuple[object, ...] = (None, False, [], ())
_OF_THE_REPORT = {"--ws-report", "--ws-write-known-failures"}
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
    if app := option_value(config, "ws-app"):
        known["Target"] = f"application {app}"
    if command := option_value(config, "ws-command"):
        known["Target"] = f"server of {shown_command(command)}"
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
        flag: ", ".join(printable(target.secrets.url(text)) for text in _texts(value))
        for flag, value in given.items()
        if value not in _NOT_GIVEN and flag not in _OF_THE_REPORT
    }


def _texts(value: Any) -> list[str]:
    """Returns the values of an option; a header as ``Name: value``, a pattern as it was given."""
    several = value if isinstance(value, tuple) else (value,)
    return [
        ": ".join(each) if isinstance(each, tuple) else str(getattr(each, "text", each)) for each in several
    ]


def links() -> dict[str, str]:
    """Returns what a job of GitHub or GitLab says of itself: words, and where they lead."""
    given = os.environ.get
    if given("GITHUB_RUN_ID"):
        place = f"{given('GITHUB_SERVER_URL')}/{given('GITHUB_REPOSITORY')}"
        found = {
            f"commit {given('GITHUB_SHA', '')[:9]}": f"{place}/commit/{given('GITHUB_SHA')}",
            f"branch {given('GITHUB_REF_NAME')}": f"{place}/tree/{given('GITHUB_REF_NAME')}",
            f"run {given('GITHUB_RUN_NUMBER')}": f"{place}/actions/runs/{given('GITHUB_RUN_ID')}",
        }
    elif given("CI_PIPELINE_URL"):
        place = given("CI_PROJECT_URL", "")
        found = {
            f"commit {given('CI_COMMIT_SHORT_SHA')}": f"{place}/-/commit/{given('CI_COMMIT_SHA')}",
            f"branch {given('CI_COMMIT_REF_NAME')}": f"{place}/-/tree/{given('CI_COMMIT_REF_NAME')}",
            f"pipeline {given('CI_PIPELINE_ID')}": given("CI_PIPELINE_URL", ""),
        }
    else:
        found = {}
    # A link that a page follows is one of the web.
    return {words: link for words, link in found.items() if link.startswith(("https://", "http://"))}
