"""What a browser leaves behind for the report, and whether its story is the server's.

Both are settled while the tabs are still open, as the last part of a case's call: a disagreement is a failure
of the case and not an error of its teardown.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest

from pytest_websocket.plugin.browser_page import Tab, disagreement
from pytest_websocket.plugin.recordings import EVIDENCE
from pytest_websocket.plugin.server_log import Ledger
from pytest_websocket.target.target import Target
from pytest_websocket.text import printable

Attachment = tuple[str, str | bytes, str]

TAIL = 30
"""Lines of each text that a failure shows in the terminal; the report has more."""

COLLECTOR = pytest.StashKey["Evidence"]()


class Evidence:
    """The tabs of one case and the books of its servers."""

    def __init__(self, target: Target, deadline: float) -> None:
        self.target = target
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self.deadline = deadline
        self.tabs: list[Tab] = []
        self.ledger = Ledger(self._wake)

    def _wake(self) -> None:
        # A connection may outlive the browser, and then the loop.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.changed.set)

    async def until(self, condition: Callable[[], bool]) -> bool:
        """Wait for what a browser's or a server's event brings about; False after the deadline."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.deadline):
                while not condition():
                    self.changed.clear()
                    await self.changed.wait()
        return condition()

    async def collect(self) -> list[Attachment]:
        """Screenshot, console and frames of every tab: name, content and MIME type of each."""
        found: list[Attachment] = []
        for number, tab in enumerate(self.tabs, 1):
            name = f"tab {number}" if len(self.tabs) > 1 else "the tab"
            picture = await tab.screenshot()
            if picture:
                found.append((f"Screenshot of {name}", picture, "image/png"))
            for title, lines in (
                (f"Console of {name}", "\n".join(tab.console) or "(empty)"),
                (f"Frames as {name} saw them", "\n\n".join(map(str, tab.conversations)) or "(no WebSocket)"),
            ):
                found.append((title, self.target.mask(printable(lines, keep="\n")), "text/plain"))
        return found

    async def disagreement(self) -> str:
        """In words, where the browser and the server tell different stories; empty when they agree."""

        def differences() -> list[str]:
            return [
                difference
                for tab in self.tabs
                for conversation in tab.conversations
                if (entry := self.ledger.of(conversation.key))
                and (difference := disagreement(conversation, entry))
            ]

        # What is still on its way when the case ends may arrive.
        await self.until(lambda: not differences())
        return "\n\n".join(differences())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Collect the evidence of a case and compare the two sides' stories, while its tabs are open."""
    try:
        yield
    except BaseException:
        _collect(item)
        raise
    evidence = _collect(item)
    if evidence:
        difference = evidence.loop.run_until_complete(evidence.disagreement())
        if difference:
            pytest.fail(difference, pytrace=False)


def _collect(item: pytest.Item) -> Evidence | None:
    evidence = item.stash.get(COLLECTOR, None)
    if evidence:
        attachments = evidence.loop.run_until_complete(evidence.collect())
        item.stash[EVIDENCE] = attachments
        # pytest shows them with a failure, and only then.
        for name, content, _ in attachments:
            if isinstance(content, str):
                item.add_report_section("call", name, "\n".join(content.splitlines()[-TAIL:]))
    return evidence
