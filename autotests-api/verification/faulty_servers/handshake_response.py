"""Faults in the 101 response and its accept value (RFC 6455 §4.2.2)."""

from __future__ import annotations

import base64
import hashlib

from pytest_websocket.protocol.frames import Frame, text
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.opening import GUID
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault

Fields = list[tuple[str, str]]


def _digest(key: str, guid: str = GUID) -> bytes:
    return hashlib.sha1((key + guid).encode(), usedforsecurity=False).digest()


def _without(fields: Fields, name: str) -> Fields:
    return [field for field in fields if field[0] != name]


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class TrimsThePaddingOfTheKey(Connection):
    """The accept value is made from the key without its padding."""

    def accept_value(self, key: str) -> str:
        return super().accept_value(key.rstrip("="))


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class DecodesTheKey(Connection):
    """The accept value is made from the sixteen bytes and not from their base64."""

    def accept_value(self, key: str) -> str:
        digest = hashlib.sha1(base64.b64decode(key) + GUID.encode(), usedforsecurity=False).digest()
        return base64.b64encode(digest).decode()


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class LowersTheKey(Connection):
    """The accept value is made from the key in lower case, because header values were lowered."""

    def accept_value(self, key: str) -> str:
        return super().accept_value(key.lower())


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class LowersTheGuid(Connection):
    """The GUID in the accept value is in lower case."""

    def accept_value(self, key: str) -> str:
        return base64.b64encode(_digest(key, GUID.lower())).decode()


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class WritesTheAcceptValueInHex(Connection):
    """The digest is written in hexadecimal and not in base64."""

    def accept_value(self, key: str) -> str:
        return _digest(key).hex()


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class WritesTheAcceptValueForUrls(Connection):
    """The digest is written in the base64 of URLs, with - and _ where + and / belong."""

    def accept_value(self, key: str) -> str:
        return base64.urlsafe_b64encode(_digest(key)).decode()


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[sample]")
class WritesTheAcceptValueWithoutPadding(Connection):
    """The accept value lacks the = at its end."""

    def accept_value(self, key: str) -> str:
        return super().accept_value(key).rstrip("=")


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_never_that_of_another_connection")
class RepeatsTheFirstAcceptValue(EchoServer):
    """The accept value is computed once, for the first client, and sent to all."""

    first: str | None = None

    class RepeatingConnection(Connection):
        """Asks the server for the value."""

        def accept_value(self, key: str) -> str:
            assert isinstance(self.server, RepeatsTheFirstAcceptValue)
            if self.server.first is None:
                self.server.first = super().accept_value(key)
            return self.server.first

    connection_class = RepeatingConnection


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class SendsNoAcceptValue(Connection):
    """The 101 lacks Sec-WebSocket-Accept."""

    def response_fields(self, request: Request) -> Fields:
        return _without(super().response_fields(request), "Sec-WebSocket-Accept")


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[zeros]")
class SendsTheAcceptValueTwice(Connection):
    """The 101 has Sec-WebSocket-Accept twice."""

    def response_fields(self, request: Request) -> Fields:
        fields = super().response_fields(request)
        return fields + [field for field in fields if field[0] == "Sec-WebSocket-Accept"]


@fault("RFC 6455 §4.2.2", caught_by="test_response_has_what_a_client_checks")
class SendsNoUpgrade(Connection):
    """The 101 lacks Upgrade."""

    def response_fields(self, request: Request) -> Fields:
        return _without(super().response_fields(request), "Upgrade")


@fault("RFC 6455 §4.2.2", caught_by="test_response_has_what_a_client_checks")
class SendsNoConnection(Connection):
    """The 101 lacks Connection."""

    def response_fields(self, request: Request) -> Fields:
        return _without(super().response_fields(request), "Connection")


@fault(
    "RFC 6455 §4.2.1", caught_by="test_connection_that_holds_the_token_upgrade_is_taken[keep-alive, Upgrade]"
)
class RepeatsTheConnectionHeader(Connection):
    """The 101 repeats the client's Connection header, keep-alive and all."""

    def response_fields(self, request: Request) -> Fields:
        fields = _without(super().response_fields(request), "Connection")
        first = request.items("Connection")[0]
        return [*fields, ("Connection", "keep-alive" if first.lower() != "upgrade" else first)]


@fault("RFC 6455 §4.2.2", caught_by="test_response_has_what_a_client_checks")
class AnswersAnotherUpgrade(Connection):
    """The 101 upgrades to the draft's name, WebSocket/13."""

    def response_fields(self, request: Request) -> Fields:
        return [("Upgrade", "WebSocket/13"), *_without(super().response_fields(request), "Upgrade")]


class RewritingConnection(Connection):
    """Alters the bytes of an accepting answer."""

    def rewrite(self, head: bytes) -> bytes:
        """Returns the head as this fault has it."""
        raise NotImplementedError

    def answer_request(self, request: Request) -> bytes:
        return self.rewrite(super().answer_request(request))


@fault("RFC 6455 §4.2.2", caught_by="test_accept_value_is_made_of_the_key[starts with a slash]")
class AcceptsWith200(RewritingConnection):
    """A good request is answered with 200."""

    def rewrite(self, head: bytes) -> bytes:
        return head.replace(b"101 Switching Protocols", b"200 OK", 1)


@fault("RFC 6455 §4.2.2", caught_by="test_response_has_what_a_client_checks")
class AcceptsInHttp10(RewritingConnection):
    """The 101 is an HTTP/1.0 answer, though HTTP/1.0 knows no upgrade."""

    def rewrite(self, head: bytes) -> bytes:
        return head.replace(b"HTTP/1.1", b"HTTP/1.0", 1)


@fault("RFC 6455 §4.2.2", caught_by="test_tcp_ends_after_a_refusal_that_announces_it[Sec-WebSocket-Key]")
class EndsLinesWithLf(RewritingConnection):
    """The lines of the 101 end in LF alone."""

    def rewrite(self, head: bytes) -> bytes:
        return head.replace(b"\r\n", b"\n")


@fault("RFC 6455 §4.2.2", caught_by="test_first_byte_after_the_response_is_a_frame")
class SendsABodyWithThe101(RewritingConnection):
    """An empty line more follows the 101, where the first frame belongs."""

    def rewrite(self, head: bytes) -> bytes:
        return head + b"\r\n"


@fault("RFC 6455 §4.2.2", caught_by="test_response_announces_no_body[Content-Length]")
class AnnouncesABodyInThe101(RewritingConnection):
    """The 101 announces a body of no bytes, which a 101 must not."""

    def rewrite(self, head: bytes) -> bytes:
        return head[:-2] + b"Content-Length: 0\r\n\r\n"


@fault("RFC 6455 §4.2.2", caught_by="test_response_announces_no_body[Transfer-Encoding]")
class AnnouncesChunksInThe101(RewritingConnection):
    """The 101 announces a chunked body, as the web framework adds to every answer."""

    def rewrite(self, head: bytes) -> bytes:
        return head[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[greeting]")
class GreetsTheClient(RewritingConnection):
    """A message is sent before the client said anything."""

    def rewrite(self, head: bytes) -> bytes:
        return head + self.encode_frame(text("welcome"))


@fault("RFC 6455 §4.2.2", caught_by="test_response_has_what_a_client_checks")
class SendsAFrameBeforeThe101(RewritingConnection):
    """A message is sent before the handshake is answered."""

    def rewrite(self, head: bytes) -> bytes:
        return self.encode_frame(Frame(9, b"early")) + head


@fault("RFC 6455 §4.2.2", caught_by="test_first_byte_after_the_response_is_a_frame")
class HoldsThe101UntilTheFirstFrame(Connection):
    """The 101 waits in a buffer until there is a frame to send with it."""

    held = b""

    def write(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            self.held = data
        else:
            super().write(self.held + data)
            self.held = b""


@fault("RFC 6455 §4.2.2", caught_by="test_first_byte_after_the_response_is_a_frame")
class AnswersInLowerCase(RewritingConnection):
    """The status line begins with http/1.1, though HTTP's name is in capitals."""

    def rewrite(self, head: bytes) -> bytes:
        return head.replace(b"HTTP/1.1", b"http/1.1", 1)


@fault("RFC 6455 §4.2.2", caught_by="test_response_has_what_a_client_checks")
class SendsUpgradeTwice(Connection):
    """The 101 has Upgrade twice, from the library and from the framework."""

    def response_fields(self, request: Request) -> Fields:
        return [("Upgrade", "websocket"), *super().response_fields(request)]


@fault("contract", caught_by="test_answer_does_not_repeat_the_clients_secrets[Cookie]")
class RepeatsTheClientsHeaders(Connection):
    """The 101 repeats the client's Cookie and Authorization."""

    def response_fields(self, request: Request) -> Fields:
        told = [field for field in request.fields if field[0].lower() in ("cookie", "authorization")]
        return [*super().response_fields(request), *told]
