"""Servers that let in whom they should not."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from verification.weak_servers.registry import COOKIE, ORIGIN, Strong, weakness

FOREIGN = "test_page_of_another_origin_is_refused"
TWO_ORIGINS = "test_handshake_with_two_origins_is_refused"
MISSING = "test_handshake_without_an_origin_is_refused"
CREDENTIALS = "test_handshake_without_the_right_credentials_is_refused"

HOST = "app.example"


@weakness(f"{FOREIGN}[another site]")
class AllowsEveryOrigin(Strong):
    """Checks no Origin."""

    def allows_origin(self, origins: list[str]) -> bool:
        return True


@weakness(f"{FOREIGN}[the name as a suffix]")
class ComparesTheEndOfTheOrigin(Strong):
    """Takes whatever ends in the name."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and origins[0].startswith("https://") and origins[0].endswith(HOST)


@weakness(f"{FOREIGN}[the name as a prefix]")
class ComparesTheBeginningOfTheOrigin(Strong):
    """Takes whatever begins with the origin."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and origins[0].startswith(ORIGIN)


@weakness(f"{FOREIGN}[a letter for a dot]")
class MatchesADotWithAnything(Strong):
    """Forgets to escape the dot in a pattern."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and re.fullmatch(ORIGIN, origins[0]) is not None


@weakness(f"{FOREIGN}[null]")
class AllowsNull(Strong):
    """Takes the Origin of sandboxed frames and files."""

    def allows_origin(self, origins: list[str]) -> bool:
        return origins in ([ORIGIN], ["null"])


@weakness(f"{FOREIGN}[another port]")
class IgnoresThePort(Strong):
    """Compares scheme and host alone."""

    def allows_origin(self, origins: list[str]) -> bool:
        if len(origins) != 1:
            return False
        parts = urlsplit(origins[0])
        return f"{parts.scheme}://{parts.hostname}" == ORIGIN and not parts.path and "@" not in parts.netloc


@weakness(f"{FOREIGN}[another scheme]")
class IgnoresTheScheme(Strong):
    """Compares host and port alone."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and origins[0].rpartition("://")[2] == HOST


@weakness(f"{FOREIGN}[the name as user]")
class TakesTheUserForTheHost(Strong):
    """Reads the host up to the first character that is no part of a name."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and re.match(rf"{re.escape(ORIGIN)}(@|$)", origins[0]) is not None


@weakness(f"{FOREIGN}[a subdomain]")
class AllowsSubdomains(Strong):
    """Trusts every name below its own."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and (origins[0] == ORIGIN or origins[0].endswith(f".{HOST}"))


@weakness(f"{FOREIGN}[the name in the query]")
class SearchesTheOrigin(Strong):
    """Looks for the origin anywhere in the header."""

    def allows_origin(self, origins: list[str]) -> bool:
        return len(origins) == 1 and re.search(rf"\b{re.escape(ORIGIN)}$", origins[0]) is not None


@weakness(f"{TWO_ORIGINS}[the foreign one last]")
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
