"""Faults that let through what is not UTF-8 (RFC 6455 §8.1)."""

from __future__ import annotations

import codecs
from typing import ClassVar

from pytest_websocket.protocol.frames import TEXT, Frame, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.utf8 import Utf8
from verification.faulty_servers.registry import fault


class LenientUtf8(Utf8):
    """Hands on what UTF-8 forbids, as surrogates that stand for single bytes, where ``tolerated`` says so."""

    tolerated: ClassVar[tuple[bytes, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.pending = b""

    def decode(self, data: bytes) -> str:
        return self._decode(data, final=False)

    def finish(self) -> str:
        return self._decode(b"", final=True)

    def _decode(self, data: bytes, *, final: bool) -> str:
        text, self.pending = "", self.pending + data
        while self.pending:
            try:
                text += self.pending.decode()
                self.pending = b""
            except UnicodeDecodeError as error:
                good, rest = self.pending[: error.start], self.pending[error.start :]
                text += good.decode()
                self.pending = rest
                taken = self.tolerate(rest, final=final)
                if taken is None:
                    return text
                text += rest[:taken].decode("utf-8", "surrogateescape")
                self.pending = rest[taken:]
        return text

    def tolerate(self, rest: bytes, *, final: bool) -> int | None:
        """Bytes to let through; None to wait for more. Raises UnicodeDecodeError for the rest."""
        for bad in self.tolerated:
            if rest.startswith(bad):
                return len(bad)
            if bad.startswith(rest) and not final:
                return None
        codecs.getincrementaldecoder("utf-8")().decode(rest, final=final)
        return None


class LenientConnection(Connection):
    """Sends back what `LenientUtf8` let through."""

    validator: ClassVar[type[LenientUtf8]]

    def new_utf8(self) -> Utf8:
        return self.validator()

    def send_message(self, message: Message) -> None:
        if isinstance(message, str):
            data = message.encode("utf-8", "surrogateescape")
            payload = self.deflater.compress(data) if self.deflater else data
            self.send_frame(Frame(TEXT, payload, rsv1=self.deflater is not None))
        else:
            super().send_message(message)


class _Sequences(LenientUtf8):
    """Tolerates whole sequences that a table names by the ranges of their bytes."""

    ranges: ClassVar[tuple[tuple[int, int], ...]]

    def tolerate(self, rest: bytes, *, final: bool) -> int | None:
        fits = all(low <= byte <= high for byte, (low, high) in zip(rest, self.ranges, strict=False))
        if fits and len(rest) >= len(self.ranges):
            return len(self.ranges)
        if fits and not final:
            return None
        return super().tolerate(rest, final=final)


_ANY = (0x80, 0xBF)


def _tolerating(*ranges: tuple[int, int]) -> type[LenientUtf8]:
    return type("Tolerating", (_Sequences,), {"ranges": ranges})


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.20.1 ed a0 80]")
class AcceptsSurrogates(LenientConnection):
    """The UTF-8 of a surrogate, ED A0 80 to ED BF BF, is accepted."""

    validator = _tolerating((0xED, 0xED), (0xA0, 0xBF), _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.20.5 ed b0 80]")
class AcceptsLowSurrogates(LenientConnection):
    """Only the high half of the surrogates is refused."""

    validator = _tolerating((0xED, 0xED), (0xB0, 0xBF), _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.18.1 c1 bf]")
class AcceptsOverlongCharactersOfTwoBytes(LenientConnection):
    """An ASCII character may be written in two bytes, C0 80 to C1 BF."""

    validator = _tolerating((0xC0, 0xC1), _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.19.1 c0 80]")
class AcceptsNulInTwoBytes(LenientConnection):
    """C0 80 stands for NUL, as in Java's modified UTF-8."""

    validator = _tolerating((0xC0, 0xC0), (0x80, 0x80))


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.17.2 e0 80 af]")
class AcceptsOverlongCharactersOfThreeBytes(LenientConnection):
    """E0 80 80 to E0 9F BF are accepted."""

    validator = _tolerating((0xE0, 0xE0), (0x80, 0x9F), _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.17.3 f0 80 80 af]")
class AcceptsOverlongCharactersOfFourBytes(LenientConnection):
    """F0 80 80 80 to F0 8F BF BF are accepted."""

    validator = _tolerating((0xF0, 0xF0), (0x80, 0x8F), _ANY, _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.10.1 f7 bf bf bf]")
class AcceptsCharactersBeyondUnicode(LenientConnection):
    """F4 90 80 80 and what follows it, above U+10FFFF, are accepted."""

    validator = _tolerating((0xF4, 0xF7), (0x80, 0xBF), _ANY, _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.11.5 f4 90 80 80]")
class AcceptsTheFirstCharacterBeyondUnicode(LenientConnection):
    """U+110000 is accepted: the upper bound is off by one."""

    validator = _tolerating((0xF4, 0xF4), (0x90, 0x90), (0x80, 0x80), (0x80, 0x80))


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.8.1 f8 88 80 80 80]")
class AcceptsCharactersOfFiveBytes(LenientConnection):
    """F8 to FB begin a character of five bytes, as they did before RFC 3629."""

    validator = _tolerating((0xF8, 0xFB), _ANY, _ANY, _ANY, _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.8.2 fc 84 80 80 80 80]")
class AcceptsCharactersOfSixBytes(LenientConnection):
    """FC and FD begin a character of six bytes, as they did before RFC 3629."""

    validator = _tolerating((0xFC, 0xFD), _ANY, _ANY, _ANY, _ANY, _ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.16.1 fe]")
class AcceptsTheBytesFeAndFf(LenientConnection):
    """FE and FF are let through, as if they were a byte order mark."""

    validator = _tolerating((0xFE, 0xFF))


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.12.1 80]")
class AcceptsLoneContinuationBytes(LenientConnection):
    """A byte 80 to BF that continues nothing is let through."""

    validator = _tolerating(_ANY)


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.8.1 f8 88 80 80 80]")
class AcceptsLatin1(Connection):
    """What is not UTF-8 is taken for Latin-1."""

    def finish_message(self) -> Message:
        message = super().finish_message()
        if self.raw:
            return b"".join(self.raw).decode("latin-1")
        return message

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        self.raw: list[bytes] = []
        self.pieces: list[bytes] = []

    def add(self, data: bytes) -> None:
        if self.is_text:
            self.pieces.append(data)
            self.size += len(data)
            if self.raw:
                self.raw.append(data)
                return
            try:
                self.characters.append(self.utf8.decode(data))
            except UnicodeDecodeError:
                self.raw = list(self.pieces)
                self.utf8 = Utf8()
        else:
            super().add(data)


class _Replacing(Utf8):
    errors = "replace"

    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8")(self.errors)


class _Dropping(_Replacing):
    errors = "ignore"


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.6.1 ce]")
class ReplacesBadText(Connection):
    """Bytes that are not UTF-8 become U+FFFD."""

    def new_utf8(self) -> Utf8:
        return _Replacing()


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.6.1 ce]")
class DropsBadText(Connection):
    """Bytes that are not UTF-8 are left out."""

    def new_utf8(self) -> Utf8:
        return _Dropping()


class _NeverEnding(Utf8):
    def finish(self) -> str:
        return ""


@fault(
    "RFC 6455 §8.1", caught_by="test_text_that_ends_inside_a_character_fails_the_connection[one frame-2 of 3]"
)
class AcceptsATextThatEndsInsideACharacter(Connection):
    """The end of a message is not checked; the beginning of a character there is dropped."""

    def new_utf8(self) -> Utf8:
        return _NeverEnding()


class ModifiedUtf8(Utf8):
    """Reads U+0000 in two bytes, as Java's DataInput does."""

    def decode(self, data: bytes) -> str:
        return super().decode(data.replace(b"\xc0\x80", b"\x00"))


@fault(
    "RFC 6455 §8.1", caught_by="test_illegal_utf8_fails_the_connection[6.19.1 c0 80]", origin="blind round 3"
)
class AcceptsJavasNul(Connection):
    """The overlong C0 80 is taken for U+0000."""

    def new_utf8(self) -> Utf8:
        return ModifiedUtf8()
