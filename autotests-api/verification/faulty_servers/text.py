"""Faults in when text is checked, and in good text that is refused or altered (RFC 6455 §5.6, §8.1)."""

from __future__ import annotations

import contextlib

from pytest_websocket.protocol.frames import BINARY, TEXT, Frame, Header
from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.utf8 import Utf8
from verification.faulty_servers.registry import fault
from verification.faulty_servers.utf8 import LenientConnection, LenientUtf8


class _Whole(Utf8):
    def decode(self, data: bytes) -> str:
        return data.decode()


@fault("RFC 6455 §8.1", caught_by="test_astral_character_cut_at_any_byte_is_whole[2]")
class ChecksEachSegmentAsAText(Connection):
    """A character that is split over two segments is refused."""

    def new_utf8(self) -> Utf8:
        return _Whole()


@fault("RFC 6455 §8.1", caught_by="test_astral_character_cut_at_any_byte_is_whole[1]")
class ChecksEachFragmentAsAText(Connection):
    """A character that is split over two fragments is refused."""

    def frame_ends(self, header: Header) -> None:
        if self.is_text:
            try:
                self.utf8.finish()
            except UnicodeDecodeError as error:
                raise self.not_utf8() from error
        super().frame_ends(header)


@fault("RFC 6455 §8.1", caught_by="test_astral_character_cut_at_any_byte_is_whole[2]")
class LosesHalfACharacterAtAPing(Connection):
    """A Ping between fragments resets the validator, so that a character split around it is refused."""

    def on_ping(self, payload: bytes) -> None:
        super().on_ping(payload)
        self.utf8 = self.new_utf8()


class _Beginning(Utf8):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.left = limit

    def decode(self, data: bytes) -> str:
        if self.left <= 0:
            return data.decode(errors="replace")
        self.left -= len(data)
        return super().decode(data)

    def finish(self) -> str:
        return super().finish() if self.left > 0 else ""


@fault("RFC 6455 §8.1", caught_by="test_illegal_utf8_anywhere_fails_the_connection[400000-at the end-ff]")
class ChecksTheFirst64KibOfAText(Connection):
    """What a text has beyond 64 KiB is not checked."""

    def new_utf8(self) -> Utf8:
        return _Beginning(1 << 16)


@fault("RFC 6455 §8.1", caught_by="test_half_a_character_before_another_fails_the_connection[ascii]")
class ChecksTheFirstFragmentOnly(Connection):
    """Continuation frames are not checked."""

    def frame_begins(self, header: Header) -> None:
        super().frame_begins(header)
        if header.opcode not in (TEXT, BINARY):
            self.utf8.decoder.errors = "replace"


@fault(
    "RFC 6455 §8.1", caught_by="test_text_that_ends_inside_a_character_fails_the_connection[one frame-1 of 2]"
)
class ChecksFragmentedTextOnly(Connection):
    """A text that comes in one frame is not checked."""

    def start_message(self, header: Header) -> None:
        super().start_message(header)
        if header.fin:
            self.utf8.decoder.errors = "replace"


@fault("RFC 6455 §5.6", caught_by="test_binary_message_need_not_be_utf8[f8 88 80 80 80]")
class ChecksBinaryAsText(Connection):
    """A binary message that is not UTF-8 is refused."""

    def add(self, data: bytes) -> None:
        super().add(data)
        if not self.is_text:
            try:
                self.utf8.decode(data)
            except UnicodeDecodeError as error:
                raise self.not_utf8() from error


class RefusingConnection(Connection):
    """Refuses texts that contain one of some good characters."""

    def refuses(self, character: str) -> bool:
        """Returns whether a text with this character is refused."""
        raise NotImplementedError

    def message(self, message: Message) -> None:
        if isinstance(message, str) and any(map(self.refuses, message)):
            raise self.not_utf8()
        super().message(message)


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.9.3 ef bf bf]")
class RefusesNoncharacters(RefusingConnection):
    """U+FFFE, U+FFFF and their like are refused, though UTF-8 has them."""

    def refuses(self, character: str) -> bool:
        return ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.11.3 ef bf bd]")
class RefusesTheReplacementCharacter(RefusingConnection):
    """Text is decoded with replacement and refused when U+FFFD is in it, though a client may send that."""

    def refuses(self, character: str) -> bool:
        return character == "\ufffd"


@fault("RFC 6455 §8.1", caught_by="test_astral_character_cut_at_any_byte_is_whole[1]")
class RefusesAstralCharacters(RefusingConnection):
    """Characters of four bytes are refused."""

    def refuses(self, character: str) -> bool:
        return character > "\uffff"


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.9.4 f4 8f bf bf]")
class RefusesTheLastCharacter(RefusingConnection):
    """U+10FFFF is refused: the upper bound is off by one."""

    def refuses(self, character: str) -> bool:
        return character == "\U0010ffff"


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.11.1 ed 9f bf]")
class RefusesTheCharacterBeforeTheSurrogates(RefusingConnection):
    """U+D7FF is refused: the lower bound of the surrogates is off by one."""

    def refuses(self, character: str) -> bool:
        return character == "\ud7ff"


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.11.2 ee 80 80]")
class RefusesTheCharacterAfterTheSurrogates(RefusingConnection):
    """U+E000 is refused: the upper bound of the surrogates is off by one."""

    def refuses(self, character: str) -> bool:
        return character == "\ue000"


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.7.1 00]")
class RefusesNul(RefusingConnection):
    """U+0000 is refused."""

    def refuses(self, character: str) -> bool:
        return character == "\0"


@fault("RFC 6455 §8.1", caught_by="test_legal_utf8_is_taken[6.9.1 7f]")
class RefusesDelete(RefusingConnection):
    """U+007F is refused: ASCII is taken to end before it."""

    def refuses(self, character: str) -> bool:
        return character == "\x7f"


@fault("contract", caught_by="test_unicode_comes_back_untouched[two BOMs]")
class SwallowsAByteOrderMark(Connection):
    """U+FEFF at the start of a text is taken for a mark and cut off."""

    def message(self, message: Message) -> None:
        super().message(message.removeprefix("\ufeff") if isinstance(message, str) else message)


@fault("RFC 6455 §8.1", caught_by="test_astral_character_cut_at_any_byte_is_whole[1]")
class SendsAstralCharactersAsSurrogates(LenientConnection):
    """A character of four bytes is sent as two surrogates of three bytes each."""

    validator = LenientUtf8

    def send_message(self, message: Message) -> None:
        if isinstance(message, str):
            units = message.encode("utf-16-be")
            halves = [units[i : i + 2].decode("utf-16-be", "surrogatepass") for i in range(0, len(units), 2)]
            raw = "".join(halves).encode("utf-8", "surrogatepass")
            message = raw.decode("utf-8", "surrogateescape")
        super().send_message(message)


@fault("RFC 6455 §5.6", caught_by="test_text_message_comes_through[0]")
class SendsTextInWindows1251(Connection):
    """A reply that fits into windows-1251 is sent in it."""

    def encode_frame(self, frame: Frame) -> bytes:
        if frame.opcode == TEXT and not frame.rsv1:
            with contextlib.suppress(UnicodeEncodeError):
                frame = Frame(TEXT, frame.payload.decode().encode("cp1251"))
        return super().encode_frame(frame)


@fault("RFC 6455 §8.1", caught_by="test_astral_character_cut_at_any_byte_is_whole[3]", origin="blind round 3")
class CarriesTwoBytesOfACharacter(Connection):
    """A fragment may end after one or two bytes of a character; after three the text counts as broken."""

    def frame_ends(self, header: Header) -> None:
        if not header.fin and len(self.utf8.decoder.getstate()[0]) == 3:
            raise self.not_utf8()
        super().frame_ends(header)
