"""Renders what a run was made of as a page: target, tools, options."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_websocket.render.pages import render


def page(facts: Mapping[str, str], options: Mapping[str, str]) -> str:
    """Returns the page; both mappings are free of credentials."""
    return render("environment.html.j2", facts=facts, options=options)
