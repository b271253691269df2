"""A correct echo client on blocking sockets. Each rule that it keeps is a method of its own, to be broken."""

from __future__ import annotations

import json
import os
import socket
import struct
import zlib
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from verification.faulty_clients.opening import Ended, NotOpened, Opening

TAIL = b"\x00\x00\xff\xff"

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Failed(Exception):
    """The connection fails (RFC 6455 §7.1.7), with this code in the Close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Frame(NamedTuple):
    """One frame of the server; ``bits`` are RSV1 to RSV3 as 4, 2 and 1."""

    fin: bool
    bits: int
    opcode: int
    masked: bool
    payload: bytes


class EchoClient(Opening):
    """Connects, sends back every message until the connection is closed, and exits."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = 0
        self.parts: list[bytes] = []
        self.compressed = False
        self.closed = False

    def run(self, url: str) -> int:
        """Echoes until the end; returns the exit status."""
        parts = urlsplit(url)
        host, port = parts.hostname or "localhost", parts.port or 80
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.socket:
            try:
                self.open(self.host(parts), parts.path, parts.query)
                self.tell(event="open")
                while not self.closed:
                    self.take(self.read_frame())
            except NotOpened as problem:
                self.tell(event="error", message=str(problem))
                return 1
            except Failed as failure:
                self.tell_close(1006, "")
                self.fail(failure.code)
                return 1
            except (Ended, OSError):
                # After both Close frames TCP may end in any way.
                if self.closed:
                    return 0
                self.tell_close(1006, "")
                return 1
        return 0

    def host(self, parts: SplitResult) -> str:
        """Returns host and port of a URL (RFC 6455 §4.1)."""
        return f"{parts.hostname}:{parts.port}"

    # What the user is told

    def tell(self, **event: object) -> None:
        """Prints an event as a line of JSON."""
        print(json.dumps(event), flush=True)

    def tell_close(self, code: int, reason: str) -> None:
        """Tells how the connection was closed (RFC 6455 §7.1.5, §7.1.6)."""
        self.tell(event="close", code=code, reason=reason)

    # Sending

    def new_mask(self) -> bytes:
        """Returns a fresh masking key."""
        return os.urandom(4)

    def masks(self, opcode: int) -> bool:
        """Returns whether a frame is masked."""
        return True

    def length(self, size: int) -> bytes:
        """Returns the payload length in the fewest bytes; the mask bit is set by the caller."""
        if size < 126:
            return bytes([size])
        return struct.pack("!BH", 126, size) if size < 65536 else struct.pack("!BQ", 127, size)

    def send(self, opcode: int, payload: bytes, *, bits: int = 0, fin: bool = True) -> None:
        """Sends a frame."""
        length = self.length(len(payload))
        first = bytes([fin << 7 | bits << 4 | opcode])
        if not self.masks(opcode):
            self.socket.sendall(first + length + payload)
            return
        key = self.new_mask()
        masked = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
        self.socket.sendall(first + bytes([length[0] | 0x80]) + length[1:] + key + masked)

    def send_message(self, kind: int, data: bytes) -> None:
        """Sends a message, compressed where that was agreed on."""
        if not self.deflate:
            self.send(kind, data)
            return
        data = (self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)
        if "client_no_context_takeover" in self.parameters:
            self.deflater = zlib.compressobj(wbits=-self.bits("client"))
        self.send(kind, data or b"\x00", bits=4)

    def fail(self, code: int) -> None:
        """Fails the connection: a Close frame, then the end of TCP."""
        self.send(CLOSE, struct.pack("!H", code))
        self.wait_for_the_end()

    def wait_for_the_end(self) -> None:
        """Lets the server end TCP first (RFC 6455 §7.1.1), for a second."""
        self.socket.settimeout(1)
        while self.socket.recv(65536):
            continue

    # Receiving

    def read(self, size: int) -> bytes:
        """Returns the next ``size`` bytes."""
        while len(self.buffer) < size:
            self.receive()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def read_frame(self) -> Frame:
        """Returns the next frame, unmasked where it is masked."""
        first, second = self.read(2)
        size = second & 0x7F
        if size >= 126:
            size = self.extended_length(size)
        key = self.read(4) if second & 0x80 else b""
        payload = self.read(size)
        if key:
            payload = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
        return Frame(bool(first & 0x80), first >> 4 & 7, first & 15, bool(second & 0x80), payload)

    def extended_length(self, short: int) -> int:
        """Returns a length in 16 or 64 bits; the top bit of the latter is not set."""
        size = int.from_bytes(self.read(2 if short == 126 else 8), "big")
        if size >> 63:
            raise Failed(1002, "top bit")
        return size

    def take(self, frame: Frame) -> None:
        """Judges a frame and does what it asks for."""
        self.check_mask(frame)
        self.check_bits(frame)
        self.check_opcode(frame)
        if frame.opcode >= CLOSE:
            self.check_control(frame)
            {CLOSE: self.on_close, PING: self.on_ping, PONG: self.on_pong}[frame.opcode](frame.payload)
            return
        self.check_sequence(frame)
        if frame.opcode != CONTINUATION:
            self.kind, self.parts, self.compressed = frame.opcode, [], bool(frame.bits & 4)
        self.parts.append(frame.payload)
        if frame.fin:
            data, kind = b"".join(self.parts), self.kind
            self.kind = 0
            self.on_message(kind, self.inflate(data) if self.compressed else data)

    def check_mask(self, frame: Frame) -> None:
        """Checks that a server's frame is not masked."""
        if frame.masked:
            raise Failed(1002, "masked")

    def check_bits(self, frame: Frame) -> None:
        """Checks that reserved bits are not set, but for RSV1 where a compressed message begins."""
        if frame.bits and not (frame.bits == 4 and self.deflate and frame.opcode in (TEXT, BINARY)):
            raise Failed(1002, "reserved bits")

    def check_opcode(self, frame: Frame) -> None:
        """Checks that the opcode is defined."""
        if frame.opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            raise Failed(1002, "reserved opcode")

    def check_control(self, frame: Frame) -> None:
        """Checks that a control frame is whole, and short."""
        self.check_control_is_whole(frame)
        self.check_control_is_short(frame)

    def check_control_is_whole(self, frame: Frame) -> None:
        """Checks that a control frame is not in fragments."""
        if not frame.fin:
            raise Failed(1002, "fragmented control frame")

    def check_control_is_short(self, frame: Frame) -> None:
        """Checks that a control frame has at most 125 bytes."""
        if len(frame.payload) > 125:
            raise Failed(1002, "long control frame")

    def check_sequence(self, frame: Frame) -> None:
        """Fragments follow a beginning, and a beginning follows an end."""
        if frame.opcode == CONTINUATION:
            self.check_continuation()
        else:
            self.check_beginning()

    def check_continuation(self) -> None:
        """Checks that there is a message to continue."""
        if not self.kind:
            raise Failed(1002, "continuation of nothing")

    def check_beginning(self) -> None:
        """Checks that there is no message that is not ended."""
        if self.kind:
            raise Failed(1002, "message in a message")

    def inflate(self, data: bytes) -> bytes:
        """Returns the content of a compressed message."""
        try:
            content = self.inflater.decompress(data + TAIL)
        except zlib.error as error:
            raise Failed(1007, str(error)) from None
        return content

    def on_message(self, kind: int, data: bytes) -> None:
        """Sends a message back."""
        if kind == TEXT:
            self.check_text(data)
        self.send_message(kind, data)

    def check_text(self, data: bytes) -> None:
        """Checks that text is UTF-8."""
        try:
            data.decode()
        except UnicodeDecodeError:
            raise Failed(1007, "no UTF-8") from None

    def on_ping(self, payload: bytes) -> None:
        """Answers a Ping."""
        self.send(PONG, payload)

    def on_pong(self, payload: bytes) -> None:
        """Ignores a Pong."""

    def on_close(self, payload: bytes) -> None:
        """Answers a Close frame, and lets the server end TCP."""
        self.check_close_length(payload)
        if payload:
            self.check_close_code(int.from_bytes(payload[:2], "big"))
            self.check_close_reason(payload[2:])
        self.closed = True
        self.on_code(payload)
        self.answer_close(payload[:2])

    def on_code(self, payload: bytes) -> None:
        """Tells the code and the reason; 1005 stands for none."""
        code = int.from_bytes(payload[:2], "big") if payload else 1005
        self.tell_close(code, payload[2:].decode(errors="replace"))

    def check_close_length(self, payload: bytes) -> None:
        """Checks that a Close frame has no code or a whole one."""
        if len(payload) == 1:
            raise Failed(1002, "half a code")

    def check_close_code(self, code: int) -> None:
        """Checks that the code is one that may be sent."""
        if not (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) and not 3000 <= code <= 4999:
            raise Failed(1002, "undefined code")

    def check_close_reason(self, reason: bytes) -> None:
        """Checks that the reason is UTF-8."""
        try:
            reason.decode()
        except UnicodeDecodeError:
            raise Failed(1007, "no UTF-8") from None

    def answer_close(self, code: bytes) -> None:
        """Sends the Close frame that answers one."""
        self.send(CLOSE, code)
        self.wait_for_the_end()
