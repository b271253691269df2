"""Profiles: a TOML file that says how a target is entered and what it speaks."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from pytest_websocket.target.identities import Identities, Identity, Logout
from pytest_websocket.target.login import Step, Steps
from pytest_websocket.target.patterns import Pattern

KEYS = (
    *(
        "url",
        "request",
        "reply",
        "binary",
        "exchange",
        "no_echo",
        "any_order",
        "greetings",
        "ignore",
        "login",
    ),
    *("header", "origin", "subprotocol", "ca", "cert", "key", "insecure", "proxy"),
    *("max_message", "max_rate", "timeout", "time_scale"),
    *("expired", "single_use", "other_user", "logout", "private", "denied"),
)
"""The names that a profile may have: those of the options, without ``ws_``."""

IDENTITIES = ("expired", "single_use", "other_user", "logout")
"""Tables of a profile: identities, which the security cases try."""

IDENTITY_KEYS = ("header", "query", "login", "request", "capture")
LOGOUT_KEYS = (*IDENTITY_KEYS, "steps")
FILES = ("ca", "cert", "key")
STEP_KEYS = ("send", "expect", "capture")


@dataclass(frozen=True)
class Profile:
    """The values of a profile, as options spell them, its login by steps, and its identities."""

    path: Path
    values: dict[str, list[str]] = field(default_factory=dict)
    login: Steps | None = None
    identities: Identities = field(default_factory=Identities)


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
    identities: dict[str, Any] = {}
    for given, value in content.items():
        key = _known(given.replace("-", "_").removeprefix("ws_"), given, KEYS, path.name)
        if key == "login" and isinstance(value, list):
            login = Steps(_steps(value, path.name, "the login"))
        elif key == "private":
            identities[key] = _private(value, path.name)
        elif key == "denied":
            identities[key] = _denied(value, path.name)
        elif key == "logout":
            identities[key] = _logout(value, path.name)
        elif key in IDENTITIES:
            identities[key] = _identity(key, value, IDENTITY_KEYS, path.name)
        else:
            values[key] = _texts(key, value, path)
    return Profile(path, values, login, Identities(**identities))


def _identity(key: str, value: Any, keys: tuple[str, ...], name: str) -> Identity:
    where = f"{name}, [{key}]"
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected a table with {', '.join(keys)}")
    value = {_known(given, given, keys, where): one for given, one in value.items()}
    request = _text(value.get("request", ""))
    if request and not re.fullmatch(r"[A-Z]+ /[!-~]*", request):
        raise ValueError(f"{where}: expected a request as POST /path, to the target itself")
    header, capture = value.get("header", {}), value.get("capture", {})
    if not isinstance(header, dict) or not isinstance(capture, dict):
        raise ValueError(f"{where}: expected tables: header = {{ Cookie = … }}, capture = {{ ticket = … }}")
    steps = value.get("login")
    return Identity(
        headers=tuple((str(known), _text(text)) for known, text in header.items()),
        query=_text(value.get("query", "")).removeprefix("?"),
        login=Steps(_steps(steps, where, "the login")) if steps else None,
        request=request,
        capture=tuple((str(known), str(text)) for known, text in capture.items()),
    )


def _logout(value: Any, name: str) -> Logout:
    identity = _identity("logout", value, LOGOUT_KEYS, name)
    steps = _steps(value.get("steps", []), name, "the logout")
    if not identity.request and not steps:
        raise ValueError(f'{name}, [logout]: expected request = "POST /logout", or steps')
    return Logout(replace(identity, request="", capture=()), identity.request, steps)


def _private(value: Any, name: str) -> tuple[Step, ...]:
    steps = _steps(value, name, "[[private]]")
    if not all(step.send and step.expect for step in steps):
        raise ValueError(f"{name}, [[private]]: expected send and expect in each")
    return steps


def _denied(value: Any, name: str) -> str:
    path = _text(value)
    if not re.fullmatch(r"/[!-~]*", path):
        raise ValueError(f'{name}, denied: expected a path, as in denied = "/internal"')
    return path


def _steps(value: Any, name: str, of: str) -> tuple[Step, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name}, {of}: expected a list of tables with {', '.join(STEP_KEYS)}")
    return tuple(_step(step, f"{name}, step {number} of {of}") for number, step in enumerate(value, 1))


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


def _step(step: Any, where: str) -> Step:
    if not isinstance(step, dict):
        raise ValueError(f"{where}: expected a table with {', '.join(STEP_KEYS)}")
    step = {_known(given, given, STEP_KEYS, where): one for given, one in step.items()}
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
