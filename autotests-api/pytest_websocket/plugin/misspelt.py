"""Options of the plugin that are misspelt, on the command line and in pytest.ini."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

_PREFIXES = ("--ws-", "--rfc", "ws_")
_SETTING = re.compile(r"^(ws_\w+)\s*=", re.MULTILINE)


def check_arguments(arguments: Iterable[str], known: Iterable[str]) -> None:
    """Raises pytest.UsageError for the first argument that is nearly a known option."""
    _check((argument.partition("=")[0] for argument in arguments), set(known), "unknown option")


def check_settings(file: Path | None, known: Iterable[str]) -> None:
    """Raises pytest.UsageError for the first setting in pytest's ``file`` that is nearly a known one.

    pytest itself warns of it, and runs without it.
    """
    if file is not None:
        names = _SETTING.findall(file.read_text(encoding="utf-8", errors="replace"))
        _check(names, set(known), f"{file.name}: unknown setting")


def _check(names: Iterable[str], known: set[str], what: str) -> None:
    for name in names:
        if not name.startswith(_PREFIXES) or name in known:
            continue
        # Needed only here, and this module is imported in every run.
        from difflib import get_close_matches

        # One that is like none of them is another plugin's, or pytest's to refuse.
        if alike := get_close_matches(name, known, 1, 0.75):
            raise pytest.UsageError(f"{what} {name}; did you mean {alike[0]}?")
