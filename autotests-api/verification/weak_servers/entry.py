"""Servers that let in whom they should not."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from verification.weak_servers.registry import COOKIE, ORIGIN, Strong, weakness

STRANGER = "security/test_who_may_connect.py::test_page_of_a_stranger_does_not_get_in"
BESIDE = "security/test_who_may_connect.py::test_stranger_beside_an_allowed_origin_does_not_get_in"
MISSING = "security/test_who_may_connect.py::test_handshake_without_an_origin_does_not_get_in"
CREDENTIALS = "security/test_who_may_connect.py::test_client_without_the_credentials_does_not_get_in"

HOST = "app.example"


@weakness(f"{STRANGER}[another site]")
class AllowsEveryOrigin(Strong):
    """Checks no Origin."""

    def allows_origin(self, origins: list[str]) -> bool:
        return True


@weakness(f"{STRANGER}[the name as a suffix]")
class ComparesTheEndOfTheOrigin(Strong):
    """Takes whatever ends in the name."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and origins[0].startswith("https://") and origins[0].endswith(HOST)


@weakness(f"{STRANGER}[the name as a prefix]")
class ComparesTheBeginningOfTheOrigin(Strong):
    """Takes whatever begins with the origin."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and origins[0].startswith(ORIGIN)


@weakness(f"{STRANGER}[a letter for a dot]")
class MatchesADotWithAnything(Strong):
    """Forgets to escape the dot in a pattern."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and re.fullmatch(ORIGIN, origins[0]) is not None


@weakness(f"{STRANGER}[null]")
class AllowsNull(Strong):
    """Takes the Origin of sandboxed frames and files."""

    def allows_origin(self, origins: list[str]) -> bool:
        return origins in ([ORIGIN], ["null"])


@weakness(f"{STRANGER}[another port]")
class IgnoresThePort(Strong):
    """Compares scheme and host alone."""

    def allows_origin(self, origins: list[str]) -> bool:
        if len(origins) != 1:
            return False
        parts = urlsplit(origins[0])
        return f"{parts.scheme}://{parts.hostname}" == ORIGIN and not parts.path and "@" not in parts.netloc


@weakness(f"{STRANGER}[another scheme]")
class IgnoresTheScheme(Strong):
    """Compares host and port alone."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and origins[0].rpartition("://")[2] == HOST


@weakness(f"{STRANGER}[the name as user]")
class TakesTheUserForTheHost(Strong):
    """Reads the host up to the first character that is no part of a name."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and re.match(rf"{re.escape(ORIGIN)}(@|$)", origins[0]) is not None


@weakness(f"{STRANGER}[a subdomain]")
class AllowsSubdomains(Strong):
    """Trusts every name below its own."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and (origins[0] == ORIGIN or origins[0].endswith(f".{HOST}"))


@weakness(f"{STRANGER}[the name in the query]")
class SearchesTheOrigin(Strong):
    """Looks for the origin anywhere in the header."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and re.search(rf"\b{re.escape(ORIGIN)}$", origins[0]) is not None


@weakness(f"{BESIDE}[the stranger's last]")
class ReadsTheFirstOrigin(Strong):
    """Reads one of two Origin headers."""

    def allows_origin(self, origins: list[str]) -> bool:
        return origins[:1] == [ORIGIN]


@weakness(MISSING)
class AllowsNoOrigin(Strong):
    """Takes a handshake without an Origin."""

    def allows_origin(self, origins: list[str]) -> bool:
        return origins in ([], [ORIGIN])


@weakness(f"{CREDENTIALS}[none]")
class AllowsNoCookie(Strong):
    """Checks a cookie where there is one."""

    def allows_cookie(self, cookies: list[str]) -> bool:
        return cookies in ([], [COOKIE])


@weakness(f"{CREDENTIALS}[wrong]")
class AllowsAnyCookie(Strong):
    """Checks that there is a cookie."""

    def allows_cookie(self, cookies: list[str]) -> bool:
        return any(cookies)
