"""Faults that leave a request without any answer (RFC 6455 §4.2)."""

from __future__ import annotations

import asyncio

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.negotiation import Agreement, Offer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


class SilentConnection(Connection):
    """Refuses nothing that `stays_silent` names, and accepts it no more: it just stays."""

    silent = False

    def stays_silent(self, refusal: Refusal) -> bool:
        """Returns whether this refusal is never sent."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> None:
        self.silent = self.stays_silent(refusal)
        if not self.silent:
            super().refuse(refusal)

    async def end_tcp(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        await super().end_tcp()


@fault("contract", caught_by="test_handshake_without_an_end_is_ended")
class LeavesHugeHeadsUnanswered(SilentConnection):
    """A request head above the limit is dropped, and the client waits for ever."""

    def stays_silent(self, refusal: Refusal) -> bool:
        return refusal.status == 431


@fault("RFC 6455 §4.4", caught_by="test_unknown_version_is_refused[0]")
class LeavesOtherVersionsUnanswered(SilentConnection):
    """A client that speaks another version waits for ever."""

    def stays_silent(self, refusal: Refusal) -> bool:
        return "version" in refusal.reason


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_subprotocols_are_answered[quoted]")
class LeavesMalformedSubprotocolsUnanswered(SilentConnection):
    """A client that offers a malformed subprotocol waits for ever."""

    def stays_silent(self, refusal: Refusal) -> bool:
        return "Protocol" in refusal.reason


@fault("RFC 6455 §4.2.1", caught_by="test_malformed_key_is_refused[empty]")
class LeavesABadKeyUnanswered(SilentConnection):
    """A client whose key is malformed waits for ever."""

    def stays_silent(self, refusal: Refusal) -> bool:
        return "Key" in refusal.reason


@fault("RFC 6455 §4.2.1", caught_by="test_garbage_is_not_left_unanswered[text]")
class LeavesGarbageUnanswered(SilentConnection):
    """What cannot be parsed as a request is dropped, and the connection stays."""

    def stays_silent(self, refusal: Refusal) -> bool:
        return refusal.status == 400


@fault(
    "RFC 7692 §7.1.2.1",
    caught_by="test_limit_for_the_server_does_not_hinder_the_handshake[server_max_window_bits=8]",
)
class CrashesWhenAWindowIsAskedFor(Connection):
    """An offer with server_max_window_bits ends TCP without an answer."""

    def accept_offer(self, offer: Offer) -> Agreement:
        if any(name == "server_max_window_bits" for name, _ in offer.parameters):
            raise ConnectionAbortedError("unhandled exception")
        return super().accept_offer(offer)


@fault("RFC 6455 §9.1", caught_by="test_malformed_extension_header_accepts_nothing[parameter without a name]")
class ReadsExtensionsLeniently(Connection):
    """permessage-deflate is agreed to wherever its name stands, in however broken a header."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        return super().choose_deflate(offers) or (Agreement() if self.named else None)

    named = False

    def offered_extensions(self, request: Request) -> list[Offer]:
        try:
            return super().offered_extensions(request)
        except Refusal:
            self.named = "deflate" in ",".join(request.values("Sec-WebSocket-Extensions"))
            return []
