"""Faults in the closing handshake and in ending TCP after it (RFC 6455 §5.5.1, §7.1, §7.2.1)."""

from __future__ import annotations

import asyncio
import socket
import struct

from pytest_websocket.protocol.frames import CLOSE, Frame, Header, close, text
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import NORMAL, Message, Violation
from verification.faulty_servers.registry import fault


@fault("RFC 6455 §5.5.1", caught_by="test_close_is_answered_with_a_close[1000]")
class NeverAnswersClose(Connection):
    """A Close ends TCP without a Close in return."""

    def on_close(self, payload: bytes) -> None:
        self.parse_close(payload)
        self.finished = True


@fault("RFC 6455 §5.5.1", caught_by="test_message_after_close_is_not_answered[text-in one segment]")
class IgnoresClose(Connection):
    """A Close is not answered and ends nothing."""

    def on_close(self, payload: bytes) -> None:
        self.parse_close(payload)


@fault("RFC 6455 §7.1.5", caught_by="test_close_code_is_echoed[3000]")
class AnswersCloseWith1000(Connection):
    """The code of a Close is not echoed; it is 1000, always."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(NORMAL)


@fault("RFC 6455 §7.1.5", caught_by="test_close_code_is_echoed[3000]")
class AnswersCloseWithoutACode(Connection):
    """The answer to a Close has an empty body, always."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(None)


@fault("RFC 6455 §7.1.5", caught_by="test_close_code_is_echoed[3000]")
class AnswersApplicationCodesWith1000(Connection):
    """Codes of 3000 and above are answered with 1000."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(NORMAL if code is not None and code >= 3000 else code)


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[none]")
class AnswersCloseInLittleEndian(Connection):
    """The two bytes of the code come back the wrong way round."""

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return Frame(CLOSE, b"" if code is None else struct.pack("<H", code))


@fault("RFC 6455 §5.5.1", caught_by="test_second_close_is_not_answered[frame by frame]")
class AnswersCloseTwice(Connection):
    """A Close is answered by the library and once more by the handler."""

    def on_close(self, payload: bytes) -> None:
        super().on_close(payload)
        self.write(self.encode_frame(self.close_reply(None, b"")))


@fault("RFC 6455 §5.5.1", caught_by="test_close_with_a_reason_is_answered[text]")
class AnswersTheCloseAsAMessage(Connection):
    """The reason of a Close is answered as a message before the Close is."""

    def on_close(self, payload: bytes) -> None:
        if payload[2:]:
            self.send_message(payload[2:].decode(errors="replace"))
        super().on_close(payload)


@fault("RFC 6455 §5.5.1", caught_by="test_message_after_close_is_not_answered[text-in one segment]")
class GoesOnReadingAfterClose(Connection):
    """Frames that follow the client's Close in the same segment are still answered."""

    closing = False

    def on_close(self, payload: bytes) -> None:
        super().on_close(payload)
        self.closing = True
        self.finished = False

    def send_frame(self, frame: Frame) -> None:
        self.close_sent = False
        super().send_frame(frame)

    def feed(self) -> None:
        super().feed()
        self.finished = self.finished or self.closing


@fault("RFC 6455 §5.5.1", caught_by="test_message_after_close_is_not_answered[text-in one segment]")
class SendsAMessageAfterItsClose(Connection):
    """A farewell follows the Close."""

    def on_close(self, payload: bytes) -> None:
        super().on_close(payload)
        self.write(self.encode_frame(text("bye")))


@fault("RFC 6455 §5.5.1", caught_by="test_close_in_the_segment_of_a_message_is_answered")
class WaitsForAnotherMessageBeforeItCloses(Connection):
    """A Close is noticed when the next bytes come."""

    seen: bytes | None = None

    def on_close(self, payload: bytes) -> None:
        self.seen = payload

    def feed(self) -> None:
        if self.seen is not None:
            super().on_close(self.seen)
        super().feed()


@fault("RFC 6455 §7.1.1", caught_by="test_server_closes_tcp_without_a_reset")
class KeepsTcpOpenAfterClose(Connection):
    """Close is answered, and then the server waits for the client to close TCP."""

    async def end_tcp(self) -> None:
        await self.writer.drain()
        while await self.reader.read(1 << 16):
            pass


@fault("RFC 6455 §7.1.1", caught_by="test_server_closes_tcp_without_a_reset")
class ResetsInsteadOfClosing(Connection):
    """TCP ends in a reset, which may overtake the Close."""

    async def end_tcp(self) -> None:
        await self.writer.drain()
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@fault("RFC 6455 §7.1.1", caught_by="test_server_closes_tcp_without_a_reset_while_data_is_coming")
class ClosesTcpWithUnreadData(Connection):
    """TCP is closed at once after a Close, and data that was still coming turns that into a reset."""

    async def end_tcp(self) -> None:
        await self.writer.drain()
        self.writer.close()


@fault("RFC 6455 §7.2.1", caught_by="test_half_closed_connection_ends")
class IgnoresTheEndOfTheStream(Connection):
    """When the client stops sending without a Close, the connection stays for ever."""

    async def serve(self) -> None:
        await super().serve()
        if not self.close_sent:
            await asyncio.Event().wait()


@fault("RFC 6455 §5.6", caught_by="test_kinds_of_messages_are_told_apart")
class ClosesAfterAnEmptyMessage(Connection):
    """An empty message is taken for the end of the conversation."""

    def message(self, message: str | bytes) -> None:
        if message:
            super().message(message)
        else:
            self.fail(Violation(NORMAL, ""))


@fault("contract", caught_by="test_messages_in_one_segment_are_all_answered[100]")
class ClosesAfterAHundredMessages(Connection):
    """The hundredth message is answered, and then the server closes with 1000."""

    count = 0

    def message(self, message: str | bytes) -> None:
        super().message(message)
        self.count += 1
        if self.count == 100:
            self.fail(Violation(NORMAL, ""))


@fault("RFC 6455 §5.5.1", caught_by="test_answers_before_the_close_are_in_order")
class FragmentsItsClose(Connection):
    """The Close that answers a Close lacks FIN."""

    def encode_frame(self, frame: Frame) -> bytes:
        data = super().encode_frame(frame)
        return bytes([data[0] & 0x7F]) + data[1:] if frame.opcode == CLOSE else data


@fault("RFC 6455 §5.5.1", caught_by="test_message_after_close_is_not_answered[text-in one segment]")
class AnswersEachCloseOfASegment(Connection):
    """Two Close frames in one segment get two Close frames."""

    def on_close(self, payload: bytes) -> None:
        super().on_close(payload)
        self.close_sent = False
        self.finished = not self.buffer


@fault("RFC 6455 §5.5.1", caught_by="test_close_in_the_segment_of_several_messages_is_answered[2]")
class DropsACloseAfterSeveralMessages(Connection):
    """A Close in one segment with more than one message ends TCP without an answer."""

    messages = 0

    def feed(self) -> None:
        self.messages = 0
        super().feed()

    def message(self, message: Message) -> None:
        self.messages += 1
        super().message(message)

    def on_close(self, payload: bytes) -> None:
        if self.messages > 1:
            self.finished = True
        else:
            super().on_close(payload)


@fault("RFC 6455 §7.1.5", caught_by="test_code_that_comes_after_the_header_is_echoed")
class AnswersASplitCloseWithoutItsCode(Connection):
    """A Close whose payload comes in a later segment than its header is answered without a code."""

    is_whole = True

    def frame_begins(self, header: Header) -> None:
        self.is_whole = len(self.buffer) >= header.length
        super().frame_begins(header)

    def close_reply(self, code: int | None, reason: bytes) -> Frame:
        return close(code if self.is_whole else None)
