"""A test's name in the report."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_websocket.plugin.labels import labels_of, title_of


@pytest.mark.parametrize("pattern", [re.compile(rb"\d+"), re.compile("ё")])
def test_pattern_is_shown_in_a_title_as_it_is_written(
    request: pytest.FixtureRequest, pattern: re.Pattern[str] | re.Pattern[bytes]
) -> None:
    written: str | bytes = pattern.pattern
    shown = written if isinstance(written, str) else written.decode()
    assert title_of(request.node) == f"Pattern is shown in a title as it is written · {shown}"


@pytest.mark.parametrize("way", ["../", "/", ""])
def test_file_outside_the_root_directory_is_labelled_by_its_folder(way: str) -> None:
    item: Any = SimpleNamespace(
        nodeid=f"{way}elsewhere/test_topic.py::test_x",
        iter_markers=lambda _: iter(()),
        get_closest_marker=lambda _: None,
    )
    labels = labels_of(item)
    assert (labels.epic, labels.feature) == ("Elsewhere", "Topic")
