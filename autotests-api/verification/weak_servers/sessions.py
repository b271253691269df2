"""Servers whose sessions do not end, or are not kept apart."""

from __future__ import annotations

from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.request import Refusal, Request
from verification.weak_servers.registry import ORDER, OWNER, USERS, Strong, weakness


@weakness("test_expired_credentials_are_refused")
class ForgetsToLookWhenASessionExpires(Strong):
    """Looks for the form of a session alone."""

    def allows_cookie(self, cookies: list[str]) -> bool:
        return super().allows_cookie(cookies) or cookies == ["session=0ld0ne000"]


@weakness("test_token_for_one_connection_is_refused_the_second_time")
class TakesATicketAgain(Strong):
    """Does not strike a ticket out."""

    def takes_ticket(self, ticket: str) -> bool:
        return ticket in self.server.tickets


@weakness("test_token_is_not_given_without_credentials")
class GivesTicketsToAll(Strong):
    """Checks the session at the handshake alone, where a ticket replaces it."""

    def judge(self, request: Request) -> None:
        if request.target == "/ticket":
            raise Refusal(200, self.new_ticket())
        super().judge(request)


@weakness("test_session_ends_with_its_logout")
class KeepsConnectionsAfterLogout(Strong):
    """Ends a session, and none of its connections."""

    def end_connections(self) -> None:
        pass


@weakness("test_session_ends_with_its_logout")
class KeepsSessionsAfterLogout(Strong):
    """Closes the connections of a session that goes on: only the browser forgets its cookie."""

    def log_out(self) -> str:
        self.end_connections()
        return "logged out"


@weakness("test_private_data_is_not_given_to_another_user")
class ShowsAnOrderToAll(Strong):
    """Asks whether there is a session, and not whose."""

    def reply_to(self, message: Message) -> Message:
        return '{"order": 17, "of": "tea"}' if message == ORDER else super().reply_to(message)


@weakness("test_private_data_is_not_sent_to_another_user")
class SendsAnOrderToAll(Strong):
    """Answers a private request to every connection."""

    def message(self, message: Message) -> None:
        super().message(message)
        if message == ORDER and USERS.get(self.cookie) == OWNER:
            for connection in self.server.connections:
                if connection is not self:
                    connection.send_message(self.reply_to(message))
