"""Redacts credentials and escapes control characters in test reports and logs."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_websocket.plugin.recordings import RECORDINGS
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.recording import Recording
from pytest_websocket.target.secrets import SHORTEST_SECRET, Secrets, secrets_in
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

LOGGERS = ("websockets.client", "websockets.server")
"""At level DEBUG they log every header that is sent."""

_FILTER = pytest.StashKey["_Redacting"]()

_COLOURS = re.compile(r"(\x1b\[[0-9;]*m)")


MOST_LEARNED = 300
"""Secrets that are learned from messages: each of them is looked for in every text of the run."""


def learn_credentials(item: pytest.Item) -> None:
    """Makes secrets of the run of the credentials in the messages of a test.

    A test's own code and other texts show them, too. With ``--ws-show-secrets`` nothing is learned.
    """
    target = item.config.stash[TARGET]
    if target.show_secrets:
        return
    for recording in item.stash.get(RECORDINGS, []):
        for text in _texts_of(recording):
            for secret in secrets_in(text):
                if len(target.learned) < MOST_LEARNED:
                    target.learn_secret(secret)


def _texts_of(recording: Recording) -> Iterator[str]:
    """Yields the messages of a recording as text: decoded by its codec, fragments joined."""
    messages: dict[tuple[bool, int], bytes] = {}
    for frame in recording.frames:
        if frame.value:
            yield frame.value
        elif frame.message and frame.data:
            key = (frame.sent, frame.message)
            messages[key] = messages.get(key, b"") + bytes(frame.data)
    for data in messages.values():
        # Without quotes there is no value: most messages of the suite need no search.
        if b'"' in data or b"'" in data:
            yield data.decode("utf-8", "replace")


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


class AddSecrets:
    """Adds values that no report, result or page of the run may show."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def add(self, *values: str) -> None:
        """Masks ``values`` from now on, with ``--ws-show-secrets``, too. Raises ValueError for short ones."""
        for value in values:
            if len(value) < SHORTEST_SECRET:
                raise ValueError(
                    f"a secret needs {SHORTEST_SECRET} characters or more: a shorter one would be masked in "
                    "the middle of other words"
                )
            self._target.learn_secret(value)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Redacts what the websockets library logs."""
    if TARGET in config.stash:
        config.stash[_FILTER] = _Redacting(config.stash[TARGET])
        for name in LOGGERS:
            logging.getLogger(name).addFilter(config.stash[_FILTER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leaves the loggers as they were."""
    if _FILTER in config.stash:
        for name in LOGGERS:
            logging.getLogger(name).removeFilter(config.stash[_FILTER])


class _Redacting(logging.Filter):
    """Formats each record and redacts the text."""

    def __init__(self, target: Target) -> None:
        super().__init__()
        self._target = target

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._target.mask(record.getMessage()), ()
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
