"""What a run says about a test holds no secret of the target, and nothing that a terminal or XML obeys."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator
from typing import Any

import pytest

from pytest_websocket.plugin.target import TARGET
from pytest_websocket.target.target import Secrets

RECORD_FACTORY = pytest.StashKey[Callable[..., logging.LogRecord]]()

# C0 and C1 controls, line separators, bidirectional overrides, lone surrogates. Line feeds and tabs stay.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]"
)
_CONTROLS_BUT_COLOURS = re.compile(rf"(\x1b\[[0-9;]*m)|({_CONTROLS.pattern})")


def printable(text: str, *, colours: bool = False) -> str:
    r"""``text`` with control characters and lone surrogates as ``\x1b``, ``\u202e``, ``\ud800``.

    ``colours`` leaves colour sequences as they are: pytest puts its own into failure texts.
    """
    if text.isascii() and text.isprintable():
        return text
    if colours:
        return _CONTROLS_BUT_COLOURS.sub(lambda found: found[1] or _escape(found), text)
    return _CONTROLS.sub(_escape, text)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Clean a report before anybody reads it: terminal, JUnit XML and the controller of xdist."""
    report = yield
    secrets = item.config.stash[TARGET].secrets
    terminal: Any = item.config.pluginmanager.get_plugin("terminalreporter")
    colours = terminal is not None and terminal.hasmarkup

    def clean(text: str) -> str:
        return secrets.mask_cut(printable(text, colours=colours))

    report.longrepr = _each_text(report.longrepr, clean)
    report.sections = _each_text(report.sections, clean)
    report.user_properties = _each_text(report.user_properties, clean)
    if hasattr(report, "wasxfail"):
        report.wasxfail = clean(report.wasxfail)
    return report


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Mask what is logged as well: at level DEBUG websockets logs every header that it sends."""
    if TARGET in config.stash and config.stash[TARGET].secrets:
        config.stash[RECORD_FACTORY] = logging.getLogRecordFactory()
        logging.setLogRecordFactory(_masking(config.stash[RECORD_FACTORY], config.stash[TARGET].secrets))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let logging be as it was."""
    if RECORD_FACTORY in config.stash:
        logging.setLogRecordFactory(config.stash[RECORD_FACTORY])


def _masking(factory: Callable[..., logging.LogRecord], secrets: Secrets) -> Callable[..., logging.LogRecord]:
    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        record.msg, record.args = secrets.mask(record.getMessage()), ()
        return record

    return make


def _each_text(value: Any, clean: Callable[[str], str]) -> Any:
    """``value`` with every text in it cleaned; pytest's own objects are changed in place."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list | tuple):
        return type(value)(_each_text(element, clean) for element in value)
    if type(value).__module__.startswith("_pytest."):
        for name, held in vars(value).items():
            setattr(value, name, _each_text(held, clean))
    return value


def _escape(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
