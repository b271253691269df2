"""The page of a load: its charts, its table, its escaping."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from pytest_websocket.load.capacity_search import Capacity, Step
from pytest_websocket.load.histogram import Histogram
from pytest_websocket.load.result import Result, Second
from pytest_websocket.render import load_page

pytest.importorskip("hdrh", reason="pip install pytest-websocket[load]")


def result_of(*milliseconds: int) -> Result:
    latency = Histogram()
    for value in milliseconds:
        latency.record(value * 1000)
    return Result(1, 100.0, 1.0, Histogram(), latency=latency, received=len(milliseconds), sent=100)


def test_charts_are_wellformed_and_show_their_curves() -> None:
    result = result_of(1, 2, 3, 1000)
    result.seconds = [Second(float(start), 1.0, 10, 10, latency=result.latency) for start in range(5)]
    page = load_page.page("Steady load", result)
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    svg = "{http://www.w3.org/2000/svg}"
    curves = [len(ElementTree.fromstring(chart).findall(f"{svg}polyline")) for chart in charts]
    assert curves == [3, 1, 2]


def test_title_and_remarks_are_text() -> None:
    page = load_page.page("A <title>", result_of(1, 2, 3), ["remark & more"])
    assert "A &lt;title&gt;" in page
    assert "remark &amp; more" in page
    assert "<title>A <" not in page


def test_result_without_a_reply_has_a_table_and_no_chart() -> None:
    page = load_page.page("Nothing", Result(0, 1.0, 1.0, Histogram()))
    assert "<table>" in page
    assert "polyline" not in page


def test_limit_of_the_client_stands_out() -> None:
    result = result_of(5)
    result.cpu = 0.97
    assert '<tr class="bad"><th>LIMITED BY THE CLIENT</th>' in load_page.page("Busy", result)


def test_page_of_a_capacity_search_has_a_row_for_each_step() -> None:
    capacity = Capacity([Step(200.0, result_of(90), "p99 is violated"), Step(100.0, result_of(5), "")])
    page = load_page.capacity_page("Capacity search", capacity)
    assert page.index("<th>100</th>") < page.index("<th>200</th>")
    assert "<td>kept</td>" in page
    assert page.count("<polyline") == 2
