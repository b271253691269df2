"""Logins by messages: steps of a profile, or a function, run over any kind of connection."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pytest_websocket.protocol.message_kinds import DISCRIMINATORS
from pytest_websocket.target.patterns import Pattern, has_members, is_json, json_value
from pytest_websocket.target.written import MSGPACK, message_of, unpacked
from pytest_websocket.text import Message, preview, quantity

MAX_PASSED_OVER = 1_000
"""Messages that an expectation of a login passes over at most."""

Wanted = str | Pattern | Mapping[str, Any] | Callable[[Any], Any]


class LoginFailed(AssertionError):
    """Raised when a login does not go as its steps say, with the reason in words; it names no secret."""


class Conversation:
    """What a login sends and receives, over the connection of a client, a raw one, or one of a load.

    Every wait has the deadline of the connection. What is sent is a secret of the run.
    """

    def __init__(
        self,
        send: Callable[[Message], Awaitable[None]],
        receive: Callable[[], Awaitable[Message]],
        learn: Callable[[str], None],
    ) -> None:
        self._send = send
        self._receive = receive
        self._learn = learn

    async def send(self, message: Message) -> None:
        """Sends text (str) or binary (bytes)."""
        for secret in _secrets_in(message):
            self._learn(secret)
        await self._send(message)

    async def send_json(self, value: Any) -> None:
        """Sends ``value`` as JSON text."""
        await self.send(json.dumps(value, ensure_ascii=False))

    async def receive(self) -> Message:
        """Returns the next message."""
        return await self._receive()

    async def receive_json(self) -> Any:
        """Returns the next message, read as JSON. Raises LoginFailed where it is not."""
        message = await self.receive()
        if not isinstance(message, str) or not is_json(message):
            raise LoginFailed(f"expected JSON, received {preview(message)}")
        return json.loads(message)

    async def expect(self, wanted: Wanted) -> Message:
        """Returns the next message that is ``wanted``, and passes over those before it.

        ``wanted`` is a pattern as in ``--ws-ignore``, a mapping of JSON members, or a condition.
        """
        passed: list[Message] = []
        while len(passed) < MAX_PASSED_OVER:
            try:
                message = await self._receive()
            except (AssertionError, OSError) as error:
                shown = f"; before it came {', '.join(map(preview, passed[-3:]))}" if passed else ""
                reason = str(error).partition("\n")[0]
                raise LoginFailed(f"expected {_described(wanted)}: {reason}{shown}") from error
            if _is(wanted, message):
                return message
            passed.append(message)
        raise LoginFailed(f"expected {_described(wanted)}, received {quantity(len(passed), 'other message')}")


def _is(wanted: Wanted, message: Message) -> bool:
    if isinstance(wanted, str):
        return Pattern(wanted).matches(message)
    if isinstance(wanted, Pattern):
        return wanted.matches(message)
    if isinstance(wanted, Mapping):
        return has_members(wanted, json_value(message))
    return bool(wanted(message))


def _described(wanted: Wanted) -> str:
    return getattr(wanted, "__qualname__", "") or preview(
        json.dumps(wanted) if isinstance(wanted, Mapping) else str(wanted)
    )


def _secrets_in(message: Message) -> list[str]:
    """Returns the secret parts of a message of a login: all that does not say of which kind it is."""
    if isinstance(message, bytes):
        value = unpacked(message)
        if isinstance(value, dict | list):
            return list(_texts_in(value))
        return [text.decode() for text in re.findall(rb"[ -~]{6,}", message)]
    if not is_json(message) or not isinstance(json.loads(message), dict | list):
        return [message]
    return list(_texts_in(json.loads(message)))


def _texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            text for name, member in value.items() if name not in DISCRIMINATORS for text in _texts_in(member)
        ]
    if isinstance(value, list):
        return [text for member in value for text in _texts_in(member)]
    return [value] if isinstance(value, str) else []


class Login(Protocol):
    """How a connection is entered by messages."""

    async def __call__(self, conversation: Conversation) -> None:
        """Raises LoginFailed."""


@dataclass(frozen=True)
class Step:
    """One step: sends a message, then waits for one, then keeps values of it for later steps.

    ``send`` may be binary, see `written`. In it, ``{name}`` stands for a value that was kept, and
    ``{env:NAME}`` for one of the environment.
    """

    send: str = ""
    expect: str = ""
    capture: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Steps:
    """The login of a profile."""

    steps: tuple[Step, ...] = field(default=())

    async def __call__(self, conversation: Conversation) -> None:
        """Runs the steps, and names the one that fails."""
        values: dict[str, Any] = {}
        for number, step in enumerate(self.steps, 1):
            try:
                await self._run(step, conversation, values)
            except (AssertionError, OSError, ValueError) as error:
                raise LoginFailed(f"step {number} of the login failed: {error}") from error

    async def _run(self, step: Step, conversation: Conversation, values: dict[str, Any]) -> None:
        if step.send:
            await conversation.send(message_of(filled(step.send, values)))
        if step.expect:
            message = await conversation.expect(step.expect)
        elif step.capture:
            message = await conversation.receive()
        for name, path in step.capture:
            values[name] = value_at(message, path)


def filled(template: str, values: Mapping[str, Any]) -> str:
    """Returns a template with its values: as JSON where they stand in a JSON document. Raises LoginFailed."""
    is_place = re.match(r"\s*\{(?:env:)?\w+\}", template)
    found_json = template.removeprefix(MSGPACK).lstrip()[:1] in ("{", "[") and is_place is None

    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name.startswith("env:"):
            value: Any = os.environ.get(name[4:])
            if value is None:
                raise LoginFailed(f"the environment has no variable {name[4:]}")
        elif name in values:
            value = values[name]
        else:
            return found[0]
        if not found_json:
            return str(value)
        before = template[: found.start()]
        in_quotes = len(re.findall(r'(?<!\\)"', before)) % 2
        return json.dumps(str(value))[1:-1] if in_quotes else json.dumps(value)

    return re.sub(r"\{((?:env:)?\w+)\}", fill, template)


def value_at(message: Message, path: str) -> Any:
    """Returns what stands at a path of JSON, or what ``re:`` and a group find. Raises LoginFailed."""
    if path.startswith("re:"):
        match = re.search(path[3:], message) if isinstance(message, str) else None
        if match is None:
            raise LoginFailed(f"{path!r} is not found in {preview(message)}")
        return match[1] if match.re.groups else match[0]
    value = json_value(message) if isinstance(message, str) else unpacked(message)
    for name in path.split("."):
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise LoginFailed(f"{path!r} leads to nothing in {preview(message)}") from None
    return value


def load_login(name: str, folder: Path) -> Login:
    """Returns the function that ``module:function`` names. Raises ValueError, with the reason, for none."""
    module, colon, function = name.partition(":")
    if not (colon and module and function):
        raise ValueError("expected module:function, as in my_login:log_in")
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        found = getattr(importlib.import_module(module), function)
    except ImportError as error:
        raise ValueError(f"{module} cannot be imported: {error}") from None
    except AttributeError:
        raise ValueError(f"{module} has no function {function}") from None
    if not callable(found):
        raise ValueError(f"{name} is no function")
    login: Login = found
    return login
