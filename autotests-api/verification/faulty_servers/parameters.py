"""Faults in reading the parameters of an offer of compression (RFC 7692 §7, §7.1)."""

from __future__ import annotations

import dataclasses
import re

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.negotiation import Agreement, Declined, Offer
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault


@fault("RFC 7692 §7", caught_by="test_illegal_offer_is_not_accepted[almost known]")
class AcceptsUnknownParameters(Connection):
    """A parameter that no RFC defines is skipped."""

    def unknown_parameter(self, name: str) -> None:
        pass


@fault("RFC 7692 §7", caught_by="test_illegal_offer_is_not_accepted[client takeover twice]")
class AcceptsRepeatedParameters(Connection):
    """Of a parameter that stands there twice the last counts."""

    def check_repeated(self, names: list[str]) -> None:
        pass


@fault(
    "RFC 7692 §7.1.1",
    caught_by="test_illegal_offer_does_not_hinder_the_handshake[server takeover with a value]",
)
class AcceptsAValueOnAFlag(Connection):
    """server_no_context_takeover=1 is accepted."""

    def check_flag(self, value: str | None) -> None:
        pass


@fault("RFC 7692 §7.1.2", caught_by="test_illegal_offer_is_not_accepted[server bits too small]")
class AcceptsEveryWindowSize(Connection):
    """Window bits of any number are accepted and brought into range."""

    def window_bits(self, value: str | None) -> int:
        if value is not None and value.isdecimal():
            return min(max(int(value), 8), 15)
        return super().window_bits(value)


@fault(
    "RFC 7692 §7.1.2",
    caught_by="test_legal_offer_after_an_illegal_one_is_judged_alone[server bits too small]",
)
class AcceptsWindowBits7(Connection):
    """The lower bound of window bits is off by one."""

    def window_bits(self, value: str | None) -> int:
        return 8 if value == "7" else super().window_bits(value)


@fault(
    "RFC 7692 §7.1.2",
    caught_by="test_legal_offer_after_an_illegal_one_is_judged_alone[client bits too large]",
)
class AcceptsWindowBits16(Connection):
    """The upper bound of window bits is off by one."""

    def window_bits(self, value: str | None) -> int:
        return 15 if value == "16" else super().window_bits(value)


@fault("RFC 7692 §7.1.2", caught_by="test_illegal_offer_is_not_accepted[server bits two leading zeros]")
class AcceptsLeadingZeros(Connection):
    """Window bits may have leading zeros."""

    def window_bits(self, value: str | None) -> int:
        return super().window_bits(value and re.sub("^0+", "", value))


@fault("RFC 7692 §7.1.2.1", caught_by="test_illegal_offer_is_not_accepted[server bits without a value]")
class AcceptsServerWindowBitsWithoutAValue(Connection):
    """server_max_window_bits without a value is taken for 15."""

    def window_bits(self, value: str | None) -> int:
        return 15 if value is None else super().window_bits(value)


@fault("RFC 7692 §7.1.2", caught_by="test_illegal_offer_is_not_accepted[server bits with a sign]")
class ReadsWindowBitsAsPythonDoes(Connection):
    """Whatever int() takes is a number: +10, 1_0, and blanks around it."""

    def window_bits(self, value: str | None) -> int:
        try:
            number = int(value or "")
        except ValueError:
            raise Declined from None
        return super().window_bits(str(number))


@fault("RFC 7692 §7.1.2", caught_by="test_illegal_offer_is_not_accepted[server bits with a fraction]")
class ReadsWindowBitsAsCDoes(Connection):
    """Digits at the beginning are the number, and what follows is not looked at: 10.5, 10bits."""

    def window_bits(self, value: str | None) -> int:
        digits = re.match("[0-9]+", value or "")
        return super().window_bits(digits and digits[0])


@fault("RFC 7692 §7.1.2", caught_by="test_illegal_offer_is_not_accepted[server bits hexadecimal]")
class ReadsWindowBitsInHex(Connection):
    """0xa is 10."""

    def window_bits(self, value: str | None) -> int:
        hexadecimal = value is not None and re.fullmatch("0[xX][0-9a-fA-F]+", value)
        return super().window_bits(str(int(value or "", 16)) if hexadecimal else value)


@fault("RFC 7692 §7.1.2", caught_by="test_illegal_offer_is_not_accepted[server bits with a sign]")
class TakesBadWindowBitsForTheBiggest(Connection):
    """What is no number is taken for 15."""

    def window_bits(self, value: str | None) -> int:
        return super().window_bits(value if value is None or value.isdecimal() else "15")


@fault("RFC 6455 §9.1", caught_by="test_offer_is_found_under_a_header_name_in_any_case[lower case]")
class ReadsTheExtensionHeaderInOneSpelling(Connection):
    """Only Sec-WebSocket-Extensions is found, not sec-websocket-extensions."""

    def offered_extensions(self, request: Request) -> list[Offer]:
        found = any(name == "Sec-WebSocket-Extensions" for name, _ in request.fields)
        return super().offered_extensions(request) if found else []


@fault(
    "RFC 7692 §7.1.2.2",
    caught_by="test_legal_offer_after_an_illegal_one_is_judged_alone[client bits too large]",
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
