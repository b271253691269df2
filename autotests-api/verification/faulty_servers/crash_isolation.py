"""Faults by which one client's mistake ends the service for others (the contract)."""

from __future__ import annotations

from typing import ClassVar

from verification.faulty_servers.correct import Connection, EchoServer
from verification.faulty_servers.correct.framing import Message, Violation
from verification.faulty_servers.correct.negotiation import Agreement, Offer
from verification.faulty_servers.correct.request import Refusal, Request
from verification.faulty_servers.registry import fault


class FragileServer(EchoServer):
    """Serves no client any more after an error of type ``deadly`` that says one of ``reasons``."""

    dead = False
    deadly: type[Exception] | tuple[type[Exception], ...]
    reasons: tuple[str, ...]

    def __init_subclass__(
        cls, deadly: type[Exception] | tuple[type[Exception], ...], reasons: tuple[str, ...] = ("",)
    ) -> None:
        cls.deadly, cls.reasons = deadly, reasons

    class FragileConnection(Connection):
        """Takes the whole server with it."""

        async def run(self) -> None:
            server = self.server
            assert isinstance(server, FragileServer)
            if server.dead:
                return
            try:
                await super().run()
            except OSError as error:
                server.after_error(error)
                raise

        def fail(self, violation: Violation) -> None:
            assert isinstance(self.server, FragileServer)
            super().fail(violation)
            self.server.after_error(violation)

        def refuse(self, refusal: Refusal) -> None:
            assert isinstance(self.server, FragileServer)
            super().refuse(refusal)
            self.server.after_error(refusal)

        def end_of_stream(self) -> None:
            assert isinstance(self.server, FragileServer)
            super().end_of_stream()
            self.server.after_error(EOFError())

    connection_class = FragileConnection

    def after_error(self, cause: Exception) -> None:
        """Ends the process, where the cause is deadly."""
        if self.is_deadly(cause):
            self.dead = True
            for connection in self.connections:
                connection.writer.transport.abort()

    def is_deadly(self, cause: Exception) -> bool:
        """Returns whether the process would have ended."""
        return isinstance(cause, self.deadly) and any(reason in str(cause) for reason in self.reasons)


@fault("contract", caught_by="test_client_that_disconnects_does_not_disturb_another[disconnects by reset]")
class DiesOfAReset(FragileServer, deadly=(ConnectionResetError, BrokenPipeError)):
    """A client that resets TCP ends the process."""


@fault("contract", caught_by="test_subprotocol_on_a_line_of_its_own_is_chosen[Sec-WebSocket-Protocol]")
class DiesOfALostConnection(FragileServer, deadly=EOFError):
    """A client that vanishes without a Close ends the process."""


@fault("contract", caught_by="test_illegal_utf8_ends_the_connection_at_once_or_later[f4 90 80 80-fragments]")
class DiesOfABadText(FragileServer, deadly=Violation, reasons=("UTF-8",)):
    """A text that is not UTF-8 ends the process."""


@fault("contract", caught_by="test_unmasked_frame_ends_the_connection[text]")
class DiesOfAnUnmaskedFrame(FragileServer, deadly=Violation, reasons=("not masked",)):
    """A frame without a mask ends the process."""


@fault("contract", caught_by="test_huge_announced_length_does_not_stop_the_server[the most-binary]")
class DiesOfAHugeLength(FragileServer, deadly=Violation, reasons=("bigger", "top bit")):
    """A length that memory cannot hold ends the process."""


@fault("contract", caught_by="test_close_with_one_byte_fails_the_connection[03]")
class DiesOfHalfACloseCode(FragileServer, deadly=Violation, reasons=("half",)):
    """A Close with a body of one byte ends the process."""


@fault("contract", caught_by="test_client_is_served_again_after_its_connection_failed")
class DiesOfAReservedOpcode(FragileServer, deadly=Violation, reasons=("opcode",)):
    """A reserved opcode ends the process."""


@fault("contract", caught_by="test_compressed_nonsense_does_not_stop_the_server[no such distance]")
class DiesOfBrokenDeflate(FragileServer, deadly=Violation, reasons=("deflate",)):
    """Compressed data that is broken ends the process."""


@fault("contract", caught_by="test_client_that_is_refused_does_not_disturb_another")
class DiesOfGarbage(FragileServer, deadly=Refusal, reasons=("not an HTTP",)):
    """Bytes that are not HTTP end the process."""


@fault("contract", caught_by="test_malformed_key_is_refused[empty]")
class DiesOfABadKey(FragileServer, deadly=Refusal, reasons=("Key",)):
    """A Sec-WebSocket-Key that is not base64 ends the process."""


@fault("contract", caught_by="test_giant_handshake_is_answered_or_ended[a header name of 100 KiB]")
class DiesOfALongHead(FragileServer, deadly=Refusal, reasons=("431",)):
    """A request head that is too large ends the process."""


@fault(
    "contract",
    caught_by="test_client_that_disconnects_does_not_disturb_another[disconnects after a violation]",
)
class EndsAllConnectionsAtAViolation(EchoServer):
    """One client's violation ends the connections of all."""

    class ContagiousConnection(Connection):
        """Does not fall alone."""

        def fail(self, violation: Violation) -> None:
            super().fail(violation)
            for connection in self.server.connections:
                if connection is not self:
                    connection.writer.transport.abort()

    connection_class = ContagiousConnection


@fault("contract", caught_by="test_client_is_served_again_after_it_broke_off")
class EndsAnotherConnectionWhenOneIsLost(EchoServer):
    """When a client vanishes, another one's connection is cleaned up in its stead."""

    class WrongConnection(Connection):
        """Takes another for itself."""

        def end_of_stream(self) -> None:
            super().end_of_stream()
            for connection in list(self.server.connections - {self})[:1]:
                connection.writer.transport.abort()

    connection_class = WrongConnection


@fault("contract", caught_by="test_garbage_does_not_open_a_connection[a frame]")
class DiesOfAHeaderThatIsNotAscii(FragileServer, deadly=UnicodeError):
    """A byte above 7F in a request head ends the process."""

    class NarrowConnection(FragileServer.FragileConnection):
        """Speaks ASCII only."""

        def parse_head(self, head: bytes) -> Request:
            if not head.isascii():
                assert isinstance(self.server, FragileServer)
                self.server.after_error(UnicodeError())
            return super().parse_head(head)

    connection_class = NarrowConnection


class InheritsText(Connection):
    """Gets the buffer of a client that is gone."""

    server: InheritsTheFragmentsOfTheVanished

    def finish_message(self) -> Message:
        message = super().finish_message()
        if isinstance(message, str):
            inherited, self.server.left = self.server.left, ""
            return inherited + message
        return message


@fault(
    "contract",
    caught_by="test_client_that_disconnects_does_not_disturb_another[disconnects between fragments]",
    origin="blind round 3",
)
class InheritsTheFragmentsOfTheVanished(EchoServer):
    """What a client sent of a text before it vanished stands at the beginning of another client's."""

    connection_class: ClassVar[type[Connection]] = InheritsText

    def __init__(self) -> None:
        super().__init__()
        self.left = ""

    def release(self, connection: Connection) -> None:
        if connection.in_message and connection.is_text and not connection.close_sent:
            self.left = "".join(connection.characters)


@fault(
    "contract",
    caught_by="test_name_that_every_object_has_does_not_stop_the_server[constructor]",
    origin="blind round 4",
)
class DiesOfNamesThatEveryObjectHas(Connection):
    """The table of extensions is an object, which has a constructor that was not entered."""

    def choose_deflate(self, offers: list[Offer]) -> Agreement | None:
        if any(offer.name in ("constructor", "__proto__", "toString") for offer in offers):
            assert self.server.listener is not None
            self.server.listener.close()
            for connection in self.server.connections:
                connection.writer.transport.abort()
        return super().choose_deflate(offers)
