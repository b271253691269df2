"""Results of loads: wrong replies, thresholds, the capacity search, histograms."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from pytest_websocket.load.capacity_search import MAX_STEPS, search_capacity
from pytest_websocket.load.histogram import Histogram, log_of
from pytest_websocket.load.pending_replies import PendingReplies, WrongReplies
from pytest_websocket.load.result import Result
from pytest_websocket.load.thresholds import Threshold
from pytest_websocket.load.workload import MessageKind, Workload, identity_in, payload_writer
from pytest_websocket.plugin.load import answer_of
from pytest_websocket.plugin.load_options import LOAD_OPTIONS
from pytest_websocket.protocol.frames import BINARY, TEXT
from pytest_websocket.target.target import Target

pytest.importorskip("hdrh", reason="pip install pytest-websocket[load]")


def test_identity_is_found_in_a_reply() -> None:
    payload = payload_writer(MessageKind(TEXT, 40))(17, 4)
    assert len(payload) == 40
    assert identity_in("Сервер получил: ".encode() + payload) == (17, 4)
    assert identity_in(b"hello") is None


def test_small_message_is_as_long_as_its_identity() -> None:
    assert payload_writer(MessageKind(TEXT, 1))(1, 2) == b"u1m2 "


def test_only_the_first_hundred_wrong_replies_are_listed() -> None:
    wrong_replies = WrongReplies()
    pending = PendingReplies(1, wrong_replies)
    for number in range(1000):
        pending.match(TEXT, b"u1m%d " % number)
    assert wrong_replies.counts == Counter(duplicated=1000)
    assert len(wrong_replies.listed) == 100


def test_replies_that_stay_out_are_taken_for_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_websocket.load.pending_replies.MAX_OVERTAKEN", 2)
    wrong = WrongReplies()
    pending = PendingReplies(7, wrong)
    pending.replies.extend((number, 0, 0, 1, b"%d" % number) for number in range(6))
    assert pending.match(1, b"4") is not None
    assert (pending.dropped, wrong.counts["lost"]) == (2, 2)
    assert wrong.listed[0].startswith("lost: user 7: no reply to message 0 (")
    assert pending.match(1, b"2") is not None
    assert pending.give_up("the end") == 2


def test_workload_spreads_its_kinds_by_weight() -> None:
    workload = Workload.parse("text:100=3,binary:1k=1")
    kinds = workload.cycle()
    assert [next(kinds).size for _ in range(8)] == [100, 100, 1024, 100, 100, 100, 1024, 100]
    assert str(workload) == "75% text of 100 bytes, 25% binary of 1024 bytes"
    assert workload.largest == 1024


@pytest.mark.parametrize("text", ["", "text", "text:1=0", "json:5", "text:-1", "text:1kk"])
def test_workload_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Workload.parse(text)


def result_of(*milliseconds: int, **figures: Any) -> Result:
    latency, connect = Histogram(), Histogram()
    for value in milliseconds:
        latency.record(value * 1000)
        connect.record(value * 2000)
    return Result(1, 100.0, 1.0, connect, latency=latency, received=len(milliseconds), sent=100, **figures)


@pytest.mark.parametrize(
    "text, kept",
    [
        ("p50=3ms", True),
        ("p50=1ms", False),
        ("p99=0.1s", True),
        ("p99=99ms", False),
        ("max=100ms", True),
        ("mean=10ms", False),
        ("connect.p50=3ms", False),
        ("connect.p50=4ms", True),
        ("rate=4", True),
        ("rate=5", False),
        ("errors=0", True),
    ],
)
def test_threshold_is_kept_or_violated(text: str, kept: bool) -> None:
    found = Threshold.parse(text).violation_of(result_of(1, 2, 3, 100))
    assert bool(found) is not kept, found


@pytest.mark.parametrize(
    "text", ["", "p99", "p99=5", "p5=1ms", "errors=1ms", "rate=1s", "connect.rate=1", "x=1"]
)
def test_threshold_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Threshold.parse(text)


def test_violated_threshold_says_limit_and_value() -> None:
    found = Threshold.parse("p99=50ms").violation_of(result_of(120))
    assert found == "p99 at most 50.0 ms is violated: 120 ms"


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("ws-users", "10_000", 10_000),
        ("ws-rate", "500/s", 500.0),
        ("ws-duration", "5m", 300.0),
        ("ws-duration", "2.5s", 2.5),
        ("ws-ramp", "100", 100.0),
    ],
)
def test_size_of_a_load_is_read_with_its_units(name: str, text: str, value: float) -> None:
    option = next(option for option in LOAD_OPTIONS if option.name == name)
    assert option.read(text) == value


@pytest.mark.parametrize("name, text", [("ws-users", "0"), ("ws-rate", "fast"), ("ws-duration", "2w")])
def test_size_that_cannot_be_read_is_refused(name: str, text: str) -> None:
    option = next(option for option in LOAD_OPTIONS if option.name == name)
    with pytest.raises(ValueError, match="expected"):
        option.read(text)


@pytest.mark.parametrize(
    "target",
    [
        Target("ws://x"),
        Target("ws://x", reply="{message}"),
        Target("ws://x", reply="{message} and {message}"),
        Target("ws://x", reply="always the same"),
        Target("ws://x", binary="plain"),
        Target("ws://x", binary="none"),
        Target("ws://x", binary="text:got {message}"),
    ],
    ids=["lesson", "plain echo", "twice", "constant", "plain bytes", "no bytes", "text for bytes"],
)
def test_answer_in_bytes_is_the_answer_of_the_target(target: Target) -> None:
    answer = answer_of(target)
    text = target.answer("Ёж")
    assert isinstance(text, str)
    assert answer(TEXT, "Ёж".encode()) == (TEXT, text.encode())
    reply = target.answer(b"\x00\xff")
    opcode = TEXT if isinstance(reply, str) else BINARY
    expected = None if reply is None else (opcode, reply.encode() if isinstance(reply, str) else reply)
    assert answer(BINARY, b"\x00\xff") == expected


async def test_capacity_is_found_between_two_rates() -> None:
    async def load(rate: float) -> Result:
        return result_of(*([5] if rate <= 1000 else [500]))

    capacity = await search_capacity(load, [Threshold.parse("p99=50ms")], start=100)
    assert 833 <= capacity.rate <= 1000
    assert len(capacity.steps) <= MAX_STEPS


async def test_capacity_is_found_below_the_start_of_the_search() -> None:
    async def load(rate: float) -> Result:
        return result_of(*([5] if rate <= 100 else [500]))

    capacity = await search_capacity(load, [Threshold.parse("p99=50ms")], start=1000)
    assert 83 <= capacity.rate <= 100


async def test_search_ends_where_no_rate_is_kept() -> None:
    async def load(rate: float) -> Result:
        return result_of(500)

    capacity = await search_capacity(load, [Threshold.parse("p99=50ms")], start=3200)
    assert (capacity.rate, min(step.rate for step in capacity.steps)) == (0.0, 100.0)
    assert not capacity.limited_by_client


async def test_search_that_the_client_limits_says_so() -> None:
    async def load(rate: float) -> Result:
        return result_of(5, cpu=1.0 if rate > 500 else 0.2)

    capacity = await search_capacity(load, [Threshold.parse("p99=50ms")], start=100)
    assert capacity.limited_by_client


@pytest.mark.parametrize(
    "figures, words",
    [
        ({"cpu": 0.97}, "97% of a core"),
        ({"rate": 200.0}, "100 of 200 messages per second"),
    ],
)
def test_result_that_the_client_limits_says_so(figures: dict[str, float], words: str) -> None:
    result = result_of(5)
    for name, value in figures.items():
        setattr(result, name, value)
    assert words in " ".join(result.client_limits)
    assert "LIMITED BY THE CLIENT" in str(result)


def test_late_sending_is_the_clients_limit() -> None:
    result = result_of(5)
    result.late.record(4000)
    assert "later than due" in result.client_limits[0]


def test_percentiles_are_those_of_the_counted_durations() -> None:
    histogram = Histogram()
    histogram.add(Counter({number * 1000: 1 for number in range(1, 1001)}))
    histogram.record(-5)
    assert len(histogram) == 1001
    assert histogram.percentile(50) == pytest.approx(0.5, rel=0.01)
    assert histogram.percentile(99.9) == pytest.approx(0.999, rel=0.01)
    assert histogram.longest == pytest.approx(1.0, rel=0.01)


def test_figures_are_there_for_programs_too() -> None:
    figures = json.loads(json.dumps(result_of(1, 2, 3, 100).figures()))
    assert figures["round_trip"]["p50"] == pytest.approx(0.002, rel=0.01)
    assert figures["connect"]["max"] == pytest.approx(0.2, rel=0.01)
    assert (figures["answered"], figures["errors"], figures["wrong_replies"]) == (4, {}, {})


def test_packed_histogram_says_the_same_and_can_be_added_to() -> None:
    histogram = Histogram()
    histogram.add(Counter({1000: 5, 9000: 1}))
    figures = histogram.percentile(50), histogram.longest, list(histogram.counts())
    histogram.pack()
    assert (histogram.percentile(50), histogram.longest, list(histogram.counts())) == figures
    histogram.record(1000)
    assert len(histogram) == histogram.hdr.get_total_count() == 7


def test_histogram_log_has_a_line_for_every_second() -> None:
    histogram = Histogram()
    histogram.record(1500)
    lines = [
        line for line in log_of([(0.0, 1.0, histogram), (1.0, 2.0, histogram)]).splitlines() if "HIST" in line
    ]
    assert len(lines) == 2
