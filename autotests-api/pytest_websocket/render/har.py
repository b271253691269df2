"""Renders conversations as an HTTP archive: Chrome's developer tools (Network, import) show the frames."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pytest_websocket.protocol.frames import BINARY, CLOSE, TEXT
from pytest_websocket.recording import FrameRecord
from pytest_websocket.render.close_summary import describe
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.escaping import decoded
from pytest_websocket.render.http_head import Head

_MOST_MESSAGES = 400
_LONGEST = 2048


def archive(conversations: Sequence[Conversation]) -> str:
    """Returns all connections of a test as entries of one archive, with Chrome's ``_webSocketMessages``."""
    log = {
        "version": "1.2",
        "creator": {"name": "pytest-websocket", "version": "1"},
        "pages": [],
        "entries": [_entry(number, conversation) for number, conversation in enumerate(conversations, 1)],
    }
    return json.dumps({"log": log}, ensure_ascii=False, separators=(",", ":"))


def _entry(number: int, conversation: Conversation) -> dict[str, Any]:
    opened = round((conversation.opened_at or 0.0) * 1000, 3)
    whole = max(round(conversation.length * 1000, 3), opened)
    started = datetime.fromtimestamp(conversation.started_at, UTC).isoformat(timespec="milliseconds")
    response = conversation.response
    return {
        "startedDateTime": started.replace("+00:00", "Z"),
        "time": whole,
        "connection": str(number),
        "_resourceType": "websocket",
        "_webSocketMessages": [
            _message(conversation, frame) for frame in conversation.frames[:_MOST_MESSAGES]
        ],
        "cache": {},
        "request": {
            "method": conversation.request.method or "GET",
            "url": conversation.url,
            "httpVersion": "HTTP/1.1",
            "headers": _headers(conversation.request),
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": response.status,
            "statusText": response.reason,
            "httpVersion": "HTTP/1.1",
            "headers": _headers(response),
            "cookies": [],
            "content": {"size": 0, "mimeType": "x-unknown"},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
        },
        "timings": {"blocked": 0, "send": 0, "wait": opened, "receive": round(whole - opened, 3)},
    }


def _message(conversation: Conversation, frame: FrameRecord) -> dict[str, Any]:
    data = bytes(frame.data[:_LONGEST])
    opcode = frame.opcode
    if frame.opcode == CLOSE:
        shown = describe(data)
    elif frame.value:
        # A text opcode, so that Chrome shows it as text and not as a hex dump.
        opcode, shown = TEXT, frame.value[:_LONGEST]
    elif frame.opcode == BINARY:
        shown = base64.b64encode(data).decode()
    else:
        shown = decoded(data, cut=len(data) < frame.size).encode("utf-8", "backslashreplace").decode()
    return {
        "type": "send" if frame.sent else "receive",
        "time": round(conversation.started_at + frame.at, 6),
        "opcode": opcode,
        "data": shown,
    }


def _headers(head: Head) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in head.listed]
