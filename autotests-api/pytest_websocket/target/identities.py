"""Identities: other ways to enter a target than that of its options, which the security cases try."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from pytest_websocket.protocol.credentials import is_credential
from pytest_websocket.target.login import Login, Step, filled, value_at
from pytest_websocket.target.secrets import header_secrets

if TYPE_CHECKING:
    from pytest_websocket.target.target import Target

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False)
class Identity:
    """Credentials of one user, or of one session.

    ``headers`` are sent with the handshake instead of the credentials of the options, ``query`` stands in the
    URL instead of its own, ``login`` is how a connection is entered by messages; what is not given is as the
    options say. ``request`` ("POST /ticket") is an HTTP request to the target itself that comes before the
    handshake, with the headers of the options; ``capture`` keeps values of its answer, which ``{name}``
    stands for in ``query`` and ``headers``.
    """

    headers: Headers = ()
    query: str = ""
    login: Login | None = None
    request: str = ""
    capture: Headers = ()

    def captured(self, answer: str) -> dict[str, Any]:
        """Returns the values that are kept of the answer to `request`. Raises LoginFailed."""
        return {name: value_at(answer, path) for name, path in self.capture}

    def filled_headers(self, values: Mapping[str, Any] = {}) -> Headers:
        """Returns the headers with their values. Raises LoginFailed where the environment lacks one."""
        return tuple((name, filled(value, values)) for name, value in self.headers)

    def entering(self, target: Target, values: Mapping[str, Any] = {}) -> Target:
        """Returns ``target`` as this identity enters it. Raises LoginFailed where a value is missing."""
        headers = self.filled_headers(values)
        names = {name.lower() for name, _ in headers}
        kept = tuple(
            (name, value)
            for name, value in target.headers
            if name.lower() not in names and not (self.headers and is_credential(name))
        )
        url = target.url
        if self.query:
            url = urlunsplit(urlsplit(url)._replace(query=filled(self.query, values)))
        return replace(target, url=url, headers=kept + headers, login=self.login or target.login)

    def secrets(self) -> Iterator[str]:
        """Yields what must not be shown, as far as it stands in the profile."""
        for name, value in self.headers:
            yield from header_secrets(name, value)
        yield from (value for name, value in parse_qsl(self.query) if is_credential(name))


@dataclass(frozen=True, repr=False)
class Logout:
    """A session that a case ends: by an HTTP request to the target, by steps over its connection, or both."""

    identity: Identity
    request: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, repr=False)
class Identities:
    """The identities of a profile, and what else only the security cases try.

    ``private`` are requests with what their answer looks like, which the user of the options may see and
    ``other_user`` must not; ``denied`` is a path that a proxy in front of the target keeps from clients.
    """

    expired: Identity | None = None
    single_use: Identity | None = None
    other_user: Identity | None = None
    logout: Logout | None = None
    private: tuple[Step, ...] = field(default=())
    denied: str = ""

    def secrets(self) -> Iterator[str]:
        """Yields what must not be shown, as far as it stands in the profile."""
        ended = self.logout.identity if self.logout else None
        for identity in (self.expired, self.single_use, self.other_user, ended):
            if identity is not None:
                yield from identity.secrets()
