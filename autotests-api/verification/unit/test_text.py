"""`printable` escapes what a terminal obeys or does not show, and nothing else."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from pytest_websocket.text import preview, printable, quantity

ESCAPED = {
    "escape sequence": ("\x1b[2J", r"\x1b[2J"),
    "line ends and tab": ("\r\n\t", r"\r\n\t"),
    "NUL and DEL": ("\x00\x7f", r"\x00\x7f"),
    "C1 control": ("\x85", r"\x85"),
    "no-break space": ("\u00a0", r"\xa0"),
    "zero-width space": ("\u200b", r"\u200b"),
    "byte order mark": ("\ufeff", r"\ufeff"),
    "line separator": ("\u2028", r"\u2028"),
    "bidirectional controls": ("\u061c\u200e\u202e\u2066", r"\u061c\u200e\u202e\u2066"),
    "lone surrogate": ("\ud800", r"\ud800"),
    "noncharacter": ("\uffff", r"\uffff"),
    "tag character": ("\U000e0041", r"\U000e0041"),
}


@pytest.mark.parametrize(("text", "shown"), ESCAPED.values(), ids=ESCAPED)
def test_control_or_invisible_character_is_escaped(text: str, shown: str) -> None:
    assert printable(f"a{text}я") == f"a{shown}я"


@pytest.mark.parametrize(
    "text", ["Привет, сервер!", "漢字 שלום", "e\u0301", "👨\u200d👩\u200d👧", "می\u200cخواهم", r"C:\new", ""]
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_kept_characters_are_not_escaped() -> None:
    assert printable("a\n\tb\r", keep="\n\t") == "a\n\tb\\r"


def test_every_code_point_becomes_printable_text_or_a_joiner() -> None:
    shown = printable("".join(map(chr, range(sys.maxunicode + 1))))
    assert {letter for letter in shown if not letter.isprintable()} == {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("message", "settings", "shown"),
    [
        ("text", {}, "“text”"),
        (b"by\x00", {}, r"b'by\x00'"),
        ("line\n", {}, r"“line\n”"),
        ("x" * 120, {}, "“" + "x" * 120 + "”"),
        ("x" * 121, {}, "“" + "x" * 120 + "” …"),
        ("abcdef", {"limit": 4}, "“abcd” …"),
        ("abcdef", {"limit": 6}, "“abcdef”"),
        ("abcdefghij", {"limit": 4, "around": 5}, "… “defg” …"),
        ("abcdefghij", {"limit": 4, "around": 2}, "“abcd” …"),
        ("abcdefghij", {"limit": 4, "around": 3}, "… “bcde” …"),
        ("abcdefghij", {"limit": 4, "around": 9}, "… “ghij”"),
        ("ab", {"limit": 4, "around": 1}, "“ab”"),
        ("ab", {"whole": False}, "“ab” …"),
    ],
)
def test_preview_shows_the_part_of_a_message_around_an_index(
    message: str | bytes, settings: dict[str, Any], shown: str
) -> None:
    assert preview(message, **settings) == shown


def test_quantity_names_one_and_many() -> None:
    assert [quantity(number, "byte") for number in (0, 1, 2)] == ["0 bytes", "1 byte", "2 bytes"]
