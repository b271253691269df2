"""Every part of a payload tells its place, and its size is the size that was asked for."""

from __future__ import annotations

import pytest

from pytest_websocket.protocol.payloads import bytes_of, text_of


@pytest.mark.parametrize("size", [0, 1, 8, 9, 1000])
def test_payload_has_exactly_the_size_that_was_asked_for(size: int) -> None:
    assert len(text_of(size)) == size
    assert len(bytes_of(size)) == size


def test_text_counts_its_characters() -> None:
    assert text_of(20) == "0000000.0000008.0000"


def test_bytes_count_themselves_behind_a_byte_that_is_no_utf8() -> None:
    assert bytes_of(20) == b"\xfe" + bytes(7) + b"\xfe" + bytes(6) + b"\x08" + b"\xfe" + bytes(3)


def test_no_eight_bytes_stand_at_two_places() -> None:
    data = bytes_of(4096)
    parts = [data[at : at + 8] for at in range(0, len(data), 8)]
    assert len(set(parts)) == len(parts)
