"""Patterns of messages: written by a user in an option, or derived from messages that a server has sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_websocket.protocol.frames import BINARY, TEXT
from pytest_websocket.protocol.message_kinds import DISCRIMINATORS
from pytest_websocket.target.written import MSGPACK, NOTHING, is_binary, json_of, unpacked
from pytest_websocket.text import Message

MAX_VALUE = 64
"""Characters of a member that is still a name of a kind."""

SHORTEST_CONSTANT = 4
"""Characters that several texts must have in common to be taken for messages of one kind."""


@dataclass(frozen=True)
class Pattern:
    """What some messages have in common; ``text`` is how an option spells it.

    ``re:REGEX`` is searched in text; a JSON object is matched by every JSON object that has its members;
    ``keys:a,b`` by those with just these members; ``hex:00ff`` by those bytes, ``hex:00ff*`` by binary
    messages that begin so; ``msgpack:`` and JSON by MessagePack that has the members; anything else by the
    same text.
    """

    text: str

    def __post_init__(self) -> None:
        if self.text.startswith("re:"):
            try:
                re.compile(self.text[3:])
            except re.error as error:
                raise ValueError(f"expected a regular expression after re:, and {error}") from None
        elif self.text.startswith("hex:"):
            try:
                bytes.fromhex(self.text[4:].removesuffix("*"))
            except ValueError:
                raise ValueError(
                    "expected hexadecimal digits after hex:, as in hex:00ff or hex:00ff*"
                ) from None
        elif self.text.startswith(MSGPACK):
            json_of(self.text)
        elif not self.text:
            raise ValueError("expected a text, re:REGEX, keys:a,b, hex:00ff, msgpack:{…} or a JSON object")

    @property
    def opcode(self) -> int:
        """The type of the messages that match."""
        return BINARY if is_binary(self.text) else TEXT

    def matches(self, message: Message) -> bool:
        """Returns whether ``message`` is one of those that are meant."""
        if self.text.startswith("hex:"):
            start = bytes.fromhex(self.text[4:].removesuffix("*"))
            if not isinstance(message, bytes):
                return False
            return message.startswith(start) if self.text.endswith("*") else message == start
        if self.text.startswith(MSGPACK):
            return isinstance(message, bytes) and has_members(json_of(self.text), unpacked(message))
        if not isinstance(message, str):
            return False
        if self.text == message:
            return True
        if self.text.startswith("re:"):
            return re.search(self.text[3:], message) is not None
        if self.text.startswith("keys:"):
            value = json_object(message)
            return value is not None and set(value) == set(self.text[5:].split(","))
        wanted = json_object(self.text)
        return wanted is not None and has_members(wanted, json_value(message))

    def __str__(self) -> str:
        return self.text


def any_matches(patterns: Iterable[Pattern], message: Message) -> bool:
    """Returns whether one of ``patterns`` matches ``message``."""
    return any(pattern.matches(message) for pattern in patterns)


def json_value(message: Message) -> Any:
    """Returns what a text says in JSON; `NOTHING` where it is not JSON."""
    if not isinstance(message, str) or not message.strip():
        return NOTHING
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return NOTHING


def is_json(text: str) -> bool:
    """Returns whether a text is JSON."""
    return json_value(text) is not NOTHING


def json_object(message: Message) -> dict[str, Any] | None:
    """Returns the JSON object that a text is, None where it is something else."""
    value = json_value(message)
    return value if isinstance(value, dict) else None


def has_members(wanted: Any, value: Any) -> bool:
    """Returns whether a JSON value is ``wanted``; objects may have further members, at every depth."""
    if isinstance(wanted, Mapping):
        return isinstance(value, dict) and all(
            name in value and has_members(member, value[name]) for name, member in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(value, list) and len(wanted) == len(value) and all(map(has_members, wanted, value))
    return bool(wanted == value) and isinstance(wanted, bool) == isinstance(value, bool)


def patterns_of(messages: Sequence[Message]) -> tuple[Pattern, ...]:
    """Returns patterns that match all of ``messages`` and, as far as it shows, later ones of their kinds."""
    kinds: dict[tuple[str, ...], list[Message]] = {}
    for message in messages:
        kinds.setdefault(_kind_of(message), []).append(message)
    # Texts of which none came twice differ in more than numbers.
    once = [found for kind, found in kinds.items() if kind[0] == "text" and len(found) == 1]
    merged = _by_both_ends([str(found[0]) for found in once]) if len(once) > 1 else None
    if merged is not None:
        kinds = {kind: found for kind, found in kinds.items() if found not in once}
    patterns = [Pattern(_pattern(kind, found)) for kind, found in kinds.items()]
    return tuple(dict.fromkeys([*patterns, merged] if merged else patterns))


def narrower(pattern: Pattern, messages: Sequence[Message]) -> Pattern | None:
    """Returns a pattern of all that ``messages`` have in common, for a JSON pattern that is too wide."""
    objects = [value for message in messages if pattern.matches(message) and (value := json_object(message))]
    if not objects:
        return None
    constant = {
        name: value
        for name, value in objects[0].items()
        if all(name in other and other[name] == value for other in objects)
    }
    return Pattern(json.dumps(constant, ensure_ascii=False)) if constant else None


def _kind_of(message: Message) -> tuple[str, ...]:
    if isinstance(message, bytes):
        return ("binary",)
    value = json_object(message)
    if value is not None:
        for name in DISCRIMINATORS:
            if isinstance(value.get(name), str | int | bool) and len(str(value[name])) <= MAX_VALUE:
                return ("member", name, json.dumps(value[name], ensure_ascii=False))
        return ("keys", *sorted(value))
    return ("text", re.sub(r"\d+", "0", message)) if re.search(r"\d", message) else ("text", message)


def _pattern(kind: tuple[str, ...], messages: list[Message]) -> str:
    if kind[0] == "member":
        return f"{{{json.dumps(kind[1])}: {kind[2]}}}"
    if kind[0] == "keys":
        return "keys:" + ",".join(kind[1:]) if len(kind) > 1 else "{}"
    if kind[0] == "binary":
        payloads = [message for message in messages if isinstance(message, bytes)]
        if len(set(payloads)) == 1:
            return f"hex:{payloads[0].hex()}"
        return f"hex:{payloads[0][: _common(payloads)].hex()}*"
    text = str(messages[0])
    if text and not re.search(r"\d", text) and not text.startswith(("re:", "hex:", "keys:", "{")):
        return text
    return r"re:\A" + r"\d+".join(map(re.escape, re.split(r"\d+", text))) + r"\Z"


def one_pattern_of(messages: Sequence[Message]) -> Pattern | None:
    """Returns one pattern for messages that came at the same place on several connections; None: unlike.

    Texts that differ in the middle, by an id or a time, are matched by their beginning and their end.
    """
    texts = [message for message in messages if isinstance(message, str) and json_object(message) is None]
    if len(texts) == len(messages) and len(set(texts)) > 1:
        return _by_both_ends(texts)
    found = patterns_of(messages)
    return found[0] if len(found) == 1 else None


def _by_both_ends(texts: Sequence[str]) -> Pattern | None:
    """Returns a pattern of the whole words with which all texts begin and end; None: there are too few."""
    before = texts[0][: _common(texts)]
    rests = [text[len(before) :][::-1] for text in texts]
    after = rests[0][: _common(rests)][::-1]
    # The first digits of times and ids are the same for a while.
    before, after = re.sub(r"\w+\Z", "", before), re.sub(r"\A\w+", "", after)
    if len(before) + len(after) < SHORTEST_CONSTANT:
        return None
    return Pattern(rf"re:(?s)\A{re.escape(before)}.*{re.escape(after)}\Z")


def _common(sequences: Sequence[Sequence[Any]]) -> int:
    """Returns how many elements all sequences begin with."""
    count = 0
    for elements in zip(*sequences, strict=False):
        if any(element != elements[0] for element in elements):
            break
        count += 1
    return count
