"""Faults in the limit of a message (the contract of the echo; RFC 6455 §7.4.1)."""

from __future__ import annotations

from pytest_websocket.protocol.frames import CONTINUATION, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import TOO_BIG, Message, Violation
from verification.faulty_servers.correct.messages import PREFIX
from verification.faulty_servers.registry import fault


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[text-plain]")
class RefusesTheBiggestMessage(Connection):
    """The limit is one byte too low."""

    @property
    def limit(self) -> int:
        return super().limit - 1


@fault("contract", caught_by="test_message_above_the_limit_is_refused[text-plain]")
class AcceptsOneByteTooMany(Connection):
    """The limit is one byte too high."""

    @property
    def limit(self) -> int:
        return super().limit + 1


@fault("contract", caught_by="test_message_above_the_limit_is_refused[text-plain]")
class HasNoLimit(Connection):
    """Messages of any size are answered."""

    @property
    def limit(self) -> int:
        return 1 << 40


@fault("contract", caught_by="test_message_above_the_limit_is_refused[text-plain]")
class LimitsMessagesTo64Kib(Connection):
    """Messages above 65,535 bytes are refused."""

    @property
    def limit(self) -> int:
        return (1 << 16) - 1


@fault("contract", caught_by="test_limit_is_counted_in_bytes_and_not_in_letters")
class LimitsFramesAndNotMessages(Connection):
    """Each fragment may be as big as a message, and there may be any number of them."""

    def check_size(self, header: Header) -> None:
        if header.length > super().limit:
            raise self.too_big()

    @property
    def limit(self) -> int:
        return 1 << 40 if self.in_message else super().limit


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[text-plain]")
class CountsTheBytesOfAllMessages(Connection):
    """The limit is for the connection, not for a message."""

    total = 0

    def message(self, message: Message) -> None:
        self.total += self.size
        if self.total > self.limit:
            raise self.too_big()
        super().message(message)


@fault("contract", caught_by="test_message_above_the_limit_is_refused[text-plain]")
class SkipsTooBigMessages(Connection):
    """A message above the limit is read and forgotten, and the connection goes on."""

    @property
    def limit(self) -> int:
        return 1 << 40

    def message(self, message: Message) -> None:
        if self.size <= self.server.max_size:
            super().message(message)


@fault("contract", caught_by="test_message_above_the_limit_is_refused[text-plain]")
class CutsTooBigMessages(Connection):
    """A message above the limit is answered with its beginning."""

    @property
    def limit(self) -> int:
        return 1 << 40

    def message(self, message: Message) -> None:
        super().message(message[: self.server.max_size])


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[text-plain]")
class CutsMessagesAt64Kib(Connection):
    """Of a message only the first 65,536 characters are answered."""

    def message(self, message: Message) -> None:
        super().message(message[: 1 << 16])


@fault("RFC 6455 §10.4", caught_by="test_announced_length_beyond_the_limit_fails_the_connection[10 GiB]")
class RefusesATooBigMessageOnlyWhenItIsComplete(Connection):
    """The limit is checked at the end, so that a client can fill the memory first."""

    @property
    def limit(self) -> int:
        return 1 << 40

    def message(self, message: Message) -> None:
        if self.size > self.server.max_size:
            raise Violation(TOO_BIG, "too big")
        super().message(message)


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[text-plain]")
class FailsWhereThePrefixCrossesALimit(Connection):
    """A message that only its reply's prefix brings above the limit is refused."""

    def reply_to(self, message: Message) -> Message:
        if self.size + len(PREFIX.encode()) > self.limit:
            raise self.too_big()
        return super().reply_to(message)


@fault("contract", caught_by="test_limit_is_counted_in_bytes_and_not_in_letters")
class LimitsCharactersAndNotBytes(Connection):
    """A text may have as many characters as a binary message has bytes."""

    @property
    def limit(self) -> int:
        return super().limit * 4 if self.is_text else super().limit

    def message(self, message: Message) -> None:
        if len(message) > self.server.max_size:
            raise self.too_big()
        super().message(message)


@fault("contract", caught_by="test_limit_is_of_the_message_and_not_of_the_pings_between")
class CountsControlFramesIntoTheLimit(Connection):
    """What Pings between fragments carry counts as the message's."""

    pinged = 0

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        if self.in_message:
            self.size += len(payload)
            self.received += len(payload)
            if self.size > self.limit:
                raise self.too_big()


@fault(
    "contract", caught_by="test_limit_is_of_the_message_and_not_of_the_pings_between", origin="blind round 3"
)
class RefusesExactlyTheLimitInFragments(Connection):
    """A message of exactly 1 MiB is too big when it comes in fragments."""

    def check_size(self, header: Header) -> None:
        super().check_size(header)
        if header.opcode == CONTINUATION and self.received + header.length == self.limit:
            raise self.too_big()


@fault("contract", caught_by="test_fragmented_messages_below_the_limit_do_not_add_up", origin="blind round 3")
class CountsFragmentedMessagesTogether(Connection):
    """The limit holds for all the fragmented messages of a connection together."""

    total = 0

    def check_size(self, header: Header) -> None:
        super().check_size(header)
        if header.opcode == CONTINUATION and self.total + self.received + header.length > self.limit:
            raise self.too_big()

    def frame_ends(self, header: Header) -> None:
        if header.opcode == CONTINUATION and header.fin:
            self.total += self.received
        super().frame_ends(header)


@fault(
    "contract",
    caught_by="test_huge_announced_length_of_a_fragment_does_not_stop_the_server[the most]",
    origin="blind round 4",
)
class SumsLengthsWithASign(Connection):
    """Lengths of fragments are summed in 63 bits and a sign, so that a huge one makes the sum negative."""

    def check_size(self, header: Header) -> None:
        total = (0 if header.opcode != CONTINUATION else self.received) + header.length
        if total < 1 << 63:
            super().check_size(header)


@fault(
    "RFC 6455 §10.4",
    caught_by="test_message_of_the_limit_that_compression_makes_longer_is_taken[whole]",
    origin="a public bug",
)
class LimitsCompressedFramesAsWell(Connection):
    """The announced length is held against the limit, though compression may have made it longer."""

    def check_size(self, header: Header) -> None:
        already = 0 if header.opcode else self.received
        if already + header.length > self.limit:
            raise self.too_big()
        super().check_size(header)
