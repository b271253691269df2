"""The page that drives a browser through the loop."""

from __future__ import annotations

from pytest_websocket.render.pages import render


def page(secure: bool, port: int) -> str:
    """Returns the page; it connects to ``port`` of the host that it was loaded from."""
    return render("wstest_browser.html.j2", scheme="wss" if secure else "ws", port=port)
