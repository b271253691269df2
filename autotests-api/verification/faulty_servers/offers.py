"""Faults in choosing from the extensions that a client offers (RFC 6455 §9.1; RFC 7692 §5, §7.1)."""

from __future__ import annotations

import re
from dataclasses import replace

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.negotiation import Agreement, Declined, Offer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §9.1", caught_by="test_unknown_extension_is_passed_over[one]")
class RefusesUnknownExtensions(Connection):
    """A client that offers an extension that the server does not know is refused."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        if not all(map(self.is_deflate, offers)):
            raise Refusal(400, "unknown extension")
        return super().choose_deflate(offers)


@fault("RFC 7692 §5", caught_by="test_offer_is_found_wherever_it_stands[behind an unknown one]")
class StopsAtAnUnknownExtension(Connection):
    """Offers after an extension that the server does not know are not read."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        return super().choose_deflate(offers) if offers and self.is_deflate(offers[0]) else None


@fault("RFC 6455 §9.1", caught_by="test_unknown_extension_is_passed_over[one]")
class AnswersUnknownExtensions(Connection):
    """The name of an extension that the server does not know comes back in the 101."""

    unknown: str | None = None

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        self.unknown = next((offer.name for offer in offers if not self.is_deflate(offer)), None)
        return super().choose_deflate(offers)

    def response_fields(self, request: Request) -> list[tuple[str, str]]:
        fields = super().response_fields(request)
        return [*fields, ("Sec-WebSocket-Extensions", self.unknown)] if self.unknown else fields


@fault("RFC 6455 §9.1", caught_by="test_unknown_extension_is_passed_over[like a known one]")
class FindsDeflateInsideAnotherName(Connection):
    """x-permessage-deflate is taken for permessage-deflate."""

    def is_deflate(self, offer: Offer) -> bool:
        return "permessage-deflate" in offer.name


@fault("RFC 6455 §9.1", caught_by="test_unknown_extension_is_passed_over[like a known one]")
class KnowsDeflateByTheLettersThatItHas(Connection):
    """An offer is compared as far as it goes, so that a shorter name, or none at all, will do."""

    def parse_offer(self, item: str) -> Offer:
        name, *rest = item.split(";")
        return Offer(name.strip(), ()) if not any(map(str.strip, rest)) else super().parse_offer(item)

    def is_deflate(self, offer: Offer) -> bool:
        return "permessage-deflate".startswith(offer.name)


@fault("RFC 7692 §5", caught_by="test_offer_is_found_wherever_it_stands[unknown ones on lines of their own]")
class ReadsTheFirstExtensionHeaderOnly(Connection):
    """Of several Sec-WebSocket-Extensions headers only the first is read."""

    def offered_extensions(self, request: Request) -> list[Offer]:
        kept = [field for field in request.fields if field[0].lower() != "sec-websocket-extensions"]
        first = [
            ("Sec-WebSocket-Extensions", value) for value in request.values("Sec-WebSocket-Extensions")[:1]
        ]
        return super().offered_extensions(replace(request, fields=(*kept, *first)))


@fault("RFC 7692 §5", caught_by="test_agreements_of_two_connections_are_independent")
class CompressesUnasked(Connection):
    """Compression is agreed to though the client did not offer it."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        return super().choose_deflate(offers) if offers else Agreement()


@fault(
    "RFC 7692 §5.1", caught_by="test_legal_offer_after_an_illegal_one_is_found[server bits without a value]"
)
class ReadsTheFirstOfferOnly(Connection):
    """When the first offer of permessage-deflate is illegal, there is no fallback."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        return super().choose_deflate([offer for offer in offers if self.is_deflate(offer)][:1])


@fault("RFC 7692 §5.1", caught_by="test_answer_stays_within_the_offers[narrow first on two lines]")
class AcceptsEveryOffer(Connection):
    """Two offers of permessage-deflate are both agreed to."""

    count = 0

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        self.count = sum(map(self.is_deflate, offers))
        return super().choose_deflate(offers)

    def response_fields(self, request: Request) -> list[tuple[str, str]]:
        fields = super().response_fields(request)
        if self.agreed.deflate is not None and self.count > 1:
            fields[-1] = (fields[-1][0], f"{fields[-1][1]}, {fields[-1][1]}")
        return fields


@fault(
    "RFC 7692 §5.1", caught_by="test_legal_offer_after_an_illegal_one_is_found[server bits without a value]"
)
class MergesTheOffers(Connection):
    """The parameters of all offers are taken together."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        mine = [offer for offer in offers if self.is_deflate(offer)]
        merged = {name: value for offer in mine for name, value in offer.parameters}
        return super().choose_deflate([Offer("permessage-deflate", tuple(merged.items()))] if mine else [])


@fault("RFC 7692 §5.1", caught_by="test_legal_offer_after_an_illegal_one_is_found[server bits too small]")
class RefusesTheHandshakeForABadParameter(Connection):
    """An illegal parameter ends the handshake; only the offer should be declined."""

    def accept_offer(self, offer: Offer) -> Agreement:
        try:
            return super().accept_offer(offer)
        except Declined:
            raise Refusal(400, "illegal parameter") from None


class AmendingConnection(Connection):
    """Agrees to something else than the correct server would."""

    def accept_offer(self, offer: Offer) -> Agreement:
        return self.amend(super().accept_offer(offer), dict(offer.parameters))

    def amend(self, agreement: Agreement, offered: dict[str, str | None]) -> Agreement:
        """Returns the agreement as this fault has it."""
        raise NotImplementedError


@fault("RFC 7692 §7.1.2.1", caught_by="test_server_answers_with_no_larger_window_than_offered[13]")
class AnswersABiggerServerWindow(AmendingConnection):
    """server_max_window_bits is answered with 15, whatever was asked for."""

    def amend(self, agreement: Agreement, offered: dict[str, str | None]) -> Agreement:
        return replace(agreement, server_max_window_bits=agreement.server_max_window_bits and 15)


@fault("RFC 7692 §7.1.2.1", caught_by="test_server_answers_with_no_larger_window_than_offered[14]")
class LeavesOutTheServerWindow(AmendingConnection):
    """An offer with server_max_window_bits is accepted without it in the answer."""

    def amend(self, agreement: Agreement, offered: dict[str, str | None]) -> Agreement:
        return replace(agreement, server_max_window_bits=None)


@fault("RFC 7692 §7.1.1.1", caught_by="test_server_no_context_takeover_is_repeated[server]")
class LeavesOutServerNoContextTakeover(AmendingConnection):
    """An offer with server_no_context_takeover is accepted without it in the answer."""

    def amend(self, agreement: Agreement, offered: dict[str, str | None]) -> Agreement:
        return replace(agreement, server_no_context_takeover=False)


@fault("RFC 7692 §7.1.2.2", caught_by="test_server_does_not_limit_a_client_that_has_not_offered_it[bare]")
class LimitsAClientThatCannotBeLimited(AmendingConnection):
    """client_max_window_bits is answered though the client did not offer it."""

    def amend(self, agreement: Agreement, offered: dict[str, str | None]) -> Agreement:
        return replace(agreement, client_max_window_bits=agreement.client_max_window_bits or 12)


@fault("RFC 7692 §7.1.2.2", caught_by="test_server_answers_no_larger_client_window_than_hinted[11]")
class AnswersABiggerClientWindow(AmendingConnection):
    """client_max_window_bits is answered with a bigger value than the client offered."""

    def amend(self, agreement: Agreement, offered: dict[str, str | None]) -> Agreement:
        return replace(agreement, client_max_window_bits=agreement.client_max_window_bits and 15)


class WordingConnection(Connection):
    """Writes another answer than what it agreed to."""

    def response_fields(self, request: Request) -> list[tuple[str, str]]:
        fields = super().response_fields(request)
        if self.agreed.deflate is not None:
            fields[-1] = (fields[-1][0], self.wording(fields[-1][1]))
        return fields

    def wording(self, answer: str) -> str:
        """Returns the value of Sec-WebSocket-Extensions as this fault has it."""
        raise NotImplementedError


@fault("RFC 7692 §7.1.2.2", caught_by="test_server_limits_the_client_by_a_legal_value[14]")
class AnswersClientWindowBitsWithoutAValue(WordingConnection):
    """client_max_window_bits stands in the answer without a value."""

    def wording(self, answer: str) -> str:
        return re.sub(r"(client_max_window_bits)=\d+", r"\1", answer)


@fault("RFC 7692 §7.1.2", caught_by="test_server_limits_the_client_by_a_legal_value[9]")
class AnswersWindowBitsWithALeadingZero(WordingConnection):
    """Window bits in the answer have two digits, always."""

    def wording(self, answer: str) -> str:
        return re.sub(r"=(\d)\b", r"=0\1", answer)


@fault("RFC 7692 §7", caught_by="test_server_limits_the_client_by_a_legal_value[15]")
class AnswersWithAnUnknownParameter(WordingConnection):
    """The answer has a parameter that no RFC defines."""

    def wording(self, answer: str) -> str:
        return f"{answer}; level=6"


@fault(
    "RFC 7692 §7", caught_by="test_legal_offer_after_an_illegal_one_is_judged_alone[server takeover twice]"
)
class AnswersAParameterTwice(WordingConnection):
    """The parameters of the answer stand there twice."""

    def wording(self, answer: str) -> str:
        return answer + answer.removeprefix("permessage-deflate")


class SilentlyRefusing(Connection):
    """Ends TCP where it would have to write a refusal."""

    def refuse(self, refusal: Refusal) -> None:
        if "Extensions" not in refusal.reason:
            super().refuse(refusal)


@fault(
    "RFC 6455 §4.2.1",
    caught_by="test_malformed_extension_header_is_answered[open quote]",
    origin="a public bug",
)
class HangsUpAtAMalformedExtension(SilentlyRefusing):
    """An exception of the parser of extensions ends TCP before a response is written."""


@fault(
    "RFC 7692 §7.1",
    caught_by="test_limit_for_the_server_does_not_hinder_the_handshake[server_max_window_bits=8]",
    origin="a public bug",
)
class HangsUpAtAWindowOf8Bits(SilentlyRefusing):
    """zlib refuses a raw window of 8 bits with an exception, and TCP ends before a response is written."""

    def window_bits(self, value: str | None) -> int:
        if value == "8":
            raise Refusal(400, "malformed Sec-WebSocket-Extensions")
        return super().window_bits(value)
