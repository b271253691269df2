"""Redacts credentials and escapes control characters in test reports and logs."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from pytest_websocket.plugin.target import TARGET
from pytest_websocket.target.secrets import Secrets
from pytest_websocket.text import printable

LOGGERS = ("websockets.client", "websockets.server")
"""At level DEBUG they log every header that is sent."""

_FILTER = pytest.StashKey["_Redacting"]()

_COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")


def redact_report(report: pytest.TestReport, secrets: Secrets, *, colours: bool = False) -> None:
    """Removes secrets and control characters from a report, in place, before anything reads it.

    ``colours`` keeps colour sequences: pytest puts its own into failure texts for a terminal. A failure's
    representation that has to be changed becomes a string, its message first; any other stays as it is.
    """

    def clean(text: str) -> str:
        parts = _COLOURS.split(text) if colours else [text]
        return secrets.mask_cut(
            "".join(part if n % 2 else printable(part, keep="\n\t") for n, part in enumerate(parts))
        )

    report.longrepr = _clean_failure(report.longrepr, clean)
    report.sections = [(clean(name), clean(content)) for name, content in report.sections]
    report.user_properties = [
        (name, clean(value) if isinstance(value, str) else value) for name, value in report.user_properties
    ]
    if hasattr(report, "wasxfail"):
        report.wasxfail = clean(report.wasxfail)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Redacts what the websockets library logs."""
    if TARGET in config.stash:
        config.stash[_FILTER] = _Redacting(config.stash[TARGET].secrets)
        for name in LOGGERS:
            logging.getLogger(name).addFilter(config.stash[_FILTER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves the loggers as they were."""
    if _FILTER in config.stash:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(config.stash[_FILTER])


class _Redacting(logging.Filter):
    """Formats each record and redacts the text."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._secrets.mask(record.getMessage()), ()
        return True


def _clean_failure(failure: Any, clean: Any) -> Any:
    if failure is None:
        return None
    if isinstance(failure, tuple):
        path, line, reason = failure
        return path, line, clean(reason)
    text = str(failure)
    crash = getattr(failure, "reprcrash", None)
    message = crash.message if crash is not None else ""
    if clean(text) == text and clean(message) == message:
        return failure
    # Terminal, JUnit XML and xdist take the first line of a string for the message.
    return clean(f"{message}\n\n{text}" if message else text)
