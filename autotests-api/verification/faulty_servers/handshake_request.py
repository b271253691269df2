"""Faults in checking the request of the opening handshake (RFC 6455 §4.1, §4.2.1)."""

from __future__ import annotations

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[POST]")
class AcceptsEveryMethod(Connection):
    """The request's method is not looked at."""

    def check_method(self, request: Request) -> None:
        pass


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[POST]")
class AcceptsPost(Connection):
    """A POST may open a WebSocket, too."""

    def check_method(self, request: Request) -> None:
        if request.method != "POST":
            super().check_method(request)


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[lower-case get]")
class AcceptsTheMethodInLowerCase(Connection):
    """Methods are compared without regard to case, though HTTP's are case-sensitive."""

    def check_method(self, request: Request) -> None:
        if request.method.upper() != "GET":
            super().check_method(request)


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[HTTP/1.0]")
class AcceptsHttp10(Connection):
    """HTTP/1.0 is good enough."""

    def check_http_version(self, request: Request) -> None:
        if request.version[0] != 1:
            super().check_http_version(request)


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[HTTP/1.0]")
class AcceptsEveryHttpVersion(Connection):
    """The HTTP version is not looked at."""

    def check_http_version(self, request: Request) -> None:
        pass


@fault("RFC 6455 §4.2.1", caught_by="test_refusal_is_an_http_error[no Host]")
class AcceptsARequestWithoutHost(Connection):
    """A missing Host header is not missed."""

    def check_host(self, request: Request) -> None:
        if request.values("Host"):
            super().check_host(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_with_two_hosts_is_refused[another]")
class AcceptsSeveralHosts(Connection):
    """The first of several Host headers counts."""

    def check_host(self, request: Request) -> None:
        if len(request.values("Host")) < 2:
            super().check_host(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[no Upgrade]")
class AcceptsARequestWithoutUpgrade(Connection):
    """A missing Upgrade header is not missed."""

    def check_upgrade(self, request: Request) -> None:
        if request.values("Upgrade"):
            super().check_upgrade(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[empty Upgrade]")
class AcceptsAnUpgradeToAnything(Connection):
    """Upgrade must be there; what it names is not looked at."""

    def check_upgrade(self, request: Request) -> None:
        if not request.values("Upgrade"):
            super().check_upgrade(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[Upgrade to websockets]")
class FindsWebsocketInsideAnotherWord(Connection):
    """Upgrade is searched for the letters websocket, so that websocket2 will do."""

    def check_upgrade(self, request: Request) -> None:
        if "websocket" not in ",".join(request.values("Upgrade")).lower():
            super().check_upgrade(request)


@fault("RFC 6455 §4.2.1", caught_by="test_upgrade_in_any_case_is_taken[WebSocket]")
class ComparesUpgradeWithItsCase(Connection):
    """Only websocket in lower case is understood."""

    def check_upgrade(self, request: Request) -> None:
        if "websocket" not in request.items("Upgrade"):
            raise self.upgrade_required("this is a WebSocket endpoint")


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[no Connection]")
class AcceptsARequestWithoutConnection(Connection):
    """A missing Connection header is not missed."""

    def check_connection(self, request: Request) -> None:
        if request.values("Connection"):
            super().check_connection(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[empty Connection]")
class AcceptsEveryConnectionHeader(Connection):
    """Connection must be there; what it names is not looked at."""

    def check_connection(self, request: Request) -> None:
        if not request.values("Connection"):
            super().check_connection(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[Connection upgraded]")
class FindsUpgradeInsideAnotherWord(Connection):
    """Connection is searched for the letters upgrade, so that no-upgrade will do."""

    def check_connection(self, request: Request) -> None:
        if "upgrade" not in ",".join(request.values("Connection")).lower():
            super().check_connection(request)


@fault("RFC 6455 §4.2.1", caught_by="test_connection_that_holds_the_token_upgrade_is_taken[UPGRADE]")
class ComparesConnectionWithItsCase(Connection):
    """Only Upgrade with a capital is understood."""

    def check_connection(self, request: Request) -> None:
        if "Upgrade" not in request.items("Connection"):
            raise self.upgrade_required("Connection: Upgrade is needed")


@fault(
    "RFC 6455 §4.2.1", caught_by="test_connection_that_holds_the_token_upgrade_is_taken[keep-alive, Upgrade]"
)
class TakesConnectionForOneWord(Connection):
    """`Connection: keep-alive, Upgrade`, which browsers send, is refused."""

    def check_connection(self, request: Request) -> None:
        if [value.lower() for value in request.values("Connection")] != ["upgrade"]:
            raise self.upgrade_required("Connection: Upgrade is needed")


@fault(
    "RFC 6455 §4.2.1", caught_by="test_connection_that_holds_the_token_upgrade_is_taken[keep-alive | Upgrade]"
)
class ReadsTheFirstConnectionHeaderOnly(Connection):
    """Of several Connection headers only the first is read."""

    def check_connection(self, request: Request) -> None:
        if "upgrade" not in request.values("Connection")[0].lower():
            raise self.upgrade_required("Connection: Upgrade is needed")
        super().check_connection(request)


@fault(
    "RFC 6455 §4.2.1", caught_by="test_connection_that_holds_the_token_upgrade_is_taken[Upgrade | keep-alive]"
)
class ReadsTheLastConnectionHeaderOnly(Connection):
    """Of several Connection headers only the last is read."""

    def check_connection(self, request: Request) -> None:
        super().check_connection(request)
        if "upgrade" not in request.values("Connection")[-1].lower():
            raise self.upgrade_required("Connection: Upgrade is needed")


@fault("RFC 6455 §4.2.1", caught_by="test_header_names_in_any_case_are_taken[upper case]")
class ReadsHeaderNamesWithTheirCase(Connection):
    """sec-websocket-key in lower case is not found."""

    def check_key(self, request: Request) -> None:
        if not any(name == "Sec-WebSocket-Key" for name, _ in request.fields):
            raise Refusal(400, "one Sec-WebSocket-Key of 16 bytes in base64 is needed")
        super().check_key(request)


@fault("RFC 6455 §4.2.1", caught_by="test_white_space_before_values_is_dropped[none]")
class NeedsABlankAfterTheColon(Connection):
    """A header field without a blank after its colon is malformed."""

    def parse_head(self, head: bytes) -> Request:
        if any(b": " not in line for line in head.split(b"\r\n")[1:]):
            raise Refusal(400, "malformed header field")
        return super().parse_head(head)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[POST]")
class NeedsAnOrigin(Connection):
    """A client that is no browser, and sends no Origin, is refused."""

    def check_origin(self, request: Request) -> None:
        if not request.values("Origin"):
            raise Refusal(403, "where do you come from?")
        super().check_origin(request)


@fault("contract", caught_by="test_console_of_any_page_is_served[no origin]")
class RefusesForeignOrigins(Connection):
    """An Origin that is not the server's own is refused, though it was not to be checked."""

    def check_origin(self, request: Request) -> None:
        super().check_origin(request)
        if any(request.values("Host")[0] not in origin for origin in request.values("Origin")):
            raise Refusal(403, "this origin is not allowed")


@fault("RFC 6455 §4.2.1", caught_by="test_absolute_request_target_is_taken")
class RefusesAbsoluteTargets(Connection):
    """The request target must be a path; an absolute URI is refused."""

    def check_target(self, request: Request) -> None:
        super().check_target(request)
        if not request.target.startswith("/"):
            raise Refusal(400, "bad request target")


@fault("contract", caught_by="test_every_path_is_served_alike[path and query]")
class RefusesQueries(Connection):
    """A target with a query is not found."""

    def check_target(self, request: Request) -> None:
        super().check_target(request)
        if "?" in request.target:
            raise Refusal(404, "there is nothing here")


@fault("contract", caught_by="test_every_path_is_served_alike[long]")
class RefusesEveryPathButTheRoot(Connection):
    """Only the path / is served."""

    def check_target(self, request: Request) -> None:
        super().check_target(request)
        if not request.target.startswith(("/?", "ws", "http")) and request.target != "/":
            raise Refusal(404, "there is nothing here")


@fault("RFC 6455 §3", caught_by="test_fragment_in_the_request_target_is_refused")
class AcceptsAFragmentInTheTarget(Connection):
    """A target with a # is served."""

    def check_target(self, request: Request) -> None:
        if "#" not in request.target:
            super().check_target(request)


@fault("RFC 6455 §4.2.1", caught_by="test_unknown_headers_are_passed_over[X-Empty-]")
class RefusesUnknownHeaders(Connection):
    """A header field that the server does not know is malformed."""

    known = ("host", "upgrade", "connection", "origin", "user-agent", "cookie", "authorization")

    def judge(self, request: Request) -> None:
        for name, _ in request.fields:
            if name.lower() not in self.known and not name.lower().startswith("sec-websocket-"):
                raise Refusal(400, "unknown header field")
        super().judge(request)


@fault("RFC 6455 §4.2.1", caught_by="test_request_that_is_no_handshake_is_refused[Upgrade to websockets]")
class FindsUpgradeInAnotherHeader(Connection):
    """The head is searched for `upgrade: websocket`, and a remark in another header will do."""

    def check_upgrade(self, request: Request) -> None:
        head = "\n".join(f"{name}: {value}" for name, value in request.fields).lower()
        if "upgrade: websocket" not in head:
            super().check_upgrade(request)
