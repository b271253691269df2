"""The options of the security cases: who may come in, how much is sent, what a weakness does to the run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from pytest_websocket.plugin.option_values import read_flag
from pytest_websocket.plugin.options import Option, option_value

if TYPE_CHECKING:
    from pytest_websocket.protocol.weaknesses import Weakness

FACTORS = {"low": 0.1, "normal": 1.0, "high": 4.0}
"""By how much the counts of the security cases are multiplied."""


def _verdict(text: str) -> str:
    if text not in {"report", "fail"}:
        raise ValueError("expected report or fail")
    return text


def _intensity(text: str) -> str:
    if text not in FACTORS:
        raise ValueError(f"expected {', '.join(FACTORS)}")
    return text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    whole = re.fullmatch(r"https?://[^/?#\s@]+", text)
    if whole is None or not parts.hostname or not text.isascii():
        raise ValueError("expected an origin as a browser sends it, https://app.example, without a path")
    return text


SECURITY_OPTIONS = (
    Option(
        "ws-security",
        "what a weakness does to the run: report, or fail; default: those of low severity are reported, "
        "the others fail",
        "HOW",
        _verdict,
    ),
    Option("ws-sarif", "write the weaknesses to this file, as SARIF 2.1.0 for code scanning", "FILE"),
    Option(
        "ws-allowed-origin",
        "an origin whose pages may connect; with one, cases judge whether pages of others get in; repeatable",
        "ORIGIN",
        _origin,
        many=True,
    ),
    Option(
        "ws-intensity",
        "how much the security cases send: low, normal (default) or high",
        "LEVEL",
        _intensity,
    ),
    Option(
        "ws-i-own-this",
        "run the security cases against a server that is neither on this machine nor in a private network",
        read=read_flag,
    ),
)


def fails_the_run(config: pytest.Config, weakness: Weakness) -> bool:
    """Returns whether a weakness that was found fails its case, or is reported as an expected failure.

    Without ``--ws-security`` a low one fails where the server is that of this repository, and with
    ``--ws-strict``; others always fail.
    """
    how = option_value(config, "ws-security")
    if how is not None:
        return bool(how == "fail")
    # Imported only where there is a weakness: this module is in every run of the environment.
    from pytest_websocket.protocol.weaknesses import Severity

    if weakness.severity is not Severity.LOW:
        return True
    is_of_others = any(option_value(config, name) for name in ("ws-url", "ws-command", "ws-app"))
    return bool(option_value(config, "ws-strict")) or not is_of_others
