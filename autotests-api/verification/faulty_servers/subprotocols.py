"""Faults in choosing a subprotocol (RFC 6455 §4.2.2, §11.3.4)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §4.2.2", caught_by="test_selected_subprotocol_was_offered[one unknown]")
class ChoosesASubprotocolThatWasNotOffered(Connection):
    """The server's own subprotocol is selected when the client offers none."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return super().choose_subprotocol(offered) or self.server.subprotocols[0]


@fault("RFC 6455 §4.2.2", caught_by="test_selected_subprotocol_is_spelt_as_offered[echo-upper]")
class ChoosesItsSubprotocolAgainstTheOffer(Connection):
    """When the client offers only others, the server's own subprotocol is selected."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return self.server.subprotocols[0] if offered else None


@fault("RFC 6455 §4.2.2", caught_by="test_selected_subprotocol_was_offered[two]")
class RepeatsTheOfferedSubprotocols(Connection):
    """The whole list that the client offers is sent back."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return ", ".join(offered) or None


@fault("contract", caught_by="test_known_subprotocol_is_chosen_and_no_other[ours last]")
class ChoosesTheFirstSubprotocolThatIsOffered(Connection):
    """The client's first subprotocol is selected, known or not."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return offered[0] if offered else None


@fault("RFC 6455 §4.2.2", caught_by="test_selected_subprotocol_is_spelt_as_offered[echo-upper]")
class ComparesSubprotocolsWithoutTheirCase(Connection):
    """ECHO is taken for echo, and echo is selected though ECHO was offered."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return super().choose_subprotocol([name.lower() for name in offered])


@fault("contract", caught_by="test_chosen_subprotocol_was_offered[part of ours]")
class FindsASubprotocolInsideAnother(Connection):
    """The offer is searched for the name, so that echo2 selects echo."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return next((name for name in self.server.subprotocols if name in ",".join(offered)), None)


@fault("contract", caught_by="test_subprotocol_on_a_line_of_its_own_is_chosen[Sec-WebSocket-Protocol]")
class ReadsTheFirstSubprotocolHeaderOnly(Connection):
    """Of several Sec-WebSocket-Protocol headers only the first is read."""

    def offered_subprotocols(self, request: Request) -> list[str]:
        super().offered_subprotocols(request)
        return [item.strip() for item in "".join(request.values("Sec-WebSocket-Protocol")[:1]).split(",")]


@fault("contract", caught_by="test_subprotocol_on_a_line_of_its_own_is_chosen[Sec-WebSocket-Protocol]")
class ReadsTheFirstSubprotocolOnly(Connection):
    """Only the first of the offered subprotocols is considered."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return super().choose_subprotocol(offered[:1])


@fault("RFC 6455 §4.2.2", caught_by="test_selected_subprotocol_was_offered[one unknown]")
class SendsAnEmptySubprotocol(Connection):
    """Sec-WebSocket-Protocol is empty when nothing was selected."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return super().choose_subprotocol(offered) or ""


@fault("contract", caught_by="test_chosen_subprotocol_was_offered[unknown]")
class RefusesUnknownSubprotocols(Connection):
    """A client that offers only other subprotocols is refused."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        chosen = super().choose_subprotocol(offered)
        if offered and chosen is None:
            raise Refusal(400, "no subprotocol in common")
        return chosen


@fault("RFC 6455 §4.2.2", caught_by="test_selected_subprotocol_is_spelt_as_offered[echo-lower]")
class SelectsTheSubprotocolInCapitals(Connection):
    """The selected subprotocol is spelt as the server spells it, in capitals."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        chosen = super().choose_subprotocol(offered)
        return chosen and chosen.upper()


@fault(
    "contract",
    caught_by="test_subprotocol_on_a_line_of_its_own_is_chosen[sec-websocket-protocol]",
    origin="blind round 3",
)
class MissesProtocolInLowerCase(Connection):
    """The field name sec-websocket-protocol, as proxies write it, is not recognised."""

    def offered_subprotocols(self, request: Request) -> list[str]:
        seen = tuple(field for field in request.fields if field[0] != "sec-websocket-protocol")
        return super().offered_subprotocols(dataclasses.replace(request, fields=seen))


@fault(
    "contract",
    caught_by="test_known_subprotocol_is_chosen_and_no_other[ours behind many]",
    origin="blind round 3",
)
class SeesEightSubprotocols(Connection):
    """Subprotocols are kept in an array of eight; the ninth is never chosen."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        return super().choose_subprotocol(offered[:8])


@fault("contract", caught_by="test_chosen_subprotocol_was_offered[part of ours]", origin="blind round 3")
class MatchesSubprotocolByPrefix(Connection):
    """Offered echo.v2 the server answers echo, which was not offered."""

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        known = self.server.subprotocols
        return next((name for offer in offered for name in known if offer.startswith(name)), None)


class SharedAnswer(Connection):
    """Fills in the same answer for every client and overwrites what it has."""

    server: RemembersTheSubprotocol

    def choose_subprotocol(self, offered: list[str]) -> str | None:
        self.server.remembered = super().choose_subprotocol(offered) or self.server.remembered
        return self.server.remembered


@fault(
    "RFC 6455 §4.2.2",
    caught_by="test_answer_does_not_depend_on_the_connection_before",
    origin="blind round 3",
)
class RemembersTheSubprotocol(EchoServer):
    """Once a client has agreed on a subprotocol, those that offer none are answered with it, too."""

    connection_class: ClassVar[type[Connection]] = SharedAnswer

    def __init__(self) -> None:
        super().__init__()
        self.remembered: str | None = None
