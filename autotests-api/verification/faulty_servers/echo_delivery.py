"""Faults in whether a message is answered: replies lost, doubled or late (the contract of the echo)."""

from __future__ import annotations

import asyncio
import time

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message, Violation
from verification.faulty_servers.registry import fault


@fault("contract", caught_by="test_bytes_come_back_as_bytes[empty]")
class IgnoresEmptyMessages(Connection):
    """An empty message gets no reply."""

    def message(self, message: Message) -> None:
        if message:
            super().message(message)


@fault("contract", caught_by="test_bytes_come_back_as_bytes[empty]")
class IgnoresEmptyBytes(Connection):
    """An empty binary message gets no reply."""

    def message(self, message: Message) -> None:
        if message != b"":
            super().message(message)


@fault("contract", caught_by="test_bytes_come_back_as_bytes[not UTF-8]")
class IgnoresBytes(Connection):
    """Binary messages get no reply."""

    def message(self, message: Message) -> None:
        if isinstance(message, str):
            super().message(message)


@fault("contract", caught_by="test_repeated_message_is_answered_every_time")
class RepliesTwice(Connection):
    """Every message is answered twice."""

    def message(self, message: Message) -> None:
        super().message(message)
        super().message(message)


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class RepliesTwiceToTheTenthMessage(Connection):
    """The tenth message on a connection is answered twice."""

    count = 0

    def message(self, message: Message) -> None:
        self.count += 1
        super().message(message)
        if self.count == 10:
            super().message(message)


@fault("contract", caught_by="test_five_thousand_messages_on_one_connection_are_all_answered")
class LosesTheTenthMessage(Connection):
    """The tenth message on a connection gets no reply."""

    count = 0

    def message(self, message: Message) -> None:
        self.count += 1
        if self.count != 10:
            super().message(message)


@fault("contract", caught_by="test_five_thousand_messages_on_one_connection_are_all_answered")
class LosesTheHundredthMessage(Connection):
    """The hundredth message on a connection gets no reply."""

    count = 0

    def message(self, message: Message) -> None:
        self.count += 1
        if self.count != 100:
            super().message(message)


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[one space]")
class RepliesOneMessageLate(Connection):
    """A reply is that to the message before."""

    before: Message | None = None

    def message(self, message: Message) -> None:
        late, self.before = self.before, message
        if late is not None:
            super().message(late)


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class HoldsRepliesUntilThereAreTwo(Connection):
    """Replies are sent in pairs."""

    first: Message | None = None

    def message(self, message: Message) -> None:
        if self.first is None:
            self.first = message
        else:
            super().message(self.first)
            super().message(message)
            self.first = None


@fault("contract", caught_by="test_equal_messages_in_one_segment_are_each_answered")
class RepliesToDoublesOnce(Connection):
    """A message that equals the one before is taken for a repetition and not answered."""

    before: Message | None = None

    def message(self, message: Message) -> None:
        if message != self.before:
            super().message(message)
        self.before = message


@fault("contract", caught_by="test_similar_bytes_have_replies_of_their_own")
class RemembersRepliesByTheirLength(Connection):
    """Replies are cached, and the key of the cache is too short."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.cache: dict[tuple[type, int], Message] = {}

    def reply_to(self, message: Message) -> Message:
        return self.cache.setdefault((type(message), len(message)), super().reply_to(message))


@fault("contract", caught_by="test_similar_bytes_have_replies_of_their_own")
class RemembersRepliesByTheirBeginning(Connection):
    """Replies are cached by type, length and the first 64 characters."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.cache: dict[tuple[Message, int], Message] = {}

    def reply_to(self, message: Message) -> Message:
        return self.cache.setdefault((message[:64], len(message)), super().reply_to(message))


@fault(
    "contract", caught_by="test_client_that_disconnects_does_not_disturb_another[disconnects in the closing]"
)
class ReusesItsReplyBuffer(Connection):
    """A reply that is shorter than the one before ends in what is left of that."""

    before = ""

    def reply_to(self, message: Message) -> Message:
        reply = super().reply_to(message)
        if isinstance(reply, str):
            reply += self.before[len(reply) :]
            self.before = reply
        return reply


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[binary-plain]")
class RemembersTheFirstType(Connection):
    """The type of the first message on a connection decides the type of all replies."""

    binary: bool | None = None

    def reply_to(self, message: Message) -> Message:
        reply = super().reply_to(message)
        if self.binary is None:
            self.binary = isinstance(reply, bytes)
        return reply.encode() if self.binary and isinstance(reply, str) else reply


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class LosesAMessageThatComesAtOnce(Connection):
    """The handler is set up 100 ms after the handshake; what comes before is lost."""

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        self.ready_at = loop.time() + 0.1
        await super().serve()

    ready_at = 0.0

    def message(self, message: Message) -> None:
        if asyncio.get_running_loop().time() >= self.ready_at:
            super().message(message)


@fault("contract", caught_by="test_word_that_means_something_elsewhere_is_only_a_message")
class ObeysWords(Connection):
    """The messages ping, close, exit and quit are commands."""

    def message(self, message: Message) -> None:
        if message in ("close", "exit", "quit"):
            raise Violation(1000, "as you wish")
        if message == "ping":
            self.send_message("pong")
        else:
            super().message(message)


@fault("contract", caught_by="test_every_path_is_served_alike[not ASCII]")
class RepliesByPath(Connection):
    """Only the path / has the prefix; any other is a plain echo."""

    def check_target(self, request: object) -> None:
        super().check_target(request)  # type: ignore[arg-type]
        self.plain = getattr(request, "target", "/").split("?")[0] != "/"

    plain = False

    def reply_to(self, message: Message) -> Message:
        return message if self.plain else super().reply_to(message)


@fault("contract", caught_by="test_chosen_subprotocol_was_offered[ours]")
class RepliesBySubprotocol(Connection):
    """With a subprotocol the prefix is missing."""

    def reply_to(self, message: Message) -> Message:
        return message if self.agreed.subprotocol else super().reply_to(message)


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class RepliesByCompression(Connection):
    """With compression the prefix is missing."""

    def reply_to(self, message: Message) -> Message:
        return message if self.agreed.deflate else super().reply_to(message)


@fault("contract", caught_by="test_message_at_a_boundary_of_length_comes_back[binary-plain-65536]")
class FindsACloseInsideAPayload(Connection):
    """The bytes 88 00 end the connection, wherever they stand in a message."""

    def message(self, message: Message) -> None:
        if isinstance(message, bytes) and b"\x88\x00" in message:
            raise Violation(1000, "")
        super().message(message)


@fault("contract", caught_by="test_text_that_looks_like_code_comes_back_as_written[HTTP]")
class TakesAnEmptyLineForANewRequest(Connection):
    """A text with an empty line in it is handed to the HTTP parser."""

    def message(self, message: Message) -> None:
        if isinstance(message, str) and "\r\n\r\n" in message:
            raise Violation(1002, "not an HTTP request")
        super().message(message)


@fault("contract", caught_by="test_messages_in_one_segment_are_all_answered[1000]")
class LosesThe256ThMessage(Connection):
    """Messages are counted in one byte, and the one that is number 0 again gets no reply."""

    count = 0

    def message(self, message: Message) -> None:
        self.count = (self.count + 1) % 256
        if self.count:
            super().message(message)


@fault("contract", caught_by="test_client_that_reads_late_gets_every_reply")
class GetsSlowerWithEachMessage(Connection):
    """Every message is compared with all that came before it."""

    count = 0

    def message(self, message: Message) -> None:
        self.count += 1
        time.sleep(self.count * 0.0002)
        super().message(message)


@fault("contract", caught_by="test_closing_after_replies_that_are_read_late_is_answered[short messages]")
class CutsTheReplyUnderWayAtAClose(Connection):
    """It reads on while replies wait; when a Close comes meanwhile, the rest of them is dropped."""

    def start_codecs(self) -> None:
        super().start_codecs()
        self.writer.transport.set_write_buffer_limits(high=1 << 30)

    def on_close(self, payload: bytes) -> None:
        if self.writer.transport.get_write_buffer_size():
            self.writer.transport.abort()
        super().on_close(payload)


@fault("contract", caught_by="test_control_frames_in_numbers_between_fragments_do_not_stop_the_server")
class DropsTheReplyAfterAPong(Connection):
    """A Pong is taken for the answer that was awaited, and the next message gets none."""

    answered = False

    def on_pong(self, payload: bytes) -> None:
        self.answered = True

    def message(self, message: Message) -> None:
        if not self.answered:
            super().message(message)
        self.answered = False
