"""A test's conversations as one HTML page without script: who said what, when, how big, and how it ended."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.escaping import milliseconds, size, text_html
from pytest_websocket.render.frame_table import Limits, table
from pytest_websocket.render.http_head import Head, cut
from pytest_websocket.render.latency import plot
from pytest_websocket.render.roundtrips import quantile
from pytest_websocket.render.stylesheet import minified
from pytest_websocket.render.timeline import lanes
from pytest_websocket.target.secrets import Secrets

LARGEST_PAGE = 190_000
LARGEST_OF_A_PASSED = 60_000
MOST_CONNECTIONS = 12
# The fuller the page, the less of each payload.
_LIMITS = (Limits(400, 4096), Limits(400, 600), Limits(200, 160), Limits(100, 120), Limits(60, 80))
_SMALLEST_ROW = 370
_LARGEST_BODY = 4096
_HUES = (212, 30, 280, 150, 340, 50, 190, 90)
_STYLE = minified(Path(__file__).with_name("transcript.css").read_text(encoding="utf-8"))


def page(
    conversations: Sequence[Conversation], secrets: Secrets, *, more: int = 0, largest: int = LARGEST_PAGE
) -> str:
    """The page for the connections of a test, of at most ``largest`` bytes.

    ``more`` connections were opened that are not shown; `chosen` picks those that are.
    """
    written = ""
    for limits in _LIMITS:
        if limits is not _LIMITS[-1] and _least(conversations, limits) > largest:
            continue
        written = _page(conversations, secrets, limits, more)
        if len(written.encode("utf-8", "replace")) <= largest:
            break
    return written


def _least(conversations: Sequence[Conversation], limits: Limits) -> int:
    """Bytes that a page cannot be smaller than, to be known before it is written."""
    frames = [frame for conversation in conversations for frame in conversation.frames]
    half = limits.rows // 2
    shown = frames if len(frames) <= limits.rows else [*frames[:half], *frames[-half:]]
    return sum(_SMALLEST_ROW + min(len(frame.data), limits.payload) for frame in shown)


def chosen(count: int) -> list[int]:
    """Which of ``count`` connections are shown: the first show how it began, the last how it ended."""
    if count <= MOST_CONNECTIONS:
        return list(range(count))
    return [*range(MOST_CONNECTIONS - 4), *range(count - 4, count)]


def _page(conversations: Sequence[Conversation], secrets: Secrets, limits: Limits, more: int) -> str:
    if len(conversations) == 1:
        body = [_single(conversations[0], secrets)]
    else:
        body = [_several(conversations, secrets, more)]
    trips = sorted(
        (trip for conversation in conversations for trip in conversation.trips),
        key=lambda trip: trip.answer.at,
    )
    body.append(lanes(conversations))
    if drawn := plot(trips):
        body.append(f'<details class="card"><summary>Latency</summary>{drawn}</details>')
    omitted = sum(conversation.omitted for conversation in conversations)
    if omitted:
        body.append(f'<p class="m">{omitted:,} earlier frames were not kept; the totals count them.</p>')
    if any(conversation.frames or conversation.notes for conversation in conversations):
        body += [_filters(conversations), table(conversations, secrets, limits)]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>WebSocket conversation</title>'
        f"<style>{_STYLE}{_filter_style(len(conversations))}</style></head>"
        f"<body>{''.join(body)}</body></html>"
    )


def _single(conversation: Conversation, secrets: Secrets) -> str:
    return (
        f'<div class="head"><b>{text_html(secrets.url(conversation.url))}</b>{_chips(conversation)}</div>'
        + _details(conversation, secrets)
    )


def _several(conversations: Sequence[Conversation], secrets: Secrets, more: int) -> str:
    urls = sorted({secrets.url(conversation.url) for conversation in conversations})
    where = text_html(urls[0]) if len(urls) == 1 else f"{len(urls)} addresses"
    count = f'<span class="chip">{len(conversations) + more:,} connections</span>'
    cards = "".join(
        f'<details class="card"><summary><span class="w{index % 8}"><span class="k"></span></span>'
        f"{text_html(conversation.name)} {_chips(conversation)} "
        f'<span class="m">{text_html(secrets.mask(conversation.ending.words))}</span></summary>'
        f"{_details(conversation, secrets)}</details>"
        for index, conversation in enumerate(conversations)
    )
    left_out = f'<p class="m">{more:,} connections more are not shown.</p>' if more else ""
    return f'<div class="head"><b>{where}</b>{count}</div>{cards}{left_out}'


def _details(conversation: Conversation, secrets: Secrets) -> str:
    return _facts(conversation) + _end(conversation, secrets) + _handshake(conversation, secrets)


def _chips(conversation: Conversation) -> str:
    response = conversation.response
    if not response.line:
        return '<span class="chip no">no response</span>'
    kind = "ok" if response.status == 101 else "no"
    chips = [f'<span class="chip {kind}">{text_html(cut(response.line.partition(" ")[2]))}</span>']
    agreed = (response.get(name) for name in ("Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"))
    chips += [f'<span class="chip">{text_html(cut(value))}</span>' for value in agreed if value]
    return "".join(chips)


def _facts(conversation: Conversation) -> str:
    totals = conversation.totals
    facts = []
    if conversation.opened_at:
        facts.append((f"{milliseconds(conversation.opened_at)} ms", "to open"))
    facts += [
        (f"{totals.frames_sent:,} ↑", f"frames sent, {size(totals.bytes_sent)} in all"),
        (f"{totals.frames_received:,} ↓", f"frames received, {size(totals.bytes_received)} in all"),
    ]
    times = [trip.seconds for trip in conversation.trips]
    if times:
        of_many = f" p50 of {len(times)}, max {milliseconds(max(times))} ms" if len(times) > 1 else ""
        facts.append((f"{milliseconds(quantile(times, 0.5))} ms", f"round trip{of_many}"))
    if conversation.ended_at is not None:
        facts.append((f"{milliseconds(conversation.ended_at)} ms", "from start to end"))
    boxes = "".join(f"<div><b>{value}</b><span>{meaning}</span></div>" for value, meaning in facts)
    return f'<div class="facts">{boxes}</div>'


def _end(conversation: Conversation, secrets: Secrets) -> str:
    kind = "" if conversation.ending.clean else " odd" if conversation.ending.by_server else " left"
    words = text_html(secrets.mask(conversation.ending.words))
    broken = sum(bool(frame.violation) for frame in conversation.frames)
    if broken:
        kind = " bad"
        words += f' <span class="x">{broken} received frame{"s" * (broken > 1)} broke the protocol.</span>'
    return f'<div class="end{kind}">{words}</div>'


def _handshake(conversation: Conversation, secrets: Secrets) -> str:
    if not conversation.request.line:
        return ""
    response = conversation.response
    answer = _head(response, secrets) if response.line else '<p class="m">No response came.</p>'
    if response.body and response.status != 101:
        body = secrets.mask_bytes(response.body[:_LARGEST_BODY], cut=len(response.body) > _LARGEST_BODY)
        answer += f"<pre>{text_html(body.decode('utf-8', 'surrogateescape'))}</pre>"
    request = _head(conversation.request, secrets)
    return f'<details class="card"><summary>Handshake</summary>{request}{answer}</details>'


def _head(head: Head, secrets: Secrets) -> str:
    headers = "".join(
        f"<b>{text_html(name)}</b><span>{text_html(value)}</span>" for name, value in head.shown(secrets)
    )
    return f'<div class="mono">{text_html(cut(secrets.url(head.line)))}</div><div class="hs">{headers}</div>'


def _filters(conversations: Sequence[Conversation]) -> str:
    """Radio buttons that CSS alone turns into filters: a group for the kind, one for the connection."""
    choices = [("fa", "All"), ("fs", "↑ Sent"), ("fg", "↓ Received"), ("fc", "Control")]
    inputs, bars = _radios("f", choices), _bar(choices)
    if len(conversations) > 1:
        names = ((f"k{index}", conversation.name) for index, conversation in enumerate(conversations))
        choices = [("ka", "Everyone"), *names]
        inputs, bars = inputs + _radios("k", choices), bars + _bar(choices)
    return inputs + bars


def _radios(group: str, choices: Sequence[tuple[str, str]]) -> str:
    return "".join(
        f'<input type="radio" name="{group}" id="{name}"{" checked" if index == 0 else ""}>'
        for index, (name, _) in enumerate(choices)
    )


def _bar(choices: Sequence[tuple[str, str]]) -> str:
    labels = "".join(f'<label for="{name}">{html.escape(text)}</label>' for name, text in choices)
    return f'<div class="bar">{labels}</div>'


def _filter_style(connections: int) -> str:
    names = ["fa", "fs", "fg", "fc"]
    hidden = ["#fs:checked~table .g", "#fg:checked~table .s", "#fc:checked~table tbody tr:not(.c)"]
    colours = ""
    if connections > 1:
        names += ["ka", *(f"k{index}" for index in range(connections))]
        hidden += [f"#k{index}:checked~table tbody tr:not(.k{index})" for index in range(connections)]
        colours = "".join(f".w{index}{{--c:hsl({hue} 70% 52%)}}" for index, hue in enumerate(_HUES))
    chosen_labels = ",".join(f"#{name}:checked~.bar [for={name}]" for name in names)
    return (
        f"{colours}{chosen_labels}{{background:#2f7df6;color:#fff;border-color:#2f7df6}}"
        f"{','.join(hidden)}{{display:none}}"
    )
