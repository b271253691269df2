"""The opening handshake as an HTTP exchange, which Allure shows with a view of its own."""

from __future__ import annotations

import json
from typing import Any

from pytest_websocket.protocol.credentials import MASK
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.http_head import Head, cut
from pytest_websocket.target.secrets import Secrets

MIME = "application/vnd.allure.http+json"
EXTENSION = "httpexchange"
# What the view shows as a padlock instead of a value.
_REDACTED = "__ALLURE_REDACTED__"
_LARGEST_BODY = 16_384


def exchange(conversation: Conversation, secrets: Secrets) -> str:
    """Request, response and duration of a connection's handshake as JSON."""
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
            "url": cut(secrets.url(f"{scheme}://{authority}{request.resource}")),
            "httpVersion": "HTTP/1.1",
            "headers": _headers(request, secrets),
        },
    }
    if response.line:
        data["response"] = {
            "status": response.status,
            "statusText": cut(secrets.mask(response.reason)),
            "httpVersion": "HTTP/1.1",
            "headers": _headers(response, secrets),
        }
        if response.body and response.status != 101:
            data["response"]["body"] = {
                "contentType": "text/plain",
                "encoding": "utf8",
                "value": secrets.mask_bytes(
                    response.body[:_LARGEST_BODY], cut=len(response.body) > _LARGEST_BODY
                ).decode("utf-8", "backslashreplace"),
                "size": len(response.body),
            }
    return json.dumps(data, ensure_ascii=False)


def _headers(head: Head, secrets: Secrets) -> list[dict[str, str]]:
    shown = head.shown(secrets)
    return [{"name": name, "value": _REDACTED if value == MASK else value} for name, value in shown]
