"""Faults thought of without knowing the suite: the opening handshake (RFC 6455 §4, RFC 7692 §7.1)."""

from __future__ import annotations

import dataclasses
import re
from typing import ClassVar
from urllib.parse import unquote_to_bytes

from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.negotiation import Agreement, Offer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


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


@fault(
    "contract",
    caught_by="tests/security/test_hostile_handshakes.py::test_path_leads_to_no_file_of_the_server[absolute]",
    origin="blind round 3",
)
class KeepsTheKeyOfARefusedHandshake(EchoServer):
    """The first handshake after a refused one is accepted with the refused one's key."""

    connection_class: ClassVar[type[Connection]] = PooledParser

    def __init__(self) -> None:
        super().__init__()
        self.stale: list[str] = []


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_2_2_answering_the_handshake.py::"
    "test_accept_value_is_made_of_the_key[descending]",
    origin="blind round 3",
)
class UrlDecodesTheKey(Connection):
    """A plus in the key becomes a blank before it is hashed."""

    def accept_value(self, key: str) -> str:
        return super().accept_value(key.replace("+", " "))


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_token_upgrade_is_found_beside_a_tab[before it]",
    origin="blind round 3",
)
class StripsBlanksButNoTabs(Connection):
    """An element of Connection with a tab before it is not recognised."""

    def check_connection(self, request: Request) -> None:
        elements = ",".join(request.values("Connection")).lower().split(",")
        if "upgrade" not in [element.strip(" ") for element in elements]:
            raise self.upgrade_required("Connection: Upgrade is needed")


@fault(
    "contract",
    caught_by="tests/contract/test_handshake.py::"
    "test_subprotocol_on_a_line_of_its_own_is_chosen[sec-websocket-protocol]",
    origin="blind round 3",
)
class MissesProtocolInLowerCase(Connection):
    """The field name sec-websocket-protocol, as proxies write it, is not recognised."""

    def offered_subprotocols(self, request: Request) -> list[str]:
        seen = tuple(field for field in request.fields if field[0] != "sec-websocket-protocol")
        return super().offered_subprotocols(dataclasses.replace(request, fields=seen))


@fault(
    "contract",
    caught_by="tests/contract/test_handshake.py::"
    "test_known_subprotocol_is_chosen_and_no_other[ours behind many]",
    origin="blind round 3",
)
class SeesEightSubprotocols(Connection):
    """Subprotocols are kept in an array of eight; the ninth is never chosen."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return super().choose_subprotocol(offered[:8])


@fault(
    "contract",
    caught_by="tests/contract/test_handshake.py::test_chosen_subprotocol_was_offered[part of ours]",
    origin="blind round 3",
)
class MatchesSubprotocolByPrefix(Connection):
    """Offered echo.v2 the server answers echo, which nobody offered."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        known = self.server.subprotocols
        return next((name for offer in offered for name in known if offer.startswith(name)), None)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="tests/conformance/rfc6455/test_04_4_versions.py::test_malformed_version_is_refused[13x]",
    origin="blind round 3",
)
class ReadsVersionWithAtoi(Connection):
    """Sec-WebSocket-Version is a number with anything behind it."""

    def check_websocket_version(self, request: Request) -> None:
        versions = request.values("Sec-WebSocket-Version")
        if len(versions) != 1 or not re.match(r"\+?0*13(?![0-9])", versions[0]):
            super().check_websocket_version(request)


@fault(
    "RFC 6455 §4.2",
    caught_by="tests/conformance/rfc6455/test_04_2_1_reading_the_handshake.py::"
    "test_handshake_in_pieces_is_taken[2]",
    origin="blind round 3",
)
class MissesATornEmptyLine(Connection):
    """The empty line is looked for in every segment apart, so that a torn one is never found."""

    async def read_request(self) -> Request:
        searched = 0
        while self.buffer.find(b"\r\n\r\n", searched) < 0:
            searched = len(self.buffer)
            self.check_beginning()
            if len(self.buffer) > self.head_limit:
                break
            if not await self.fill():
                raise ConnectionResetError("the client left before its request was complete")
        return await super().read_request()


@fault(
    "contract",
    caught_by="tests/contract/test_handshake.py::test_every_path_is_served_alike[not UTF-8]",
    origin="blind round 3",
)
class DecodesPathsAsUtf8(Connection):
    """A path whose percent-escapes are not UTF-8 is refused."""

    def check_target(self, request: Request) -> None:
        super().check_target(request)
        try:
            unquote_to_bytes(request.target).decode()
        except UnicodeDecodeError as error:
            raise Refusal(400, "bad escapes in the request target") from error


@fault(
    "contract",
    caught_by="tests/contract/test_handshake.py::test_host_of_any_spelling_is_served[[::1]:80]",
    origin="blind round 3",
)
class SplitsHostAtEveryColon(Connection):
    """A Host that is an IPv6 address is refused, because it has more than one colon."""

    def check_host(self, request: Request) -> None:
        super().check_host(request)
        if request.values("Host")[0].count(":") > 1:
            raise Refusal(400, "one valid Host header is needed")


class SharedAnswer(Connection):
    """Fills in the same answer for every client and overwrites what it has."""

    server: RemembersTheSubprotocol

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        self.server.remembered = super().choose_subprotocol(offered) or self.server.remembered
        return self.server.remembered


@fault(
    "RFC 6455 §4.2.2",
    caught_by="tests/conformance/rfc6455/test_04_2_2_answering_the_handshake.py::"
    "test_selected_subprotocol_is_spelt_as_offered",
    origin="blind round 3",
)
class RemembersTheSubprotocol(EchoServer):
    """Once a client has agreed on a subprotocol, those that offer none are answered with it, too."""

    connection_class: ClassVar[type[Connection]] = SharedAnswer

    def __init__(self) -> None:
        super().__init__()
        self.remembered: str | None = None


@fault(
    "RFC 7692 §7.1.2.2",
    caught_by="tests/conformance/rfc7692/test_07_1_parameters.py::"
    "test_legal_offer_after_an_illegal_one_is_judged_alone[client bits too large]",
    origin="blind round 3",
)
class LeaksParametersOfADeclinedOffer(Connection):
    """client_max_window_bits of a declined offer stands in the answer to the next, which has none."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        agreement = super().choose_deflate(offers)
        if agreement is None or agreement.client_max_window_bits is not None:
            return agreement
        first = next(offer for offer in offers if self.is_deflate(offer))
        if "client_max_window_bits" in [name for name, _ in first.parameters]:
            return dataclasses.replace(agreement, client_max_window_bits=self.preferred_client_window_bits)
        return agreement
