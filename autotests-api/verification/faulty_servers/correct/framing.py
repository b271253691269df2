"""Reading and writing frames (RFC 6455 §5)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_websocket.protocol.frames import (
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    Header,
    Opcode,
    mask,
    parse_header,
)
from verification.faulty_servers.correct.compression import Deflater, Inflater
from verification.faulty_servers.correct.opening import Opening

if TYPE_CHECKING:
    from verification.faulty_servers.correct.server import EchoServer

NORMAL, GOING_AWAY, PROTOCOL_ERROR, BAD_DATA, TOO_BIG = 1000, 1001, 1002, 1007, 1009

Message = str | bytes


class Violation(Exception):
    """The client broke a rule; the connection ends with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Framing(Opening):
    """Takes the byte stream apart. What frames mean is decided one layer up."""

    control_limit = 125

    def __init__(
        self, server: EchoServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(server, reader, writer)
        self.header: Header | None = None
        self.consumed = 0
        self.in_message = False
        self.finished = False
        self.close_sent = False
        self.deflater: Deflater | None = None
        self.inflater: Inflater | None = None

    def start_codecs(self) -> None:
        """Sets up what was agreed in the handshake."""
        if self.agreed.deflate is not None:
            self.deflater = Deflater(self.agreed.deflate)
            self.inflater = Inflater(self.agreed.deflate)

    def feed(self) -> None:
        """Handles everything in the buffer that can be handled. Raises Violation."""
        while not self.finished and self.step():
            pass

    def step(self) -> bool:
        """Handles a header, a control frame or a piece of data; returns False when more bytes are needed."""
        if self.header is None:
            header = self.parse_header()
            if header is None:
                return False
            self.check_header(header)
            del self.buffer[: header.size]
            self.header, self.consumed = header, 0
            self.frame_begins(header)
        return self.step_control(self.header) if self.header.opcode >= CLOSE else self.step_data(self.header)

    def parse_header(self) -> Header | None:
        """Returns the header at the start of the buffer; None while it is incomplete."""
        return parse_header(self.buffer)

    def step_control(self, header: Header) -> bool:
        """Handles a control frame once it is complete."""
        if len(self.buffer) < header.length:
            return False
        payload = self.unmask(self.take(header.length), header, 0)
        self.header = None
        self.control(header.opcode, payload)
        return True

    def step_data(self, header: Header) -> bool:
        """Handles data as it comes, so that a bad message ends early."""
        missing = header.length - self.consumed
        if missing and not self.buffer:
            return False
        piece = self.unmask(self.take(missing), header, self.consumed)
        self.consumed += len(piece)
        self.data(piece)
        if self.consumed == header.length:
            self.header = None
            self.frame_ends(header)
        return True

    def take(self, size: int) -> bytes:
        """Cuts up to ``size`` bytes from the start of the buffer."""
        taken = bytes(self.buffer[:size])
        del self.buffer[:size]
        return taken

    def unmask(self, piece: bytes, header: Header, offset: int) -> bytes:
        """Unmasks payload bytes that stand ``offset`` bytes into the frame, unmasked (RFC 6455 §5.3)."""
        turn = offset % 4
        return mask(piece, header.mask_key[turn:] + header.mask_key[:turn])

    def check_header(self, header: Header) -> None:
        """Judges a frame before its payload comes. Raises Violation."""
        self.check_reserved_bits(header)
        self.check_opcode(header)
        self.check_masked(header)
        self.check_length_encoding(header)
        if header.opcode >= CLOSE:
            self.check_control(header)
        else:
            self.check_order(header)
            self.check_size(header)

    def check_reserved_bits(self, header: Header) -> None:
        """Allows RSV1 on a message's first frame, when compression was agreed on (RFC 6455 §5.2)."""
        may_compress = self.inflater is not None and header.opcode not in (CONTINUATION, CLOSE, PING, PONG)
        if header.rsv2 or header.rsv3 or (header.rsv1 and not may_compress):
            raise Violation(PROTOCOL_ERROR, "a reserved bit is set")

    def check_opcode(self, header: Header) -> None:
        """Allows only the opcodes that RFC 6455 §5.2 defines."""
        if header.opcode not in list(Opcode):
            raise Violation(PROTOCOL_ERROR, "reserved opcode")

    def check_masked(self, header: Header) -> None:
        """Checks that a client's frame is masked (RFC 6455 §5.1)."""
        if not header.masked:
            raise Violation(PROTOCOL_ERROR, "the frame is not masked")

    def check_length_encoding(self, header: Header) -> None:
        """Demands the shortest encoding, and no top bit (RFC 6455 §5.2)."""
        if header.length >= 1 << 63:
            raise Violation(PROTOCOL_ERROR, "the length's top bit is set")
        if not header.is_minimal:
            raise Violation(PROTOCOL_ERROR, "the length is not in its shortest encoding")

    def check_control(self, header: Header) -> None:
        """Checks that control frames are short and whole (RFC 6455 §5.5)."""
        if not header.fin:
            raise Violation(PROTOCOL_ERROR, "a control frame is fragmented")
        if header.length > self.control_limit:
            raise Violation(PROTOCOL_ERROR, "a control frame is longer than 125 bytes")

    def check_order(self, header: Header) -> None:
        """Checks that a continuation continues something, and nothing else comes between (RFC 6455 §5.4)."""
        if header.opcode == CONTINUATION and not self.in_message:
            raise Violation(PROTOCOL_ERROR, "there is nothing to continue")
        if header.opcode != CONTINUATION and self.in_message:
            raise Violation(PROTOCOL_ERROR, "a new message begins inside another")

    def check_size(self, header: Header) -> None:
        """Refuses too big a message before its data comes (RFC 6455 §7.4.1)."""
        raise NotImplementedError

    def frame_begins(self, header: Header) -> None:
        """Is called when a header has been accepted."""
        raise NotImplementedError

    def data(self, piece: bytes) -> None:
        """Takes payload of a data frame, as it stood on the wire after unmasking."""
        raise NotImplementedError

    def frame_ends(self, header: Header) -> None:
        """Is called when the payload of a data frame is complete."""
        raise NotImplementedError

    def control(self, opcode: int, payload: bytes) -> None:
        """Takes a complete control frame."""
        raise NotImplementedError

    def send_message(self, message: Message) -> None:
        """Sends a message as one frame, compressed when that was agreed."""
        opcode = TEXT if isinstance(message, str) else Opcode.BINARY
        payload = message.encode() if isinstance(message, str) else message
        if self.deflater is not None:
            self.send_frame(Frame(opcode, self.deflater.compress(payload), rsv1=True))
        else:
            self.send_frame(Frame(opcode, payload))

    def send_frame(self, frame: Frame) -> None:
        """Sends one frame; nothing follows a Close (RFC 6455 §5.5.1)."""
        if not self.close_sent:
            self.close_sent = frame.opcode == CLOSE
            self.write(self.encode_frame(frame))

    def encode_frame(self, frame: Frame) -> bytes:
        """Encodes a frame, without a mask (RFC 6455 §5.1)."""
        return frame.encode(masked=False)
