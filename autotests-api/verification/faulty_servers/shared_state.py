"""Faults in state that connections share and must not share (the contract)."""

from __future__ import annotations

import asyncio
import itertools
from typing import ClassVar

from pytest_websocket.protocol.frames import Header, close, pong
from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.compression import Deflater
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.messages import PREFIX
from verification.faulty_servers.correct.negotiation import Agreement, Offer
from verification.faulty_servers.correct.utf8 import Utf8
from verification.faulty_servers.registry import fault


@fault("contract", caught_by="test_idle_connection_stays_open")
class RepliesToTheNewestClient(EchoServer):
    """The connection that replies go to is kept in one place for all, and the last one to open has it."""

    class MisdirectingConnection(Connection):
        """Sends where the last one listens."""

        newest: ClassVar[dict[EchoServer, Connection]] = {}

        def start_codecs(self) -> None:
            super().start_codecs()
            self.newest[self.server] = self

        def message(self, message: Message) -> None:
            self.newest[self.server].send_message(self.reply_to(message))

    connection_class = MisdirectingConnection


@fault("contract", caught_by="test_connections_that_overlap_are_all_served")
class RepliesToEverybody(EchoServer):
    """A reply is sent to all clients, as in a chat."""

    class ShoutingConnection(Connection):
        """Knows no privacy."""

        def message(self, message: Message) -> None:
            for connection in self.server.connections:
                if isinstance(connection, type(self)) and connection.settled:
                    connection.send_message(self.reply_to(message))

        settled = False

        def start_codecs(self) -> None:
            super().start_codecs()
            self.settled = True

    connection_class = ShoutingConnection


@fault("contract", caught_by="test_unreachable_peers_do_not_affect_other_clients[in a message]")
class SharesTheLastMessage(EchoServer):
    """Under load the message is kept in one place for all until it is answered."""

    last: Message = ""

    class SharingConnection(Connection):
        """Answers a little later what was said last, by whomever."""

        def message(self, message: Message) -> None:
            server = self.server
            assert isinstance(server, SharesTheLastMessage)
            server.last = message
            if len(server.connections) > 10:
                asyncio.get_running_loop().call_soon(lambda: self.send_message(self.reply_to(server.last)))
            else:
                super().message(message)

    connection_class = SharingConnection


@fault("contract", caught_by="test_fragments_of_two_clients_are_not_mixed")
class SharesFragments(EchoServer):
    """The fragments of all connections are collected in one list."""

    def __init__(self) -> None:
        super().__init__()
        self.fragments: list[str] = []

    class SharingConnection(Connection):
        """Has no list of its own."""

        def start_message(self, header: Header) -> None:
            super().start_message(header)
            assert isinstance(self.server, SharesFragments)
            self.characters = self.server.fragments
            self.characters.clear()

    connection_class = SharingConnection


@fault("RFC 6455 §8.1", caught_by="test_validators_of_two_connections_do_not_mix")
class SharesAValidator(EchoServer):
    """One UTF-8 validator serves all connections, so that half a character on one spoils another."""

    class SharingConnection(Connection):
        """Takes the validator over as it was left."""

        def start_message(self, header: Header) -> None:
            super().start_message(header)
            others = [c for c in self.server.connections if c is not self and c.in_message and c.is_text]
            if others:
                self.utf8 = others[0].utf8

    connection_class = SharingConnection


@fault("RFC 7692 §7.2.1", caught_by="test_window_holds_nothing_of_another_connection[open]")
class SharesACompressor(EchoServer):
    """One compression context serves all connections."""

    compressor: Deflater | None = None

    class SharingConnection(Connection):
        """Goes on where another stopped."""

        def start_codecs(self) -> None:
            super().start_codecs()
            server = self.server
            assert isinstance(server, SharesACompressor)
            if self.deflater is not None and self.deflater.takeover and self.deflater.bits == 15:
                if server.compressor is None:
                    server.compressor = self.deflater
                self.deflater = server.compressor

    connection_class = SharingConnection


@fault("contract", caught_by="test_client_that_begins_and_does_not_finish_does_not_disturb_another")
class GivesLeftoversToTheNext(EchoServer):
    """A client that vanishes inside a frame leaves its bytes to the next one's buffer."""

    leftovers = b""

    class RecyclingConnection(Connection):
        """Begins with what is left."""

        def start_codecs(self) -> None:
            super().start_codecs()
            assert isinstance(self.server, GivesLeftoversToTheNext)
            self.buffer[:0] = self.server.leftovers
            self.server.leftovers = b""

    connection_class = RecyclingConnection

    def release(self, connection: Connection) -> None:
        if connection.header is not None and not connection.close_sent:
            header = connection.header
            self.leftovers = header.mask_key  # What a pooled buffer begins with.


@fault("contract", caught_by="test_fin_in_a_message_does_not_affect_a_new_client[50]")
class GivesTheUnfinishedMessageToTheNext(EchoServer):
    """A client that vanishes inside a fragmented message leaves the next one inside it."""

    unfinished = False

    class RecyclingConnection(Connection):
        """Begins where another stopped."""

        def start_codecs(self) -> None:
            super().start_codecs()
            assert isinstance(self.server, GivesTheUnfinishedMessageToTheNext)
            self.in_message, self.server.unfinished = self.server.unfinished, False

    connection_class = RecyclingConnection

    def release(self, connection: Connection) -> None:
        self.unfinished = connection.in_message and not connection.close_sent


@fault("contract", caught_by="test_client_is_served_again_after_it_closed[1000]")
class ServesTheFirstClientOnly(EchoServer):
    """From the second connection on, messages get no reply until the first connection is gone."""

    class PatientConnection(Connection):
        """Answers when it is the only one, or the first."""

        numbers = itertools.count()

        def start_codecs(self) -> None:
            super().start_codecs()
            self.number = next(self.numbers)

        number = -1

        def message(self, message: Message) -> None:
            numbers = [
                c.number for c in self.server.connections if isinstance(c, type(self)) and c.number >= 0
            ]
            if self.number == min(numbers):
                super().message(message)

    connection_class = PatientConnection


@fault("contract", caught_by="test_connections_one_after_another_are_all_served")
class WritesTheNumberOfTheClient(EchoServer):
    """From the hundredth connection on, the reply tells which one it is."""

    class NumberedConnection(Connection):
        """Counts."""

        numbers = itertools.count()

        def start_codecs(self) -> None:
            super().start_codecs()
            self.number = next(self.numbers)

        number = 0

        def reply_to(self, message: Message) -> Message:
            if self.number < 100 or isinstance(message, bytes):
                return super().reply_to(message)
            return f"{PREFIX}{message} [{self.number}]"

    connection_class = NumberedConnection


@fault("RFC 7692 §5", caught_by="test_answer_is_to_the_offers_of_this_client")
class RepeatsTheFirstAgreement(EchoServer):
    """What compression was agreed on with the first client is answered to all that offer any."""

    first: Agreement | None = None

    class RepeatingConnection(Connection):
        """Asks the server for the agreement."""

        def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
            assert isinstance(self.server, RepeatsTheFirstAgreement)
            chosen = super().choose_deflate(offers)
            if chosen is not None:
                self.server.first = chosen = self.server.first or chosen
            return chosen

    connection_class = RepeatingConnection


@fault("contract", caught_by="test_pings_of_many_connections_are_not_mixed")
class SharesPingPayloads(EchoServer):
    """A Pong carries what was pinged last, by whomever."""

    last = b""

    class SharingConnection(Connection):
        """Answers at the end of the loop's round."""

        def on_ping(self, payload: bytes) -> None:
            server = self.server
            assert isinstance(server, SharesPingPayloads)
            server.last = payload
            others = len(server.connections) > 1
            if others:
                asyncio.get_running_loop().call_soon(lambda: self.send_frame(pong(server.last)))
            else:
                super().on_ping(payload)

    connection_class = SharingConnection


@fault("contract", caught_by="test_reset_in_a_message_does_not_affect_other_clients[3-to the client]")
class ResumesByKey(EchoServer):
    """A client that comes with a known Sec-WebSocket-Key gets once more what that key was last sent."""

    class ResumingConnection(Connection):
        """Knows old keys."""

        sent: ClassVar[dict[str, Message]] = {}
        key = ""

        def accept_value(self, key: str) -> str:
            self.key = key
            return super().accept_value(key)

        def start_codecs(self) -> None:
            super().start_codecs()
            if self.key in self.sent:
                self.send_message(self.sent[self.key])

        def reply_to(self, message: Message) -> Message:
            reply = super().reply_to(message)
            self.sent[self.key] = reply
            return reply

    connection_class = ResumingConnection


@fault("contract", caught_by="test_clients_sending_the_same_are_each_answered")
class LetsASecondClientReplaceTheFirst(EchoServer):
    """Clients are told apart by their address, and a new one from the same address ends the old."""

    class ReplacingConnection(Connection):
        """Knows one client."""

        def start_codecs(self) -> None:
            super().start_codecs()
            for other in self.server.connections - {self}:
                if isinstance(other, type(self)) and other.agreed_on:
                    other.send_frame(close(4001, "logged in elsewhere"))
                    other.writer.transport.close()
            self.agreed_on = True

        agreed_on = False

    connection_class = ReplacingConnection


class BorrowsTheDecoder(Connection):
    """Resets the server's decoder for each message of its own."""

    server: SharesTheTextDecoder

    def new_utf8(self) -> Utf8:
        self.server.utf8.decoder.reset()
        return self.server.utf8


@fault(
    "contract",
    caught_by="test_wide_character_split_while_another_client_sends_stays_whole",
    origin="blind round 3",
)
class SharesTheTextDecoder(EchoServer):
    """Half a character of one client's fragment is completed or lost by what another client sends."""

    connection_class: ClassVar[type[Connection]] = BorrowsTheDecoder

    def __init__(self) -> None:
        super().__init__()
        self.utf8 = Utf8()
