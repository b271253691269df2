"""Faults in the text of a reply: it is not the text that was sent (the contract of the echo)."""

from __future__ import annotations

import contextlib
import re
import unicodedata

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.messages import PREFIX
from verification.faulty_servers.registry import fault


class TextConnection(Connection):
    """Alters the text of a message before it is answered."""

    def alter(self, text: str) -> str:
        """Returns the text as this fault understands it."""
        raise NotImplementedError

    def reply_to(self, message: Message) -> Message:
        return super().reply_to(self.alter(message) if isinstance(message, str) else message)


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class RepliesWithoutThePrefix(Connection):
    """A plain echo: the prefix is missing."""

    def reply_to(self, message: Message) -> Message:
        return message


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class RepliesWithALatinLetter(Connection):
    """The first letter of the prefix is a Latin C, which looks the same."""

    def reply_to(self, message: Message) -> Message:
        return "C" + PREFIX[1:] + message if isinstance(message, str) else super().reply_to(message)


@fault("contract", caught_by="test_limit_is_of_the_message_and_not_of_its_fragments")
class RepliesWithoutTheBlank(Connection):
    """There is no blank between the prefix and the message."""

    def reply_to(self, message: Message) -> Message:
        return PREFIX.rstrip() + message if isinstance(message, str) else super().reply_to(message)


@fault("contract", caught_by="test_additional_headers_do_not_change_the_replies")
class RepliesWithANoBreakSpace(Connection):
    """The blank after the prefix is U+00A0."""

    def reply_to(self, message: Message) -> Message:
        return PREFIX.rstrip() + "\u00a0" + message if isinstance(message, str) else super().reply_to(message)


@fault("contract", caught_by="test_white_space_comes_back_untouched[line feed]")
class RepliesWithALineEnd(Connection):
    """Every reply to a text ends in a line feed."""

    def reply_to(self, message: Message) -> Message:
        return PREFIX + message + "\n" if isinstance(message, str) else super().reply_to(message)


@fault("contract", caught_by="test_shorter_message_shows_nothing_of_a_longer_one")
class RepliesToLongMessagesWithoutThePrefix(Connection):
    """Above 64 KiB a message is passed through as it is."""

    def reply_to(self, message: Message) -> Message:
        return message if len(message) > 1 << 16 else super().reply_to(message)


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[one space]")
class TrimsMessages(TextConnection):
    """White space around a message is cut off."""

    def alter(self, text: str) -> str:
        return text.strip()


@fault("contract", caught_by="test_message_above_the_limit_is_refused[text-plain]")
class TrimsLineEnds(TextConnection):
    """Line ends at the end of a message are cut off."""

    def alter(self, text: str) -> str:
        return text.rstrip("\r\n")


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[long]")
class TrimsTrailingBlanks(TextConnection):
    """Blanks at the end of a message are cut off."""

    def alter(self, text: str) -> str:
        return text.rstrip(" ")


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[one space]")
class TrimsLeadingBlanks(TextConnection):
    """White space at the start of a message is cut off."""

    def alter(self, text: str) -> str:
        return text.lstrip()


@fault("contract", caught_by="test_chosen_subprotocol_was_offered[ours]")
class NormalisesLineEnds(TextConnection):
    """CR LF becomes LF."""

    def alter(self, text: str) -> str:
        return text.replace("\r\n", "\n")


@fault("contract", caught_by="test_white_space_comes_back_untouched[carriage return]")
class TurnsCarriageReturnsIntoLineFeeds(TextConnection):
    """A CR that stands alone becomes LF."""

    def alter(self, text: str) -> str:
        return re.sub("\r(?!\n)", "\n", text)


@fault("contract", caught_by="test_white_space_comes_back_untouched[runs of spaces]")
class CollapsesBlanks(TextConnection):
    """Several blanks in a row become one, as in HTML."""

    def alter(self, text: str) -> str:
        return re.sub(" {2,}", " ", text)


@fault("contract", caught_by="test_white_space_comes_back_untouched[tabs]")
class ExpandsTabs(TextConnection):
    """A tab becomes blanks."""

    def alter(self, text: str) -> str:
        return text.replace("\t", "    ")


@fault("contract", caught_by="test_invisible_character_survives_at_either_end")
class ComposesCharacters(TextConnection):
    """Text is brought into normal form C."""

    def alter(self, text: str) -> str:
        return unicodedata.normalize("NFC", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[case pairs]")
class DecomposesCharacters(TextConnection):
    """Text is brought into normal form D, as a file system does."""

    def alter(self, text: str) -> str:
        return unicodedata.normalize("NFD", text)


@fault("contract", caught_by="test_limit_is_counted_in_bytes_and_not_in_letters")
class ReplacesCompatibilityCharacters(TextConnection):
    """Text is brought into normal form KC: ligatures, wide letters and superscripts become plain."""

    def alter(self, text: str) -> str:
        return unicodedata.normalize("NFKC", text)


@fault("contract", caught_by="test_any_text_in_any_fragments_comes_back_whole")
class LowersText(TextConnection):
    """Capitals become small letters."""

    def alter(self, text: str) -> str:
        return text.lower()


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[\\u0451 is not \\u0435]")
class WritesYeForYo(TextConnection):
    """ё becomes е, as many write it."""

    def alter(self, text: str) -> str:
        return text.replace("ё", "е").replace("Ё", "Е")


@fault("contract", caught_by="test_unicode_comes_back_untouched[NUL]")
class CutsTextAtNul(TextConnection):
    """A text ends at its first NUL, as a C string."""

    def alter(self, text: str) -> str:
        return text.partition("\0")[0]


@fault("contract", caught_by="test_white_space_comes_back_untouched[vertical tab and form feed]")
class DropsControlCharacters(TextConnection):
    """Control characters are left out, tab and line ends excepted."""

    def alter(self, text: str) -> str:
        return "".join(c for c in text if c in "\t\r\n" or unicodedata.category(c) != "Cc")


@fault("contract", caught_by="test_white_space_comes_back_untouched[every Unicode space]")
class DropsC1Controls(TextConnection):
    """U+0080 to U+009F are left out."""

    def alter(self, text: str) -> str:
        return re.sub("[\x80-\x9f]", "", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[escape sequences]")
class DropsEscapes(TextConnection):
    """Terminal sequences that begin with ESC are left out."""

    def alter(self, text: str) -> str:
        return re.sub("\x1b(\\[[0-9;]*[A-Za-z])?", "", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[bidi controls]")
class DropsBidiControls(TextConnection):
    """Characters that turn the writing direction are left out."""

    def alter(self, text: str) -> str:
        return re.sub("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", "", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[zero width]")
class DropsZeroWidthCharacters(TextConnection):
    """Zero width joiners and spaces are left out, so that a family of emoji falls apart."""

    def alter(self, text: str) -> str:
        return re.sub("[\u200b-\u200d\u2060]", "", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[a family]")
class DropsVariationSelectors(TextConnection):
    """U+FE0F after a symbol is left out."""

    def alter(self, text: str) -> str:
        return re.sub("[\ufe00-\ufe0f]", "", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[astral]")
class ReplacesAstralCharacters(TextConnection):
    """Characters beyond U+FFFF become U+FFFD."""

    def alter(self, text: str) -> str:
        return re.sub("[\U00010000-\U0010ffff]", "\ufffd", text)


@fault("contract", caught_by="test_unicode_comes_back_untouched[private use]")
class DropsPrivateCharacters(TextConnection):
    """Characters of the private use areas are left out."""

    def alter(self, text: str) -> str:
        return "".join(c for c in text if unicodedata.category(c) != "Co")


@fault("contract", caught_by="test_white_space_comes_back_untouched[next line]")
class TakesLineSeparatorsForLineFeeds(TextConnection):
    """U+0085, U+2028 and U+2029 become line feeds."""

    def alter(self, text: str) -> str:
        return re.sub("[\x85\u2028\u2029]", "\n", text)


@fault("contract", caught_by="test_limit_is_of_the_message_and_not_of_its_fragments")
class AnswersTheFirstLineOnly(TextConnection):
    """A message is read up to its first line feed."""

    def alter(self, text: str) -> str:
        return text.partition("\n")[0]


@fault("contract", caught_by="test_reply_is_the_template_around_the_message[the reply to a reply]")
class StripsItsOwnPrefix(TextConnection):
    """A message that already begins with the prefix gets no second one."""

    def alter(self, text: str) -> str:
        return text.removeprefix(PREFIX)


@fault("contract", caught_by="test_wide_character_is_not_torn_at_a_buffer_end[3-4 bytes]")
class SpoilsCharactersAcross4Kib(TextConnection):
    """A text is handled in blocks of 4,096 bytes, and a character across two of them is lost."""

    def alter(self, text: str) -> str:
        data = text.encode()
        return "".join(data[i : i + 4096].decode(errors="replace") for i in range(0, len(data), 4096))


@fault("contract", caught_by="test_limit_is_of_the_message_and_not_of_its_fragments")
class ChokesOnWhatItsConsoleLacks(Connection):
    """Messages are printed on a console in windows-1251; what that lacks is an exception, and no reply."""

    def message(self, message: Message) -> None:
        if isinstance(message, str):
            with contextlib.suppress(UnicodeEncodeError):
                message.encode("cp1251")
                super().message(message)
        else:
            super().message(message)
