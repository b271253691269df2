"""Renders the opening handshake as an HTTP exchange, which Allure shows with a view of its own."""

from __future__ import annotations

import json
from typing import Any

from pytest_websocket.protocol.credentials import MASK
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.http_head import Head, cut

MIME = "application/vnd.allure.http+json"
EXTENSION = "httpexchange"
# What the view shows as a padlock instead of a value.
_REDACTED = "__ALLURE_REDACTED__"


def exchange(conversation: Conversation) -> str:
    """Returns request, response and duration of a connection's handshake as JSON."""
    request, response = conversation.request, conversation.response
    start = round(conversation.started_at * 1000, 2)
    scheme, _, rest = conversation.url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    data: dict[str, Any] = {
        "schemaVersion": 1,
        "start": start,
        # The view prints every digit that it is given.
        "stop": round(start + (conversation.opened_at or 0) * 1000, 2),
        "request": {
            "method": request.method or "GET",
            "url": cut(f"{scheme}://{authority}{request.resource}"),
            "httpVersion": "HTTP/1.1",
            "headers": _headers(request),
        },
    }
    if response.line:
        data["response"] = {
            "status": response.status,
            "statusText": response.reason,
            "httpVersion": "HTTP/1.1",
            "headers": _headers(response),
        }
        if response.body and response.status != 101:
            data["response"]["body"] = {
                "contentType": "text/plain",
                "encoding": "utf8",
                "value": response.body.decode("utf-8", "backslashreplace"),
                "size": response.body_size,
            }
    return json.dumps(data, ensure_ascii=False)


def _headers(head: Head) -> list[dict[str, str]]:
    return [{"name": name, "value": _REDACTED if value == MASK else value} for name, value in head.listed]
