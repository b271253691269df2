"""Profiles: a TOML file that says how a target is entered and what it speaks."""

from __future__ import annotations

import difflib
import json
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_websocket.target.login import Step, Steps
from pytest_websocket.target.patterns import Pattern

KEYS = (
    *("url", "request", "reply", "binary", "exchange", "no_echo", "greetings", "ignore", "login"),
    *("header", "origin", "subprotocol", "ca", "cert", "key", "insecure", "proxy"),
    *("max_message", "max_rate", "timeout", "time_scale"),
)
"""The names that a profile may have: those of the options, without ``ws_``."""

FILES = ("ca", "cert", "key")
STEP_KEYS = ("send", "expect", "capture")


@dataclass(frozen=True)
class Profile:
    """The values of a profile, as options spell them, and its login by steps."""

    path: Path
    values: dict[str, list[str]] = field(default_factory=dict)
    login: Steps | None = None


@lru_cache
def read_profile(path: Path) -> Profile:
    """Returns the profile in a file. Raises ValueError with one line that says what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path.name} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is no TOML: {error}") from None
    values: dict[str, list[str]] = {}
    login = None
    for given, value in content.items():
        key = _known(given.replace("-", "_").removeprefix("ws_"), given, KEYS, path.name)
        if key == "login" and isinstance(value, list):
            login = Steps(tuple(_step(step, number, path.name) for number, step in enumerate(value, 1)))
        else:
            values[key] = _texts(key, value, path)
    return Profile(path, values, login)


def _known(key: str, given: str, keys: tuple[str, ...], name: str) -> str:
    if key in keys:
        return key
    if key.removesuffix("s") in keys:
        return key.removesuffix("s")
    near = difflib.get_close_matches(key, keys, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(keys)}"
    raise ValueError(f"{name}: unknown key {given!r}; {hint}")


def _texts(key: str, value: Any, path: Path) -> list[str]:
    """Returns the value of a key as the texts of its option."""
    if key == "header" and isinstance(value, dict):
        return [f"{name}: {text}" for name, text in value.items()]
    texts = [_text(one) for one in (value if isinstance(value, list) else [value])]
    if key == "exchange":
        return ["\n".join(texts)]
    if key in FILES:
        return [str(path.parent / text) for text in texts]
    return texts


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    # An object or an array is JSON; so are true and false, which switches are read from.
    return json.dumps(value, ensure_ascii=False)


def _step(step: Any, number: int, name: str) -> Step:
    where = f"{name}, step {number} of the login"
    if not isinstance(step, dict):
        raise ValueError(f"{where}: expected a table with {', '.join(STEP_KEYS)}")
    for key in step:
        _known(key, key, STEP_KEYS, where)
    capture = step.get("capture", {})
    if not isinstance(capture, dict):
        raise ValueError(f'{where}: expected capture = {{ name = "path.in.the.message" }}')
    expect = _text(step["expect"]) if "expect" in step else ""
    if expect:
        try:
            Pattern(expect)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    return Step(
        send=_text(step["send"]) if "send" in step else "",
        expect=expect,
        capture=tuple((str(key), str(value)) for key, value in capture.items()),
    )
