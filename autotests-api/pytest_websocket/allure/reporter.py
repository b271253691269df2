"""Allure results as this suite writes them: clean, without noise, with what was expected and what came."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from allure_commons.model2 import ExecutableItem, Status, TestResult

from pytest_websocket.allure.attachments import Document
from pytest_websocket.allure.scrub import clean
from pytest_websocket.allure.steps import TaskAwareReporter
from pytest_websocket.target.secrets import Secrets
from pytest_websocket.text import printable

if TYPE_CHECKING:
    import pytest

_NOISY_TAGS = {"asyncio", "parametrize", "anyio", "rfc", "needs"}
_CAPTURED = {"log", "stdout", "stderr"}
# A fixture that passed, shows nothing and took less than this is of no use to a reader.
_WORTH_SHOWING_MS = 100
LARGEST_ATTACHMENT = 200_000


class CleanReporter(TaskAwareReporter):
    """Writes no secret, no lone surrogate, no empty container, no attachment above 200 kB."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    def running_test(self) -> Any:
        """The result of the test that is running; None between tests."""
        return self.get_last_item(TestResult)

    def close_test(self, uuid: str) -> None:
        """Write a test's result."""
        result = self._items[uuid]
        result.labels[:] = [
            label for label in result.labels if not (label.name == "tag" and label.value in _NOISY_TAGS)
        ]
        clean(result, self._secrets)
        super().close_test(uuid)

    def stop_group(self, uuid: str, **kwargs: Any) -> None:
        """Write what fixtures did around tests, unless it is nothing to speak of."""
        group = self._items[uuid]
        group.befores[:] = [fixture for fixture in group.befores if _is_worth_showing(fixture)]
        group.afters[:] = [fixture for fixture in group.afters if _is_worth_showing(fixture)]
        if not group.befores and not group.afters:
            del self._items[uuid]
            return
        for fixture in group.afters:
            # allure-pytest appends the name of pytest's internal finalizer.
            fixture.name = fixture.name.partition("::")[0]
        clean(group, self._secrets)
        super().stop_group(uuid, **kwargs)

    def attach_data(self, uuid: str, body: str | bytes, **kwargs: Any) -> None:
        """Attach a body, cleaned and bounded; what a passed test printed is of no use to a reader."""
        test = self.running_test()
        if kwargs.get("name") in _CAPTURED and test is not None and test.status == Status.PASSED:
            return
        kwargs["name"] = self._secrets.mask(printable(kwargs.get("name") or ""))
        super().attach_data(uuid, self._bounded(body), **kwargs)

    def global_attach_data(self, uuid: str, body: str | bytes, **kwargs: Any) -> None:
        """Attach a body to the whole run, cleaned and bounded."""
        super().global_attach_data(uuid, self._bounded(body), **kwargs)

    def cleaned(self, body: str | bytes) -> bytes:
        """A body without secrets and lone surrogates."""
        if isinstance(body, bytes):
            return self._secrets.mask_bytes(body)
        return self._secrets.mask_cut(body).encode("utf-8", "backslashreplace")

    def _bounded(self, body: str | bytes) -> bytes:
        data = self.cleaned(body)
        if isinstance(body, bytes) or len(data) <= LARGEST_ATTACHMENT:
            return data
        kept = data[: LARGEST_ATTACHMENT - 100].decode("utf-8", "ignore")
        return f"{kept}\n… cut: {len(data):,} bytes in all".encode()


def find_reporter(config: pytest.Config) -> CleanReporter | None:
    """The reporter of this run; None when the run leaves no Allure results."""
    listener = config.pluginmanager.get_plugin("allure_listener")
    reporter = listener.allure_logger if listener is not None else None
    return reporter if isinstance(reporter, CleanReporter) else None


def install(config: pytest.Config, secrets: Secrets) -> None:
    """Put the reporter of this suite in the place of allure-pytest's own."""
    listener = config.pluginmanager.get_plugin("allure_listener")
    if listener is not None:
        listener.allure_logger = CleanReporter(secrets)


def attach(reporter: CleanReporter, test: Any, document: Document) -> None:
    """Attach to the test itself.

    ``allure.attach`` during the teardown of a fixture would put it where the report does not count it.
    """
    reporter.attach_data(
        str(uuid.uuid4()),
        document.body,
        name=document.name,
        attachment_type=document.mime,
        extension=document.extension,
        parent_uuid=test.uuid,
    )


def attach_to_run(reporter: CleanReporter, document: Document) -> None:
    """Attach to the run as a whole."""
    reporter.global_attach_data(
        str(uuid.uuid4()),
        document.body,
        name=document.name,
        attachment_type=document.mime,
        extension=document.extension,
    )


def _is_worth_showing(fixture: ExecutableItem) -> bool:
    if fixture.status is None:
        # What allure-pytest makes of the finalizers that pytest 9.1 and newer add to every fixture.
        return False
    lasted = (fixture.stop or 0) - (fixture.start or 0)
    shows = fixture.steps or fixture.attachments or fixture.status != "passed"
    return bool(shows) or (lasted >= _WORTH_SHOWING_MS and not fixture.name.startswith("_"))
