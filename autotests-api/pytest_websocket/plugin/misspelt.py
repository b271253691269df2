"""Options of the plugin that are misspelt, on the command line and in pytest.ini."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

Known = Callable[[], set[str]]
"""Returns the names that there are; asked only where one of ours is given."""

_PREFIXES = ("--ws-", "--rfc", "ws_")


def check_arguments(arguments: Iterable[str], known: Known) -> None:
    """Raises pytest.UsageError for the first argument that is nearly a known option."""
    _check((argument.partition("=")[0] for argument in arguments), known, "unknown option")


def check_settings(file: Path | None, known: Known) -> None:
    """Raises pytest.UsageError for the first setting in pytest's ``file`` that is nearly a known one.

    pytest itself warns of it, and runs without it.
    """
    if file is not None:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.partition("=")[0].strip() for line in lines if line.startswith("ws_") and "=" in line]
        _check(names, known, f"{file.name}: unknown setting")


def _check(names: Iterable[str], known: Known, what: str) -> None:
    ours = [name for name in names if name.startswith(_PREFIXES)]
    names_known = known() if ours else set()
    for name in ours:
        if name in names_known:
            continue
        # Needed only here, and this module is imported in every run.
        from difflib import get_close_matches

        # One that is like none of them is another plugin's, or pytest's to refuse.
        if alike := get_close_matches(name, names_known, 1, 0.75):
            raise pytest.UsageError(f"{what} {name}; did you mean {alike[0]}?")
