"""Targets that do not echo: recognises them, tries the usual forms of requests, proposes a profile."""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.message_kinds import DISCRIMINATORS
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.connection import TargetConnection
from pytest_websocket.target.dial import Unusable, opened
from pytest_websocket.target.listening import Unasked
from pytest_websocket.target.patterns import Pattern, json_object
from pytest_websocket.target.target import ECHO_TEMPLATE, Message, Target
from pytest_websocket.text import preview

OWN_CODES = frozenset({1000, 1001, 1003, 1008, 1011, 1012, 1013})
"""Close codes by which an application refuses a message that it does not know, beside 3000 to 4999."""

ALIKE = 0.6
"""Likeness from which on a reply is taken for an echo with a fault."""

SECONDS = 1.0
"""How long the reply to a request of the usual forms is waited for."""


def is_own_code(code: int | None) -> bool:
    """Returns whether an application closes with ``code``: no code, or one that blames no frame."""
    return code is None or code in OWN_CODES or 3000 <= code < 5000


@dataclass(frozen=True)
class Trial:
    """What came after one plain word: messages that were not expected anyway, and how it ended."""

    word: str
    came: tuple[Message, ...] = ()
    code: int | None = None
    ended: str = ""

    @property
    def in_words(self) -> str:
        """What came, for a reader."""
        shown = [preview(message, limit=100) for message in self.came[:2]]
        return " and ".join([*shown, self.ended] if self.ended else shown) or "nothing"


def is_foreign(target: Target, trials: Sequence[Trial]) -> bool:
    """Returns whether a target that was asked for an echo is, by what came, no echo server at all.

    A server that is said to echo is believed to be a broken one, unless it answers in a language of its own:
    with a JSON object, or by closing with a code of its application.
    """
    if any(_is_like(trial.word, message) for trial in trials for message in trial.came):
        return False
    if target.reply == ECHO_TEMPLATE and not target.request:
        return True
    speaks = any(json_object(message) is not None for trial in trials for message in trial.came)
    closes = any(trial.code not in (None, 1011) and is_own_code(trial.code) for trial in trials)
    return speaks or closes


def _is_like(word: str, message: Message) -> bool:
    """Returns whether a message is an echo of ``word`` in any form: cut, in other letters, backwards."""
    said = (message if isinstance(message, str) else message.decode("latin-1")).casefold()
    if word.casefold() in said or word[::-1] in said:
        return True
    return difflib.SequenceMatcher(None, word, said[:200], autojunk=False).ratio() > ALIKE


@dataclass(frozen=True)
class Form:
    """A request of a usual kind, the subprotocol that belongs to it, and members that its reply must have."""

    request: str
    subprotocol: str = ""
    before: str = ""


FORMS = (
    Form('{"type": "ping"}'),
    Form('{"type": "ping"}', "graphql-transport-ws", before='{"type": "connection_init"}'),
    Form('{"jsonrpc": "2.0", "id": 1, "method": "ping"}'),
    Form('{"op": "ping"}'),
    Form('{"action": "ping"}'),
    Form('{"event": "ping"}'),
    Form('{"method": "ping"}'),
    Form("2"),
    Form("ping"),
)


@dataclass(frozen=True)
class Proposal:
    """A profile that would fit, as TOML."""

    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


async def propose(target: Target, unasked: Unasked, trials: Sequence[Trial]) -> Proposal | None:
    """Tries the usual forms, each on a connection of its own; returns the profile of the first that fits."""
    refusals = [message for trial in trials for message in trial.came]
    found = await asyncio.gather(*(_try(target, unasked, form) for form in FORMS))
    for form, reply in zip(FORMS, found, strict=True):
        if reply is not None and not _is_refusal(reply, refusals):
            return Proposal(tuple(_profile(form, reply, unasked)))
    return None


async def _try(target: Target, unasked: Unasked, form: Form) -> Message | None:
    with contextlib.suppress(Unusable, NotReceived):
        if form.subprotocol and form.subprotocol not in target.subprotocols:
            target = replace(target, subprotocols=(*target.subprotocols, form.subprotocol))
        async with opened(replace(target, request="", exchange=None)) as connection:
            assert connection.response is not None
            chosen = connection.response.value("Sec-WebSocket-Protocol")
            if form.subprotocol and chosen != form.subprotocol:
                return None
            for request in filter(None, (form.before, form.request)):
                # What came before is no answer, and what comes unasked neither.
                while connection.waiting_messages:
                    await connection.message()
                await connection.send(text(request))
                reply = await _reply_on(connection, unasked)
            return reply
    return None


async def _reply_on(connection: TargetConnection, unasked: Unasked) -> Message:
    give_up = asyncio.get_running_loop().time() + SECONDS
    while True:
        left = give_up - asyncio.get_running_loop().time()
        message = (await connection.message(deadline=max(left, 0.01))).content
        if message not in unasked.samples and not any(p.matches(message) for p in unasked.patterns):
            return message


def _is_refusal(reply: Message, refusals: Iterable[Message]) -> bool:
    """Returns whether a reply is what the target answers to everything, or calls itself an error."""
    value = json_object(reply)
    if value is not None:
        words = " ".join([*value, *(str(value.get(name, "")) for name in DISCRIMINATORS)]).lower()
        if "error" in words or "invalid" in words or "unknown" in words:
            return True
    return any(_shape(reply) == _shape(refusal) for refusal in refusals)


def _shape(message: Message) -> object:
    value = json_object(message)
    if value is None:
        return message
    kinds = {name: value[name] for name in DISCRIMINATORS if isinstance(value.get(name), str)}
    return kinds or set(value)


def _profile(form: Form, reply: Message, unasked: Unasked) -> list[str]:
    lines = []
    if form.subprotocol:
        lines.append(f"subprotocol = {json.dumps([form.subprotocol])}")
    if unasked.greetings:
        lines.append(f"greetings = {unasked.greetings}")
    if unasked.patterns:
        lines.append(f"ignore = {json.dumps([str(p) for p in unasked.patterns], ensure_ascii=False)}")
    lines.append(f"exchange = {json.dumps([form.request, _pattern_of(reply)], ensure_ascii=False)}")
    if form.before:
        lines += [
            "",
            "[[login]]",
            f"send = {json.dumps(form.before)}",
            'expect = \'{"type": "connection_ack"}\'',
        ]
    return lines


def _pattern_of(reply: Message) -> str:
    value = json_object(reply)
    if value is None:
        return reply if isinstance(reply, str) else f"hex:{reply.hex()}"
    kinds = {name: value[name] for name in (*DISCRIMINATORS, "id") if isinstance(value.get(name), str | int)}
    return json.dumps(kinds, ensure_ascii=False) if kinds else str(Pattern("keys:" + ",".join(value)))


def refusal(target: Target, unasked: Unasked, trials: Sequence[Trial], proposal: Proposal | None) -> str:
    """Returns why a run stops here, and the line that would help."""
    first = trials[0]
    before = f"; unasked came {preview(unasked.samples[0], limit=60)}" if unasked.samples else ""
    words = (
        f"{target.shown()} does not echo: to {first.word!r} came {first.in_words}{before}. "
        "Say what it speaks: --ws-exchange REQUEST REPLY, or --ws-request and --ws-reply (and --ws-login "
        "where it wants one), or --ws-no-echo to run what needs no answer"
    )
    if proposal is None:
        return words
    return (
        f"{words}.\nOf the usual forms one is answered. As a profile, to be given with --ws-profile api.toml:"
        f"\n\n{proposal}\n"
    )
