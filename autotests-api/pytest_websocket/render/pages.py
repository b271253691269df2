"""Renders the templates of this package; what they are given is text, and they escape it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pytest_websocket.render.escaping import Piece, is_plain, milliseconds, pieces, size


class _Loader(FileSystemLoader):
    """Loads templates, style sheets without indentation and line breaks: they stand in thousands of pages."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, is_current = super().get_source(environment, template)
        return " ".join(source.split()) if template.endswith(".css") else source, path, is_current


_environment = Environment(
    loader=_Loader(Path(__file__).with_name("templates")),
    autoescape=True,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def render(template: str, **values: Any) -> str:
    """Returns the text that a template makes of ``values``.

    Lone surrogates stay; whoever writes the text to a file decides what becomes of them.
    """
    return _environment.get_template(template).render(values)


def visible(text: str, *, one_line: bool = False) -> Markup:
    """Returns ``text`` as HTML in which control, format and blank characters can be seen.

    ``one_line`` puts a space in place of each line feed, after its mark.
    """
    if is_plain(text):
        return escape(text)
    return _marked(pieces(text), one_line=one_line)


def _marked(found: Iterable[Piece], *, one_line: bool) -> Markup:
    macro: Any = _environment.get_template("visible.html.j2").module
    marked: Markup = macro.marked(found, " " if one_line else "\n")
    return marked


def cell(text: str) -> Markup:
    """Returns ``text`` for a cell of a Markdown table: one line, neither markup nor a mention in it."""
    line = html.escape(" ".join(text.split()), quote=False)
    return Markup(re.sub(r"([\\|`*_\[\]~#])", r"\\\1", line).replace("@", "@\u200b"))  # noqa: S704  # escaped above


_environment.filters |= {
    "visible": visible,
    "cell": cell,
    "size": size,
    "ms": milliseconds,
    "thousands": lambda number: f"{number:,}",
}
