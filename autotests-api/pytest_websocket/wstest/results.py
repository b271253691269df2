"""The results of a run, by agent and case."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from pytest_websocket.recording import Recording
from pytest_websocket.wstest.case import Behavior, Event
from pytest_websocket.wstest.observed import Observed
from pytest_websocket.wstest.verdict import Verdict


@dataclass(frozen=True)
class Described:
    """What a report says of a case, whichever kind it is."""

    number: str
    sends: str
    expects: str
    rule: str
    index: int
    timed: bool = False
    expected: tuple[tuple[Behavior, tuple[Event, ...]], ...] = ()


@dataclass
class Result:
    """One case with one agent. ``recording`` is None where the case keeps its own.

    ``is_written`` says that the case's files are there.
    """

    agent: str
    case: Described
    verdict: Verdict
    observed: Observed
    recording: Recording | None
    is_server: bool
    is_written: bool = False

    @property
    def remote_code(self) -> int | None:
        """The code of the peer's Close frame."""
        return self.observed.remote_close.code if self.observed.remote_close else None

    @property
    def started(self) -> str:
        """When the case began, in UTC, as RFC 3339 writes it."""
        at = datetime.fromtimestamp(self.observed.started or time.time(), UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Results:
    """All results; a case that is run again replaces its result."""

    def __init__(self) -> None:
        self._results: dict[str, dict[str, Result]] = {}
        self._changed = asyncio.Event()

    def add(self, result: Result) -> None:
        """Keeps a result, and wakes those that wait for it."""
        self._results.setdefault(result.agent, {})[result.case.number] = result
        self._changed.set()

    async def wait_for(self, agent: str, number: str) -> Result:
        """Waits for a result and returns it."""
        while (found := self.get(agent, number)) is None:
            self._changed.clear()
            await self._changed.wait()
        return found

    def get(self, agent: str, number: str) -> Result | None:
        """Returns a result, or None where there is none yet."""
        return self._results.get(agent, {}).get(number)

    @property
    def agents(self) -> list[str]:
        """The agents, in the order in which they came."""
        return list(self._results)

    def of(self, agent: str) -> list[Result]:
        """Returns the results of an agent, by number."""
        results = self._results.get(agent, {}).values()
        return sorted(results, key=lambda result: tuple(map(int, result.case.number.split("."))))

    def all(self) -> list[Result]:
        """Returns all results."""
        return [result for agent in self.agents for result in self.of(agent)]
