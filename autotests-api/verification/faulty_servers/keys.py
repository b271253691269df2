"""Faults in judging Sec-WebSocket-Version and Sec-WebSocket-Key (RFC 6455 §4.2.1, §11.3)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import ClassVar

from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_version_is_refused[x]")
class AcceptsEveryVersion(Connection):
    """Sec-WebSocket-Version must be there; its value is not looked at."""

    def check_websocket_version(self, request: Request) -> None:
        if not request.values("Sec-WebSocket-Version"):
            super().check_websocket_version(request)


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[no version]")
class AcceptsARequestWithoutVersion(Connection):
    """A missing Sec-WebSocket-Version is not missed."""

    def check_websocket_version(self, request: Request) -> None:
        if request.values("Sec-WebSocket-Version"):
            super().check_websocket_version(request)


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_version_is_refused[256]")
class AcceptsNewerVersions(Connection):
    """A version above 13 is accepted, too."""

    def check_websocket_version(self, request: Request) -> None:
        versions = request.values("Sec-WebSocket-Version")
        if not (len(versions) == 1 and versions[0].isdecimal() and int(versions[0]) > 13):
            super().check_websocket_version(request)


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_version_is_refused[13x]")
class FindsVersion13AtTheBeginning(Connection):
    """A version that begins with 13 is accepted: 130, or 13 and a list."""

    def check_websocket_version(self, request: Request) -> None:
        versions = request.values("Sec-WebSocket-Version")
        if len(versions) != 1 or not versions[0].startswith("13"):
            super().check_websocket_version(request)


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_version_is_refused[013]")
class ReadsTheVersionAsANumber(Connection):
    """013 and +13 are accepted, because they are 13 as a number."""

    def check_websocket_version(self, request: Request) -> None:
        try:
            if [int(version) for version in request.values("Sec-WebSocket-Version")] == [13]:
                return
        except ValueError:
            pass
        super().check_websocket_version(request)


@fault("RFC 6455 §11.3.5", caught_by="test_several_versions_are_refused[13 | 8]")
class AcceptsTheVersionTwice(Connection):
    """Sec-WebSocket-Version may stand there several times."""

    def check_websocket_version(self, request: Request) -> None:
        if "13" not in request.values("Sec-WebSocket-Version"):
            super().check_websocket_version(request)


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_key_is_refused[empty]")
class AcceptsEveryKey(Connection):
    """Sec-WebSocket-Key must be there; its value is not looked at."""

    def is_key(self, key: str) -> bool:
        return True


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[no key]")
class AcceptsARequestWithoutKey(Connection):
    """A missing Sec-WebSocket-Key is taken for an empty one."""

    def check_key(self, request: Request) -> None:
        if request.values("Sec-WebSocket-Key"):
            super().check_key(request)

    def response_fields(self, request: Request) -> list[tuple[str, str]]:
        if not request.values("Sec-WebSocket-Key"):
            request = Request(request.method, request.target, request.version, (("Sec-WebSocket-Key", ""),))
        return super().response_fields(request)


@fault("RFC 6455 §11.3.1", caught_by="test_repeated_key_is_refused")
class AcceptsTheKeyTwice(Connection):
    """Of several keys the first counts."""

    def check_key(self, request: Request) -> None:
        keys = request.values("Sec-WebSocket-Key")
        if len(keys) < 2 or not self.is_key(keys[0]):
            super().check_key(request)


@fault("RFC 6455 §4.2.1", caught_by="test_key_of_another_length_is_refused[15 bytes]")
class AcceptsKeysOfAnyLength(Connection):
    """The key must be base64, of however many bytes."""

    def is_key(self, key: str) -> bool:
        return bool(key) and (super().is_key(key) or self._is_base64(key))

    def _is_base64(self, key: str) -> bool:
        return len(key) % 4 == 0 and key.rstrip("=").replace("+", "0").replace("/", "0").isalnum()


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_key_is_refused[not base64]")
class AcceptsKeysOf24Characters(Connection):
    """The key must be 24 characters long; whether they are base64 is not looked at."""

    def is_key(self, key: str) -> bool:
        return len(key) == 24


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_key_is_refused[text]")
class AcceptsKeysOf16Characters(Connection):
    """Sixteen characters that are not base64 will do, as if the key were not encoded."""

    def is_key(self, key: str) -> bool:
        return len(key) == 16 or super().is_key(key)


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[plus and slash]")
class RefusesKeysWithASlash(Connection):
    """The key must be of letters and digits, though base64 has + and / as well."""

    def is_key(self, key: str) -> bool:
        return super().is_key(key) and "/" not in key and "+" not in key


class PooledParser(Connection):
    """Parses with a parser of the server's, which a refusal does not clear."""

    server: KeepsTheKeyOfARefusedHandshake

    def judge(self, request: Request) -> None:
        try:
            super().judge(request)
        except Refusal:
            self.server.stale = [*request.values("Sec-WebSocket-Key"), *self.server.stale][:1]
            raise

    def accept_value(self, key: str) -> str:
        stale, self.server.stale = self.server.stale, []
        return super().accept_value((stale or [key])[0])


@fault("contract", caught_by="test_path_leads_to_no_file_of_the_server[absolute]", origin="blind round 3")
class KeepsTheKeyOfARefusedHandshake(EchoServer):
    """The first handshake after a refused one is accepted with the refused one's key."""

    connection_class: ClassVar[type[Connection]] = PooledParser

    def __init__(self) -> None:
        super().__init__()
        self.stale: list[str] = []


@fault(
    "RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[descending]", origin="blind round 3"
)
class UrlDecodesTheKey(Connection):
    """A plus in the key becomes a blank before it is hashed."""

    def accept_value(self, key: str) -> str:
        return super().accept_value(key.replace("+", " "))


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_version_is_refused[13x]", origin="blind round 3")
class ReadsVersionWithAtoi(Connection):
    """Sec-WebSocket-Version is a number with anything behind it."""

    def check_websocket_version(self, request: Request) -> None:
        versions = request.values("Sec-WebSocket-Version")
        if len(versions) != 1 or not re.match(r"\+?0*13(?![0-9])", versions[0]):
            super().check_websocket_version(request)


@fault(
    "RFC 6455 §4.2.1", caught_by="test_key_of_another_alphabet_is_refused[for URLs]", origin="blind round 4"
)
class DecodesKeysLeniently(Connection):
    """The decoder skips what is no base64, and knows the alphabet of URLs, too."""

    def is_key(self, key: str) -> bool:
        try:
            return len(base64.b64decode(key, altchars="-_" if "_" in key else None)) == 16
        except (binascii.Error, ValueError):
            return False
