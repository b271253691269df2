"""Which frames break a rule."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_websocket.protocol.close_codes import NEVER_SENT, is_undefined
from pytest_websocket.protocol.frames import (
    BINARY,
    CONTINUATION,
    MAX_CONTROL_PAYLOAD,
    TEXT,
    Header,
    Opcode,
)
from pytest_websocket.protocol.rules import MUST, Role, Rule, Violation


def _rule(section: str, text: str, rfc: int = 6455) -> Rule:
    return Rule(rfc, section, MUST, text)


_OPCODES = frozenset(Opcode)

_BITS_ARE_ZERO = _rule("5.2", "reserved bits are zero unless an extension defines them")
_KNOWN_OPCODES = _rule("5.2", "a frame has a defined opcode")
_SHORTEST_LENGTH = _rule("5.2", "the length is written in the fewest bytes, its highest bit is zero")
_SMALL_CONTROL_FRAMES = _rule("5.5", "a control frame has at most 125 bytes and is not fragmented")
_FRAGMENTS_IN_ORDER = _rule("5.4", "the fragments of a message follow each other")
_CLOSE_BODY = _rule("5.5.1", "the body of a Close frame is a code and a reason in UTF-8")
_CODES = _rule("7.4.2", "a Close frame carries no undefined code below 3000")

MASKED = Violation(_rule("5.1", "a server masks no frame"), "a server's frame is masked")
NOT_MASKED = Violation(_rule("5.1", "a client masks every frame"), "a client's frame is not masked")
AFTER_CLOSE = Violation(
    _rule("5.5.1", "no data frame follows a Close frame"), "a data frame after the Close frame"
)
RSV2_OR_RSV3 = Violation(_BITS_ARE_ZERO, "RSV2 or RSV3 is set")
RSV1_WITHOUT_COMPRESSION = Violation(_BITS_ARE_ZERO, "RSV1 is set and no compression was negotiated")
RSV1_INSIDE_MESSAGE = Violation(
    _rule("6", "RSV1 is set on the first frame of a message only", 7692),
    "RSV1 is set on a frame that starts no message",
)
FRAGMENTED_CONTROL = Violation(_SMALL_CONTROL_FRAMES, "a control frame is fragmented")
LONG_CONTROL = Violation(_SMALL_CONTROL_FRAMES, "a control frame is longer than 125 bytes")
ORPHAN = Violation(_FRAGMENTS_IN_ORDER, "a continuation without a message to continue")
INTERRUPTED = Violation(_FRAGMENTS_IN_ORDER, "a new message before the last fragment of the one before")
LONG_LENGTH = Violation(_SHORTEST_LENGTH, "the length is not written in the fewest bytes")
HIGHEST_BIT = Violation(_SHORTEST_LENGTH, "the length's highest bit is set")
TEXT_NOT_UTF8 = Violation(_rule("5.6", "text is valid UTF-8"), "the text is not valid UTF-8")
HALF_A_CODE = Violation(_CLOSE_BODY, "a Close frame with half a code")
REASON_NOT_UTF8 = Violation(_CLOSE_BODY, "the close reason is not valid UTF-8")


def judge_header(
    header: Header, sender: Role, *, after_close: bool, in_message: bool, compression: bool
) -> Iterator[Violation]:
    """Yields what is wrong with a frame by its header.

    ``after_close`` says that a Close frame came before, ``in_message`` that a fragmented message is not
    complete, ``compression`` that permessage-deflate was negotiated.
    """
    # A second Close and a Pong that was under way are not forbidden.
    if after_close and not header.is_control:
        yield AFTER_CLOSE
    if header.masked != (sender is Role.CLIENT):
        yield MASKED if header.masked else NOT_MASKED
    if header.rsv2 or header.rsv3:
        yield RSV2_OR_RSV3
    if header.rsv1 and not compression:
        yield RSV1_WITHOUT_COMPRESSION
    elif header.rsv1 and header.opcode not in (TEXT, BINARY):
        yield RSV1_INSIDE_MESSAGE
    yield from _judge_opcode(header, in_message)
    if not header.is_minimal:
        yield LONG_LENGTH
    if header.length >> 63:
        yield HIGHEST_BIT


def _judge_opcode(header: Header, in_message: bool) -> Iterator[Violation]:
    if header.opcode not in _OPCODES:
        yield Violation(_KNOWN_OPCODES, f"opcode {header.opcode:#x} is reserved")
    elif header.is_control:
        if not header.fin:
            yield FRAGMENTED_CONTROL
        if header.length > MAX_CONTROL_PAYLOAD:
            yield LONG_CONTROL
    elif header.opcode == CONTINUATION and not in_message:
        yield ORPHAN
    elif header.opcode != CONTINUATION and in_message:
        yield INTERRUPTED


def judge_close(body: bytes) -> Iterator[Violation]:
    """Yields what is wrong with the body of a Close frame (RFC 6455 §5.5.1, §7.4)."""
    if len(body) == 1:
        yield HALF_A_CODE
    elif body:
        code = int.from_bytes(body[:2], "big")
        if code in NEVER_SENT:
            rule = _rule("7.4.1", "1005, 1006 and 1015 are never sent")
            yield Violation(rule, f"close code {code} must not be on the wire")
        elif is_undefined(code):
            yield Violation(_CODES, f"close code {code} is not defined")
        try:
            body[2:].decode()
        except UnicodeDecodeError:
            yield REASON_NOT_UTF8


def not_inflated(reason: str) -> Violation:
    """Returns the violation of a compressed message that cannot be inflated."""
    rule = _rule("7.2.2", "a compressed message can be inflated with the negotiated window", 7692)
    return Violation(rule, f"a compressed message cannot be inflated: {reason}")


def http_response(line: bytes) -> Violation:
    """Returns the violation of a peer that sends HTTP after the handshake."""
    rule = _rule("5.2", "frames follow the handshake")
    return Violation(rule, f"an HTTP response among the frames: {line.decode('latin-1')!r}")
