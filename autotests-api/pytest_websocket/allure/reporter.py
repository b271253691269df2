"""Writes steps of concurrent tasks apart, and neither secrets nor empty containers nor giant attachments.

Two private names of allure-pytest are used, here and nowhere else: ``AllureReporter._items`` and
``AllureReporter._last_executable``. They keep one stack of open steps per thread, so that the steps of
concurrent tasks nest into each other and those of a background thread are lost after the first test
(allure-python issue 720). There is no public way; a test compares what this class relies on.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import pytest
from allure_commons.model2 import ExecutableItem, Status, TestResult, TestStepResult
from allure_commons.reporter import AllureReporter

from pytest_websocket.allure.cleaning import Cleaner

_CAPTURED = {"log", "stdout", "stderr"}
# A fixture that passed, shows nothing and took less than this is of no use to a reader.
_WORTH_SHOWING_MS = 100
LARGEST_ATTACHMENT = 200_000
"""Bytes; longer texts are cut."""

# A task copies its creator's context: it inherits the steps open there and never sees those of other tasks.
_open_steps: ContextVar[tuple[str, ...]] = ContextVar("open_steps", default=())


class _Items(dict[str, Any]):
    """One mapping of open items for the whole process, in place of allure's one per thread."""

    def cleanup(self) -> None:
        """Does nothing; Allure drops the items of finished threads here."""


class Reporter(AllureReporter):  # type: ignore[misc]
    """Makes the innermost step that is open in the same task the parent of a new step."""

    def __init__(self, cleaner: Cleaner) -> None:
        super().__init__()
        self._cleaner = cleaner
        self._items = _Items()
        self._lock = threading.RLock()

    def start_step(self, parent_uuid: str | None, uuid: str, step: TestStepResult) -> None:
        """Opens a step under ``parent_uuid``, else under the task's own, else under the running test."""
        with self._lock:
            super().start_step(parent_uuid or self._last_executable(), uuid, step)
            _open_steps.set((*_open_steps.get(), uuid))

    def stop_step(self, uuid: str, **kwargs: Any) -> None:
        """Closes a step; a task may close its steps in any order."""
        with self._lock:
            super().stop_step(uuid, **kwargs)
            _open_steps.set(tuple(other for other in _open_steps.get() if other != uuid))

    def stop_group(self, uuid: str, **kwargs: Any) -> None:
        """Writes what fixtures did around tests, without those that show nothing; not at all for none."""
        group = self.get_item(uuid)
        group.befores[:] = [fixture for fixture in group.befores if _is_worth_showing(fixture)]
        group.afters[:] = [fixture for fixture in group.afters if _is_worth_showing(fixture)]
        for fixture in group.afters:
            # allure-pytest appends the name of pytest's internal finalizer.
            fixture.name = fixture.name.partition("::")[0]
        if group.befores or group.afters:
            super().stop_group(uuid, **kwargs)
        else:
            self.drop_test(uuid)

    def attach_data(self, uuid: str, body: str | bytes, **kwargs: Any) -> None:
        """Attaches a body, cleaned and bounded; what a passed test printed is left out."""
        test = self.get_last_item(TestResult)
        if kwargs.get("name") in _CAPTURED and test is not None and test.status == Status.PASSED:
            return
        super().attach_data(uuid, self._bounded(body), **kwargs)

    def global_attach_data(self, uuid: str, body: str | bytes, **kwargs: Any) -> None:
        """Attaches a body to the whole run, cleaned and bounded."""
        super().global_attach_data(uuid, self._bounded(body), **kwargs)

    def _bounded(self, body: str | bytes) -> bytes:
        data = self._cleaner.body(body)
        if isinstance(body, bytes) or len(data) <= LARGEST_ATTACHMENT:
            return data
        kept = data[: LARGEST_ATTACHMENT - 100].decode("utf-8", "ignore")
        return f"{kept}\n… cut: {len(data):,} bytes in all".encode()

    def _last_executable(self) -> str | None:
        with self._lock:
            for uuid in reversed(_open_steps.get()):
                if uuid in self._items:
                    return uuid
            for uuid in reversed(self._items):
                item = self._items[uuid]
                if isinstance(item, ExecutableItem) and not isinstance(item, TestStepResult):
                    return str(uuid)
        return None


def install(config: pytest.Config, cleaner: Cleaner) -> None:
    """Puts the reporter in the place of allure-pytest's own, before a test has begun."""
    listener = config.pluginmanager.get_plugin("allure_listener")
    if listener is not None:
        listener.allure_logger = Reporter(cleaner)


def reporter_of(config: pytest.Config) -> Reporter | None:
    """Returns the reporter of this run; None before it is installed."""
    listener = config.pluginmanager.get_plugin("allure_listener")
    reporter = listener.allure_logger if listener is not None else None
    return reporter if isinstance(reporter, Reporter) else None


def _is_worth_showing(fixture: ExecutableItem) -> bool:
    if fixture.status is None:
        # What allure-pytest makes of the finalizers that pytest 9.1 and newer add to every fixture.
        return False
    lasted = (fixture.stop or 0) - (fixture.start or 0)
    shows = fixture.steps or fixture.attachments or fixture.status != "passed"
    return bool(shows) or (lasted >= _WORTH_SHOWING_MS and not fixture.name.startswith("_"))
