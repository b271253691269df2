"""Clients whose request for an opening handshake is wrong (RFC 6455 §4.1)."""

from __future__ import annotations

import base64
import os
import time

from verification.faulty_clients.correct import EchoClient
from verification.faulty_clients.opening import Headers
from verification.faulty_clients.registry import fault

FILE = "rfc6455/test_04_1_opening_handshake.py"
LEGAL = f"{FILE}::test_request_is_legal"


def without(headers: Headers, name: str) -> Headers:
    """Returns the headers but for one."""
    return [header for header in headers if header[0] != name]


def changed(headers: Headers, name: str, value: str) -> Headers:
    """Returns the headers with another value for one."""
    return [(known, value if known == name else old) for known, old in headers]


@fault("6455 4.1", caught_by=LEGAL)
class PostsItsRequest(EchoClient):
    """The method is POST."""

    def request_line(self, resource: str) -> str:
        return f"POST {resource} HTTP/1.1"


@fault("6455 4.1", caught_by=LEGAL)
class SpeaksHttp10(EchoClient):
    """The version is HTTP/1.0."""

    def request_line(self, resource: str) -> str:
        return f"GET {resource} HTTP/1.0"


@fault("6455 4.1", caught_by=LEGAL)
class SendsNoHost(EchoClient):
    """Host is missing."""

    def headers(self, host: str) -> Headers:
        return without(super().headers(host), "Host")


@fault("6455 4.1", caught_by=f"{FILE}::test_host_carries_the_port")
class HostWithoutPort(EchoClient):
    """Host lacks the port."""

    def headers(self, host: str) -> Headers:
        return changed(super().headers(host), "Host", host.partition(":")[0])


@fault("6455 4.1", caught_by=LEGAL)
class SendsTwoHosts(EchoClient):
    """Host stands twice."""

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Host", host)]


@fault("6455 4.1", caught_by=LEGAL)
class SendsNoUpgrade(EchoClient):
    """Upgrade is missing."""

    def headers(self, host: str) -> Headers:
        return without(super().headers(host), "Upgrade")


@fault("6455 4.1", caught_by=LEGAL)
class SendsNoConnection(EchoClient):
    """Connection is missing."""

    def headers(self, host: str) -> Headers:
        return without(super().headers(host), "Connection")


@fault("6455 4.1", caught_by=LEGAL)
class SendsConnectionKeepAlive(EchoClient):
    """Connection is keep-alive and nothing else."""

    def headers(self, host: str) -> Headers:
        return changed(super().headers(host), "Connection", "keep-alive")


@fault("6455 4.1", caught_by=LEGAL)
class SendsNoVersion(EchoClient):
    """Sec-WebSocket-Version is missing."""

    def headers(self, host: str) -> Headers:
        return without(super().headers(host), "Sec-WebSocket-Version")


@fault("6455 4.1", caught_by=LEGAL)
class SendsVersion8(EchoClient):
    """The version is that of a draft."""

    def headers(self, host: str) -> Headers:
        return changed(super().headers(host), "Sec-WebSocket-Version", "8")


@fault("6455 4.1", caught_by=LEGAL)
class SendsTwoVersions(EchoClient):
    """Sec-WebSocket-Version stands twice."""

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Sec-WebSocket-Version", "13")]


@fault("6455 4.1", caught_by=LEGAL)
class SendsNoKey(EchoClient):
    """Sec-WebSocket-Key is missing."""

    def headers(self, host: str) -> Headers:
        return without(super().headers(host), "Sec-WebSocket-Key")


@fault("6455 4.1", caught_by=LEGAL)
class SendsTwoKeys(EchoClient):
    """Sec-WebSocket-Key stands twice."""

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Sec-WebSocket-Key", self.new_key())]


@fault("6455 4.1", caught_by=LEGAL)
class SendsShortKey(EchoClient):
    """The key is 8 bytes."""

    def new_key(self) -> str:
        return base64.b64encode(os.urandom(8)).decode()


@fault("6455 4.1", caught_by=LEGAL)
class SendsLongKey(EchoClient):
    """The key is 20 bytes."""

    def new_key(self) -> str:
        return base64.b64encode(os.urandom(20)).decode()


@fault("6455 4.1", caught_by=LEGAL)
class SendsKeyShapedAsUuid(EchoClient):
    """The key is no base64 but a UUID."""

    def new_key(self) -> str:
        digits = os.urandom(16).hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


@fault("6455 4.1", caught_by=LEGAL)
class SendsKeyWithoutPadding(EchoClient):
    """The key lacks its padding."""

    def new_key(self) -> str:
        return super().new_key().rstrip("=")


@fault("6455 4.1", caught_by=f"{FILE}::test_key_is_fresh")
class SendsKeyOfTheRfc(EchoClient):
    """The key is the one that the RFC has as its example."""

    def new_key(self) -> str:
        return "dGhlIHNhbXBsZSBub25jZQ=="


@fault("6455 4.1", caught_by=f"{FILE}::test_key_is_random")
class SendsKeyOfTheTime(EchoClient):
    """The key is the time, in nanoseconds."""

    def new_key(self) -> str:
        return base64.b64encode(time.time_ns().to_bytes(16, "big")).decode()


@fault("6455 4.1", caught_by=f"{FILE}::test_key_is_random")
class SendsKeyWithAFixedEnd(EchoClient):
    """The last bytes of the key are always the same."""

    def new_key(self) -> str:
        return base64.b64encode(os.urandom(12) + b"same").decode()


@fault("6455 4.1", caught_by=f"{FILE}::test_resource_is_that_of_the_url")
class DropsTheQuery(EchoClient):
    """The request leaves out the query."""

    def resource(self, path: str, query: str) -> str:
        return path


@fault("6455 4.1", caught_by=f"{FILE}::test_resource_is_that_of_the_url")
class DropsThePath(EchoClient):
    """The request asks for / whatever the URL says."""

    def resource(self, path: str, query: str) -> str:
        return "/"


@fault("6455 4.1", caught_by=f"{FILE}::test_empty_path_is_a_slash")
class SendsAnEmptyPath(EchoClient):
    """An empty path with a query is sent without its slash."""

    def resource(self, path: str, query: str) -> str:
        return path + (f"?{query}" if query else "") or "/"


@fault("6455 4.1", caught_by=f"{FILE}::test_request_carries_no_header_of_a_server")
class SendsAccept(EchoClient):
    """The request carries Sec-WebSocket-Accept."""

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Sec-WebSocket-Accept", self.expected_accept())]


@fault("6455 4.1", caught_by=LEGAL)
class OffersAnEmptySubprotocol(EchoClient):
    """Sec-WebSocket-Protocol is there and empty."""

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Sec-WebSocket-Protocol", "")]


@fault("6455 4.1", caught_by=LEGAL)
class OffersASubprotocolTwice(EchoClient):
    """A subprotocol is offered twice."""

    def headers(self, host: str) -> Headers:
        return [*super().headers(host), ("Sec-WebSocket-Protocol", "chat, chat")]


@fault("6455 9.1", caught_by=LEGAL)
class OffersMalformedExtensions(EchoClient):
    """Sec-WebSocket-Extensions is malformed."""

    def offer(self) -> str:
        return "permessage-deflate;; client_max_window_bits"
