"""Clients that lose a part of large or many messages, or of the window (RFC 6455 §6.2, RFC 7692 §7.2)."""

from __future__ import annotations

import zlib

from verification.faulty_clients.correct import TAIL, EchoClient, Failed, Frame
from verification.faulty_clients.registry import fault

FILE = "rfc6455/test_05_2_many_and_large.py"
LARGE = f"{FILE}::test_large_message_is_received_whole_or_refused"
COMPRESSED = "rfc7692/test_07_2_messages.py"
WINDOW = 32 << 10


@fault("6455 6.2", caught_by=LARGE)
class DropsLargeMessages(EchoClient):
    """A message of more than 200 kB is dropped."""

    def on_message(self, kind: int, data: bytes) -> None:
        if len(data) <= 200_000:
            super().on_message(kind, data)


@fault("6455 6.2", caught_by=LARGE)
class CutsLargeMessages(EchoClient):
    """A message of more than 80 kB loses its last byte."""

    def on_message(self, kind: int, data: bytes) -> None:
        super().on_message(kind, data[:-1] if len(data) > 80_000 else data)


@fault("6455 5.4", caught_by=LARGE)
class NeverEndsLargeMessages(EchoClient):
    """A frame of more than 80 kB is sent without FIN."""

    def send(self, opcode: int, payload: bytes, *, bits: int = 0, fin: bool = True) -> None:
        super().send(opcode, payload, bits=bits, fin=fin and len(payload) <= 80_000)


@fault("6455 5.2", caught_by=f"{FILE}::test_frames_behind_a_long_one_are_read")
class LosesFramesBehindALongOne(EchoClient):
    """What was read together with the end of a long frame is thrown away."""

    def read_frame(self) -> Frame:
        frame = super().read_frame()
        if len(frame.payload) >= 4096:
            self.buffer = b""
        return frame


@fault("6455 6.2", caught_by=f"{FILE}::test_many_messages_are_received_in_order")
class LosesEveryFiftiethMessage(EchoClient):
    """Every fiftieth message is dropped."""

    count = 0

    def on_message(self, kind: int, data: bytes) -> None:
        self.count += 1
        if self.count % 50:
            super().on_message(kind, data)


@fault("6455 6.2", caught_by=f"{FILE}::test_many_messages_are_received_in_order")
class AnswersALongRowBackwards(EchoClient):
    """Messages that wait in the buffer are answered in the opposite order."""

    depth = 0

    def on_message(self, kind: int, data: bytes) -> None:
        self.depth += 1
        if self.depth < 100 and len(self.buffer) > 100:
            self.take(self.read_frame())
        self.depth -= 1
        super().on_message(kind, data)


@fault("7692 7.2.3.2", caught_by=f"{COMPRESSED}::test_window_reaches_over_messages_between")
class KeepsOneMessageAsWindow(EchoClient):
    """The window holds the last message only."""

    window = b""

    def inflate(self, data: bytes) -> bytes:
        self.inflater = zlib.decompressobj(-15, zdict=self.window)
        self.window = super().inflate(data)[-WINDOW:]
        return self.window


@fault("7692 7.2.3.2", caught_by=f"{COMPRESSED}::test_plain_message_leaves_the_window_alone")
class PutsPlainMessagesIntoTheWindow(EchoClient):
    """A message that is not compressed goes into the window, too."""

    window = b""

    def inflate(self, data: bytes) -> bytes:
        self.inflater = zlib.decompressobj(-15, zdict=self.window)
        return super().inflate(data)

    def on_message(self, kind: int, data: bytes) -> None:
        self.window = (self.window + data)[-WINDOW:]
        super().on_message(kind, data)


@fault("7692 7.2.3.4", caught_by=f"{COMPRESSED}::test_message_that_ends_in_a_final_block_is_read")
class RefusesFinalBlocks(EchoClient):
    """A block with BFINAL is taken for broken data."""

    def inflate(self, data: bytes) -> bytes:
        content = super().inflate(data)
        if self.inflater.eof:
            raise Failed(1007, "a final block")
        return content


@fault("6455 10.4", caught_by="rfc6455/test_10_4_limits.py::test_compression_bomb_ends_no_client")
class CutsBombs(EchoClient):
    """Of a message that inflates to more than a megabyte the first is sent back."""

    def inflate(self, data: bytes) -> bytes:
        return zlib.decompressobj(-15).decompress(data + TAIL, 1 << 20)
