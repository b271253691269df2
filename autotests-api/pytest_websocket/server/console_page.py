"""The console page: files of ``console/``, served over plain HTTP on the port of the WebSocket server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Response

FOLDER = Path(__file__).with_name("console")

_FILES = {"/": "index.html", "/console.css": "console.css", "/console.js": "console.js"}
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}

Pages = Mapping[str, tuple[str, bytes]]
"""MIME type and content by request path."""


def read_pages() -> Pages:
    """Reads the files of the page. Raises FileNotFoundError when one is missing."""
    return {path: (_TYPES[Path(name).suffix], (FOLDER / name).read_bytes()) for path, name in _FILES.items()}


def response_with(kind: str, body: bytes) -> Response:
    """Returns the HTTP response that carries one file; its policy lets no script run but the page's own."""
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src data:; connect-src ws: wss:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'",
    }
    return Response(200, "OK", Headers(headers), body)
