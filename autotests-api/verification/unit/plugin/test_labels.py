"""A test's name in the report."""

from __future__ import annotations

import re

import pytest

from pytest_websocket.plugin.labels import title_of


@pytest.mark.parametrize("pattern", [re.compile(rb"\d+"), re.compile("ё")])
def test_pattern_is_shown_in_a_title_as_it_is_written(
    request: pytest.FixtureRequest, pattern: re.Pattern[str] | re.Pattern[bytes]
) -> None:
    written: str | bytes = pattern.pattern
    shown = written if isinstance(written, str) else written.decode()
    assert title_of(request.node) == f"Pattern is shown in a title as it is written · {shown}"
