"""Records the bytes of one connection and decodes them into frames when they are read."""

from __future__ import annotations

import codecs
import re
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from pytest_websocket.protocol.close_codes import describe_body
from pytest_websocket.protocol.credentials import masked_url
from pytest_websocket.text import Message, preview, printable, quantity

OPCODES = {0: "CONTINUATION", 1: "TEXT", 2: "BINARY", 8: "CLOSE", 9: "PING", 10: "PONG"}

# So many bytes, or some two hundred small chunks, wait to be decoded: enough to keep decoding off the path
# of a round trip, little enough for a thousand connections at once.
_FLUSH_WEIGHT = 64 * 1024
_CHUNK_WEIGHT = 256

_MAX_HEAD = 64 * 1024
_MAX_NOTES = 256
_MAX_INFLATED = 64 * 2**20
_INFLATE_STEP = 64 * 1024

# First bytes of messages in one frame: text and binary, plain and compressed.
_WHOLE = frozenset({0x81, 0x82, 0xC1, 0xC2})
_NOT_UTF8 = "the text is not valid UTF-8 (RFC 6455 §5.6)"
# RFC 7692 §7.2.2: the sender took these four bytes off the end of a message.
_TAIL = b"\x00\x00\xff\xff"


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame as it stood on the wire (RFC 6455 §5.2).

    ``at`` is in seconds since the recording began; ``wire_size`` is the whole frame, ``payload_size`` the
    payload as sent and ``size`` the payload inflated (RFC 7692), in bytes. ``data`` is the unmasked,
    inflated payload, cut to the recording's ``max_payload``. ``violation`` says in words which rule a
    received frame breaks, and is empty when it breaks none.
    """

    number: int
    at: float
    sent: bool
    opcode: int
    fin: bool
    rsv1: bool
    rsv2: bool
    rsv3: bool
    masked: bool
    length_bits: int
    wire_size: int
    payload_size: int
    size: int
    data: bytes
    violation: str

    @property
    def name(self) -> str:
        """``TEXT``, ``PING`` …; a reserved opcode by its number."""
        return OPCODES.get(self.opcode, f"opcode {self.opcode:#x}")

    def __str__(self) -> str:
        cells = [f"{self.at:9.4f} s  {'sent' if self.sent else 'received':<8}  {self.name:<12}"]
        if self.opcode == 8:
            cells.append(describe_body(self.data))
        else:
            packed = f" ({self.payload_size} compressed)" if self.size != self.payload_size else ""
            cells.append(f"{quantity(self.size, 'byte')}{packed}")
            if self.data:
                shown = self._readable()
                limit = 72 if isinstance(shown, str) else 24
                cells.append(preview(shown, limit=limit, whole=len(self.data) == self.size))
        if not self.fin:
            cells.append("(more fragments follow)")
        elif self.opcode == 0:
            cells.append("(last fragment)")
        if self.violation:
            cells.append(f"!! {self.violation}")
        return "  ".join(cells)

    def _readable(self) -> Message:
        if self.opcode not in {0, 1}:
            return self.data
        try:
            # A cut or a fragment may end inside a character: only what is wrong before its end counts.
            return codecs.getincrementaldecoder("utf-8")().decode(self.data, final=False)
        except UnicodeDecodeError:
            return self.data


class Note(NamedTuple):
    """Something that happened beside the frames; ``at`` is in seconds since the recording began."""

    at: float
    text: str


class Totals(NamedTuple):
    """Exact counts of a recording; bytes are all that crossed the connection, the handshake included."""

    frames_sent: int
    bytes_sent: int
    frames_received: int
    bytes_received: int


class Recording:
    """Everything that crosses one connection, as frames; cheap while the test runs, bounded in memory.

    `sent` and `received` take the raw bytes of the connection, the opening handshake included, and do
    no more than note the time and keep the chunk. Chunks are decoded in batches by a parser that
    believes nothing: any bytes are good enough for it. It keeps the last ``max_frames`` frames and
    ``max_payload`` bytes of each; the totals stay exact.
    """

    def __init__(
        self, name: str = "client", url: str = "", *, max_frames: int = 512, max_payload: int = 4096
    ) -> None:
        self.name = name
        self.url = url
        self.started_at = time.time()
        self.started = perf_counter()
        self._opened_at: float | None = None
        self.ended_at: float | None = None
        self.ended = ""
        self.notes: list[Note] = []
        self.max_payload = max_payload
        self._ring: deque[_Row] = deque(maxlen=max_frames)
        self._count = 0
        self._pending: list[tuple[float, bool, bytes]] = []
        self._weight = 0
        self._outgoing = _Stream(self, sent=True)
        self._incoming = _Stream(self, sent=False)

    def sent(self, data: bytes) -> None:
        """Record bytes that were written to the connection."""
        self._pending.append((perf_counter(), True, data))
        self._weight += len(data) + _CHUNK_WEIGHT
        if self._weight > _FLUSH_WEIGHT:
            self._decode()

    def received(self, data: bytes) -> None:
        """Record bytes that were read from the connection."""
        self._pending.append((perf_counter(), False, data))
        self._weight += len(data) + _CHUNK_WEIGHT
        if self._weight > _FLUSH_WEIGHT:
            self._decode()

    def note(self, text: str) -> None:
        """Record something that is not a frame, in words."""
        if len(self.notes) < _MAX_NOTES:
            self.notes.append(Note(perf_counter() - self.started, text))

    def end(self, how: str) -> None:
        """Record how the TCP connection ended; only the first call counts."""
        if not self.ended:
            self.ended = how
            self.ended_at = perf_counter() - self.started

    @property
    def opened_at(self) -> float | None:
        """When the handshake's 101 had come, in seconds since the recording began; None when it has not."""
        self._decode()
        return self._opened_at

    @property
    def request(self) -> bytes:
        """The handshake request as it was sent, up to and including its empty line (RFC 6455 §4.1)."""
        self._decode()
        return bytes(self._outgoing.head)

    @property
    def response(self) -> bytes:
        """The head of the handshake response as it came (RFC 6455 §4.2.2)."""
        self._decode()
        return bytes(self._incoming.head)

    @property
    def frames(self) -> list[FrameRecord]:
        """The last frames of both directions, oldest first."""
        self._decode()
        return [_record(row) for row in self._ring]

    @property
    def totals(self) -> Totals:
        """Frames and bytes of each direction since the beginning."""
        self._decode()
        out, into = self._outgoing, self._incoming
        return Totals(out.frames, out.bytes, into.frames, into.bytes)

    @property
    def omitted(self) -> int:
        """How many of the oldest frames are no longer kept."""
        self._decode()
        return self._count - len(self._ring)

    @property
    def unfinished(self) -> str:
        """What had arrived of a frame that never became whole, in words; empty when there is none."""
        self._decode()
        return self._incoming.unfinished()

    def tail(self, count: int = 12) -> str:
        """The end of the conversation as text, safe to print on a terminal: the last ``count`` events."""
        frames = self.frames
        events = [(frame.at, str(frame)) for frame in frames]
        events += [(note.at, f"{note.at:9.4f} s  {printable(note.text)}") for note in self.notes]
        events.sort(key=lambda event: event[0])
        lines = [line for _, line in events[-count:]] if count > 0 else []
        hidden = len(events) - len(lines) + self.omitted
        if hidden:
            lines.insert(0, f"            … {quantity(hidden, 'earlier event')} not shown")
        if self.unfinished:
            lines.append(f"            {self.unfinished}")
        if self.ended_at is not None:
            lines.append(f"{self.ended_at:9.4f} s  {printable(self.ended)}")
        totals = self.totals
        partner = f" with {masked_url(self.url)}" if self.url else ""
        numbers = f"{quantity(totals.frames_sent, 'frame')} sent, {totals.frames_received} received"
        return "\n".join([f"The conversation of “{printable(self.name)}”{partner}, {numbers}:", *lines])

    def _keep(self, *row: Any) -> None:
        self._count += 1
        self._ring.append((self._count, *row))

    def _decode(self) -> None:
        pending, self._pending = self._pending, []
        self._weight = 0
        started = self.started
        for at, sent, data in pending:
            (self._outgoing if sent else self._incoming).feed(at - started, data)

    def _answered(self, at: float, status: int, head: bytes) -> None:
        if status != 101:
            return
        self._opened_at = at
        self._outgoing.begin_frames()
        deflate = _negotiated_deflate(head)
        if deflate is not None:
            client, server = deflate
            self._outgoing.inflate_with(_Inflater(*client))
            self._incoming.inflate_with(_Inflater(*server))


# Number, at, sent, first byte, second byte, length bits, header size, payload size, size, kept, key,
# violation: the fields of a FrameRecord before anybody looks, which is when it is made.
_Row = tuple[int, float, bool, int, int, int, int, int, int, bytes, bytes, str]


def _record(row: _Row) -> FrameRecord:
    number, at, sent, first, second, bits, header, payload, size, kept, key, violation = row
    return FrameRecord(
        number=number,
        at=at,
        sent=sent,
        opcode=first & 0x0F,
        fin=bool(first & 0x80),
        rsv1=bool(first & 0x40),
        rsv2=bool(first & 0x20),
        rsv3=bool(first & 0x10),
        masked=bool(second & 0x80),
        length_bits=bits,
        wire_size=header + payload,
        payload_size=payload,
        size=size,
        data=_unmask(kept, key) if key else kept,
        violation=violation,
    )


def _unmask(data: bytes, key: bytes, offset: int = 0) -> bytes:
    size = len(data)
    turn = offset % 4
    repeated = ((key[turn:] + key[:turn]) * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(size, "big")


class _Stream:
    """One direction of a connection: an HTTP head, then frames. Takes any bytes, never raises."""

    __slots__ = (
        "bits",
        "body",
        "broken",
        "bytes",
        "closed",
        "first",
        "frames",
        "head",
        "header",
        "in_frames",
        "in_message",
        "inflater",
        "inflating",
        "interim",
        "kept",
        "key",
        "left",
        "negotiated",
        "partial",
        "payload",
        "recording",
        "second",
        "sent",
        "size",
        "text",
        "utf8",
        "violation",
    )

    def __init__(self, recording: Recording, *, sent: bool) -> None:
        self.recording = recording
        self.sent = sent
        self.bytes = 0
        self.frames = 0
        self.head = bytearray()
        self.in_frames = False
        self.interim = False
        self.body = False
        self.negotiated = False
        self.inflater: _Inflater | None = None
        self.partial = b""
        self.left = 0
        self.in_message = False
        self.inflating = False
        self.text = False
        self.utf8: codecs.IncrementalDecoder | None = None
        self.closed = False

    def feed(self, at: float, data: bytes) -> None:
        self.bytes += len(data)
        if not self.in_frames:
            data = self._take_head(at, data)
        elif not (self.left or self.partial or self.in_message or self.closed) and self._take_whole(at, data):
            return
        position, end = 0, len(data)
        while position < end:
            if self.left:
                piece = data[position : position + self.left]
                position += len(piece)
                self.left -= len(piece)
                self._take_payload(piece)
                if not self.left:
                    self._finish(at)
                continue
            carried = self.partial
            window, start = (carried + data[position : position + 14], 0) if carried else (data, position)
            available = len(window) - start
            if available < 2:
                self.partial = window[start:]
                return
            first, second = window[start], window[start + 1]
            length = second & 0x7F
            bits, header = (7, 2) if length < 126 else (16, 4) if length == 126 else (64, 10)
            if second & 0x80:
                header += 4
            if available < header:
                self.partial = window[start:]
                return
            if bits == 16:
                length = window[start + 2] << 8 | window[start + 3]
            elif bits == 64:
                length = int.from_bytes(window[start + 2 : start + 10], "big")
            key = window[start + header - 4 : start + header] if second & 0x80 else b""
            position += header - len(carried)
            self.partial = b""
            self._begin(first, second, bits, header, length, key)
            if not length:
                self._take_payload(b"")
                self._finish(at)

    def _take_whole(self, at: float, data: bytes) -> bool:
        """Take a chunk that is exactly one short, lawful message; False when it is anything else.

        Nearly all are. The general way, frame by frame and piece by piece, takes three times as long.
        """
        size = len(data)
        if size < 2 or data[0] not in _WHOLE:
            return False
        first, second = data[0], data[1]
        length, header, bits = second & 0x7F, 2, 7
        if length >= 126:
            length, header, bits = int.from_bytes(data[2:4], "big"), 4, 16
        key = b""
        if second & 0x80:
            header += 4
            key = data[header - 4 : header]
        # 127 announces a length in eight bytes, which no short message needs.
        if size != header + length or second & 0x7F == 127 or length > self.recording.max_payload:
            return False
        if not self.sent and (key or (bits == 16 and length < 126)):
            return False
        kept = data[header:]
        if first & 0x40:
            if self.inflater is None:
                return False
            whole = self.inflater.whole(_unmask(kept, key) if key else kept)
            if whole is None:
                return False
            kept, key = whole, b""
        size = len(kept)
        violation = ""
        if not self.sent and first & 1:
            try:
                kept.decode()
            except UnicodeDecodeError:
                violation = _NOT_UTF8
        self.frames += 1
        self.recording._keep(
            at,
            self.sent,
            first,
            second,
            bits,
            header,
            length,
            size,
            kept[: self.recording.max_payload],
            key,
            violation,
        )
        return True

    def begin_frames(self) -> None:
        self.in_frames = True

    def inflate_with(self, inflater: _Inflater) -> None:
        self.negotiated = True
        self.inflater = inflater

    def unfinished(self) -> str:
        if self.left:
            name = OPCODES.get(self.first & 0x0F, "frame")
            return f"of a {name} frame of {self.payload} bytes only {self.payload - self.left} arrived"
        return (
            f"of a frame's header only {quantity(len(self.partial), 'byte')} arrived" if self.partial else ""
        )

    def _take_head(self, at: float, data: bytes) -> bytes:
        if self.body or not data:
            return b""
        # No HTTP message begins with such a byte, and nearly every frame does: there was no handshake.
        if not self.head and (data[0] >= 0x80 or (data[0] < 0x20 and data[0] not in b"\r\n")):
            self.in_frames = True
            return data
        while True:
            if self.interim:
                self.head.clear()
                self.interim = False
            searched = max(0, len(self.head) - 3)
            self.head += data
            found = self.head.find(b"\r\n\r\n", searched)
            if found < 0:
                self.body = len(self.head) > _MAX_HEAD
                del self.head[_MAX_HEAD:]
                return b""
            rest = bytes(self.head[found + 4 :])
            del self.head[found + 4 :]
            if self.sent:
                self.in_frames = True
                return rest
            status = _status(self.head)
            self.recording._answered(at, status, bytes(self.head))
            if status == 101:
                self.in_frames = True
                return rest
            self.interim = 100 <= status < 200
            self.body = not self.interim
            if self.body or not rest:
                return b""
            data = rest

    def _begin(self, first: int, second: int, bits: int, header: int, length: int, key: bytes) -> None:
        self.first, self.second, self.bits, self.header, self.key = first, second, bits, header, key
        self.left = self.payload = length
        self.size = 0
        self.kept = b""
        plain = first in {0x81, 0x82} and bits == 7 and not (self.in_message or self.closed or key)
        self.violation = "" if self.sent or plain else self._judge()
        opcode = first & 0x0F
        if opcode < 8:
            if opcode:
                self.inflating = bool(first & 0x40) and self.inflater is not None
                # What stays compressed, because inflating was given up, is no text to be judged.
                self.text = opcode == 1 and not self.sent and self.inflating == bool(first & 0x40)
                self.utf8 = None
            self.in_message = not first & 0x80

    def _take_payload(self, piece: bytes) -> None:
        first = self.first
        if first & 0x08:
            self._keep(piece)
        elif self.inflating and self.inflater is not None:
            if self.key:
                piece = _unmask(piece, self.key, self.payload - self.left - len(piece))
            self.inflater.inflate(piece, bool(first & 0x80) and not self.left, self._take_plain)
        else:
            self._keep(piece)
            if self.text:
                self._check_text(
                    _unmask(piece, self.key, self.payload - self.left - len(piece)) if self.key else piece
                )

    def _take_plain(self, block: bytes) -> None:
        self._keep(block)
        if self.text:
            self._check_text(block)

    def _keep(self, block: bytes) -> None:
        self.size += len(block)
        room = self.recording.max_payload - len(self.kept)
        if room > 0:
            self.kept += block[:room]

    def _check_text(self, block: bytes) -> None:
        if self.utf8 is None:
            try:
                block.decode()
            except UnicodeDecodeError:
                # Wrong, or cut inside a character: only a decoder that remembers can tell.
                self.utf8 = codecs.getincrementaldecoder("utf-8")()
            else:
                return
        self._decode_text(self.utf8, block, final=False)

    def _decode_text(self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool) -> None:
        try:
            decoder.decode(block, final)
        except UnicodeDecodeError:
            self.text = False
            self._blame(_NOT_UTF8)

    def _blame(self, fault: str) -> None:
        self.violation = f"{self.violation}; {fault}" if self.violation else fault

    def _finish(self, at: float) -> None:
        first = self.first
        opcode = first & 0x0F
        key = self.key
        if opcode < 8:
            if self.inflating and self.inflater is not None:
                key = b""
                if self.inflater.fault:
                    self._give_up_inflating(self.inflater)
            if first & 0x80 and self.text and self.utf8 is not None:
                self._decode_text(self.utf8, b"", final=True)
        elif opcode == 8:
            self.closed = True
            if not self.sent:
                self._judge_close(_unmask(self.kept, key) if key else self.kept)
        self.frames += 1
        self.recording._keep(
            at,
            self.sent,
            first,
            self.second,
            self.bits,
            self.header,
            self.payload,
            self.size,
            self.kept,
            key,
            self.violation,
        )

    def _give_up_inflating(self, inflater: _Inflater) -> None:
        self.inflater = None
        if inflater.too_much:
            self.recording.note(f"{inflater.fault}; compressed messages after it are shown as they came")
        elif not self.sent:
            self._blame(inflater.fault)
        self.text = False

    def _judge(self) -> str:
        first, opcode, faults = self.first, self.first & 0x0F, []
        # A second Close, or a Pong that was under way, is forbidden to nobody.
        if self.closed and opcode < 8:
            faults.append("a data frame after the Close frame (RFC 6455 §5.5.1)")
        if self.key:
            faults.append("a server's frame is masked (RFC 6455 §5.1)")
        if first & 0x30:
            faults.append("RSV2 or RSV3 is set (RFC 6455 §5.2)")
        if first & 0x40:
            if not self.negotiated:
                faults.append("RSV1 is set and no compression was negotiated (RFC 6455 §5.2)")
            elif opcode not in {1, 2}:
                faults.append("RSV1 is set on a frame that starts no message (RFC 7692 §6)")
        if opcode not in OPCODES:
            faults.append(f"opcode {opcode:#x} is reserved (RFC 6455 §5.2)")
        elif opcode >= 8:
            if not first & 0x80:
                faults.append("a control frame is fragmented (RFC 6455 §5.5)")
            if self.payload > 125:
                faults.append("a control frame is longer than 125 bytes (RFC 6455 §5.5)")
        elif opcode == 0 and not self.in_message:
            faults.append("a continuation without a message to continue (RFC 6455 §5.4)")
        elif opcode and self.in_message:
            faults.append("a new message before the last fragment of the one before (RFC 6455 §5.4)")
        if (self.bits == 16 and self.payload < 126) or (self.bits == 64 and self.payload < 1 << 16):
            faults.append("the length is not written in the fewest bytes (RFC 6455 §5.2)")
        if self.payload >> 63:
            faults.append("the length's highest bit is set (RFC 6455 §5.2)")
        return "; ".join(faults)

    def _judge_close(self, body: bytes) -> None:
        if len(body) == 1:
            self._blame("a Close frame with half a code (RFC 6455 §5.5.1)")
        elif body:
            code = int.from_bytes(body[:2], "big")
            if not (3000 <= code < 5000 or (1000 <= code < 1015 and code not in {1004, 1005, 1006})):
                self._blame(f"close code {code} must not be on the wire (RFC 6455 §7.4)")
            try:
                body[2:].decode()
            except UnicodeDecodeError:
                self._blame("the close reason is not valid UTF-8 (RFC 6455 §5.5.1)")


class _Inflater:
    """Inflates the messages of one direction, never more of one message than `_MAX_INFLATED` bytes."""

    def __init__(self, window_bits: int, fresh: bool) -> None:
        self._bits = window_bits
        self._fresh = fresh
        self._engine = zlib.decompressobj(-window_bits)
        self._produced = 0
        self._begun = b""
        self.fault = ""
        self.too_much = False

    def whole(self, data: bytes) -> bytes | None:
        """What a short message inflates to. None for any other, which `inflate` has to take from there."""
        try:
            block = self._engine.decompress(data + _TAIL, _INFLATE_STEP)
        except zlib.error:
            # The engine reports it again.
            return None
        if len(block) == _INFLATE_STEP or self._engine.eof or self._engine.unconsumed_tail:
            self._begun = block
            return None
        if self._fresh:
            self._engine = zlib.decompressobj(-self._bits)
        return block

    def inflate(self, data: bytes, last: bool, take: Callable[[bytes], None]) -> None:
        """Hand what ``data`` inflates to over to ``take``, piece by piece; ``last`` ends the message."""
        if last:
            data += _TAIL
        while not self.fault:
            block, self._begun = self._begun, b""
            if not block:
                try:
                    block = self._engine.decompress(data, _INFLATE_STEP)
                except zlib.error as error:
                    self.fault = f"the compressed data cannot be inflated: {error} (RFC 7692 §7.2.2)"
                    return
            take(block)
            self._produced += len(block)
            if self._produced > _MAX_INFLATED:
                self.too_much = True
                self.fault = f"a compressed message inflates to more than {_MAX_INFLATED} bytes"
            data = self._engine.unconsumed_tail
            if self._engine.eof:
                data = self._engine.unused_data
                self._engine = zlib.decompressobj(-self._bits)
            if not data and len(block) < _INFLATE_STEP:
                break
        if last:
            self._produced = 0
            if self._fresh:
                self._engine = zlib.decompressobj(-self._bits)


def _status(head: bytes | bytearray) -> int:
    match = re.match(rb"HTTP/\d\.\d (\d{3})\b", head)
    return int(match[1]) if match else 0


def _negotiated_deflate(head: bytes) -> tuple[tuple[int, bool], tuple[int, bool]] | None:
    """Window bits and "no context takeover" of client and server, as a 101 agrees on them (RFC 7692 §7.1)."""
    lines = re.findall(rb"(?im)^sec-websocket-extensions[ \t]*:(.*)$", head)
    for offer in b",".join(lines).decode("latin-1").split(","):
        name, *parameters = [part.strip().lower() for part in offer.split(";")]
        if name != "permessage-deflate":
            continue
        given = dict(parameter.partition("=")[::2] for parameter in parameters)

        def side(who: str, given: dict[str, str] = given) -> tuple[int, bool]:
            bits = given.get(f"{who}_max_window_bits", "").strip(' "')
            known = bits in {"8", "9", "10", "11", "12", "13", "14", "15"}
            return int(bits) if known else 15, f"{who}_no_context_takeover" in given

        return side("client"), side("server")
    return None
