"""What a browser adds to the report, and whether its log agrees with the server's.

Both are settled while the pages are still open, as the last part of a test's call: a disagreement is a
failure of the test and not an error of its teardown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator

import pytest

from pytest_websocket.plugin.browser_page import BrowserPage, disagreement
from pytest_websocket.plugin.recordings import ATTACHMENTS
from pytest_websocket.plugin.server_log import ServerLog
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

Attachment = tuple[str, str | bytes, str]

Until = Callable[[Callable[[], object]], Awaitable[bool]]
"""The type of the fixture `until`."""

TAIL = 30
"""Lines of each text that a failure shows in the terminal; the report has more."""

COLLECTOR = pytest.StashKey["BrowserArtifacts"]()


class BrowserArtifacts:
    """The pages of one test and the logs of its servers."""

    def __init__(self, target: Target, deadline: float) -> None:
        self.target = target
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self.deadline = deadline
        self.pages: list[BrowserPage] = []
        self.server_log = ServerLog(self._wake)

    def _wake(self) -> None:
        # A connection may outlive the browser, and then the loop.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.changed.set)

    async def until(self, condition: Callable[[], object]) -> bool:
        """Waits for what an event of browser or server brings about; returns False after the deadline."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.deadline):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        return bool(condition())

    async def collect(self) -> list[Attachment]:
        """Returns screenshot, console and frames of every page: name, content and MIME type of each."""
        found: list[Attachment] = []
        for number, browser_page in enumerate(self.pages, 1):
            name = f"page {number}" if len(self.pages) > 1 else "the page"
            picture = await browser_page.screenshot()
            if picture:
                found.append((f"Screenshot of {name}", picture, "image/png"))
            for title, lines in (
                (f"Console of {name}", "\n".join(browser_page.console) or "(empty)"),
                (
                    f"Frames as {name} saw them",
                    "\n\n".join(map(str, browser_page.conversations)) or "(no WebSocket)",
                ),
            ):
                found.append((title, self.target.mask(printable(lines, keep="\n")), "text/plain"))
        return found

    async def disagreement(self) -> str:
        """Returns in words where browser and server differ; empty when they agree."""

        def differences() -> list[str]:
            return [
                difference
                for browser_page in self.pages
                for conversation in browser_page.conversations
                if (entry := self.server_log.of(conversation.key))
                and (difference := disagreement(conversation, entry))
            ]

        # What is still on its way when the case ends may arrive.
        await self.until(lambda: not differences())
        return "\n\n".join(differences())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Attaches what the pages of a test showed and compares it with the server's log, while they are open."""
    try:
        yield
    except BaseException:
        _collect(item)
        raise
    browser_artifacts = _collect(item)
    if browser_artifacts:
        difference = browser_artifacts.loop.run_until_complete(browser_artifacts.disagreement())
        if difference:
            pytest.fail(difference, pytrace=False)


def _collect(item: pytest.Item) -> BrowserArtifacts | None:
    browser_artifacts = item.stash.get(COLLECTOR, None)
    if browser_artifacts:
        attachments = browser_artifacts.loop.run_until_complete(browser_artifacts.collect())
        item.stash[ATTACHMENTS] = attachments
        # pytest shows them with a failure, and only then.
        for name, content, _ in attachments:
            if isinstance(content, str):
                item.add_report_section("call", name, "\n".join(content.splitlines()[-TAIL:]))
    return browser_artifacts
