"""Clients of the target: `connect` opens and closes as many as a case wants, `client` is the common case."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import signature
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.http11 import Response

from pytest_websocket import client as ws_client
from pytest_websocket.client import Client
from pytest_websocket.plugin.recordings import Recordings
from pytest_websocket.plugin.target_client import open_client
from pytest_websocket.target.target import Target

UNANSWERED = 3
"""Closes in a row without an answer, after which a run does not wait for answers that prove nothing."""


@dataclass
class Closings:
    """How many Closes the server has not answered, in a row."""

    unanswered: int = 0


CLOSINGS = pytest.StashKey[Closings]()
"""The closings of the run."""

CLIENTS = pytest.StashKey[list[Client]]()
"""Clients that a test opened, in order."""


class Connect:
    """Opens connections to the target with the target's settings, and closes them after the test.

    Called, it opens a `Client`. ``resource`` asks for another path and query than the target's;
    ``name`` stands in the report; ``settings`` are those of `ws_client.connect` and go before
    the target's. With ``carries`` clients put their text into the target's requests, see `TargetClient`.
    """

    def __init__(
        self,
        target: Target,
        recordings: Recordings,
        deadline: float,
        *,
        closings: Closings | None = None,
        carries: bool = False,
    ) -> None:
        self.target = target
        self._carries = carries
        self._deadline = deadline
        self._closings = closings or Closings()
        self._recordings = recordings
        self.clients: list[Client] = []

    async def __call__(self, resource: str | None = None, *, name: str = "client", **settings: Any) -> Client:
        """Returns an open connection. Raises `ws_client.ConnectFailed`."""
        __tracebackhide__ = True
        url, everything = self._with_the_targets(resource, name, settings)
        await self.target.pace.turn()
        return await open_client(
            self.target, url, everything, carries=self._carries, opened=self.clients.append
        )

    async def expect_rejected(
        self,
        status: int | Collection[int] | None = None,
        resource: str | None = None,
        *,
        name: str = "client",
        **settings: Any,
    ) -> Response:
        """Asserts that the target refuses the handshake, see `ws_client.expect_rejected`."""
        __tracebackhide__ = True
        url, everything = self._with_the_targets(resource, name, settings)
        await self.target.pace.turn()
        return await ws_client.expect_rejected(url, status, **everything)

    async def leave(self, client: Client) -> None:
        """Closes a client where its closing is not what the test is about.

        A tenth of the deadline is enough for the server's Close; where several in a row did not come, it is
        not waited for any more.
        """
        waits = self._closings.unanswered < UNANSWERED
        await client.close(deadline=self._deadline / 10 if waits else 0.0)
        answered = client.recording.close_received is not None
        self._closings.unanswered = 0 if answered else self._closings.unanswered + 1

    async def close(self) -> None:
        """Closes everything that was opened, all at once, see `leave`."""
        await asyncio.gather(*map(self.leave, self.clients))

    def _with_the_targets(
        self, resource: str | None, name: str, settings: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        _check_names(settings)
        target = self.target
        url = target.url if resource is None else _at(target.url, resource)
        everything: dict[str, Any] = {
            "headers": target.headers,
            "origin": target.origin,
            "subprotocols": target.subprotocols,
            "ssl": target.tls,
            "proxy": target.proxy or False,
            "deadline": self._deadline,
            # A case of the suite costs its deadline, and no more.
            **({"listen_on": 0} if self._carries else {}),
            **settings,
        }
        if "recording" not in everything:
            everything["recording"] = self._recordings.new(name, url)
        else:
            self._recordings.add(everything["recording"])
        return url, everything


def _check_names(settings: dict[str, Any]) -> None:
    """Raises TypeError for a setting that `ws_client.connect` does not have, with the one that is alike."""
    known = list(signature(ws_client.connect).parameters)
    for name in settings:
        if name not in known:
            alike = get_close_matches(name, known, 1)
            hint = f"; did you mean {alike[0]!r}?" if alike else f"; there are {', '.join(known[1:])}"
            raise TypeError(f"connect() has no setting {name!r}{hint}")


def _at(url: str, resource: str) -> str:
    return urlsplit(url)._replace(path="", query="", fragment="").geturl() + resource
