"""Tries the usual forms of requests on a target that does not echo, and proposes a profile."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_websocket.protocol.frames import text
from pytest_websocket.protocol.message_kinds import DISCRIMINATORS
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.connection import TargetConnection
from pytest_websocket.target.dial import Unusable, opened
from pytest_websocket.target.listening import Unasked
from pytest_websocket.target.patterns import Pattern, json_object
from pytest_websocket.target.target import Message, Target

SECONDS = 1.0
"""How long the reply to a request of the usual forms is waited for."""

SUBPROTOCOLS = (
    *("graphql-transport-ws", "graphql-ws", "v12.stomp", "mqtt", "wamp.2.json", "ocpp1.6", "ocpp2.0.1"),
    *("actioncable-v1-json", "soap", "xmpp", "json"),
)
"""Those that are usual."""


@dataclass(frozen=True)
class Form:
    """A request of a usual kind, the subprotocol that it belongs to, and what is sent and expected before."""

    request: str
    subprotocol: str = ""
    before: str = ""
    expected: str = ""


FORMS = (
    Form('{"type": "ping"}'),
    Form(
        '{"type": "ping"}',
        "graphql-transport-ws",
        before='{"type": "connection_init"}',
        expected='{"type": "connection_ack"}',
    ),
    Form('{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}'),
    Form('{"op": "ping"}'),
    Form('{"action": "ping"}'),
    Form('{"event": "ping"}'),
    Form('{"method": "ping"}'),
    Form("2"),
    Form("ping"),
    Form("{}"),
)

ENGINE_IO = (
    "# Engine.IO greets. Where some event comes back, instead of no_echo:",
    """# request = '42["event", {message}]'""",
    """# reply = '42["event", {message}]'""",
    "no_echo = true",
    "",
    "[[login]]",
    'send = "40"',
    "expect = 're:^40'",
)

NOTHING_FITS = (
    "# Instead of no_echo: one request, and what its reply looks like,",
    """# exchange = ['{"op": "time"}', '{"op": "time"}']""",
    "# or one in which a text comes back:",
    """# request = '{"op": "say", "text": {message}}'""",
    """# reply = '{"text": {message}}'""",
    "no_echo = true",
)


@dataclass(frozen=True)
class Proposal:
    """A profile as TOML, and what is known about it."""

    meaning: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.lines)


async def propose(target: Target, unasked: Unasked, refusals: Sequence[Message]) -> Proposal:
    """Tries the usual forms, each on a connection of its own; returns the profile of the first that fits.

    ``refusals`` came after plain words. Where every form is refused in this way, the refusal itself is a
    reply to rely on.
    """
    found = await asyncio.gather(*(_try(target, unasked, form) for form in FORMS))
    answered = [(form, reply) for form, reply in zip(FORMS, found, strict=True) if reply is not None]
    known = tuple(_of(unasked))
    for form, reply in answered:
        if not _is_refusal(reply, refusals):
            return Proposal("Of the usual requests one is answered.", (*known, *_profile(form, reply)))
    if any(str(sample).startswith('0{"sid"') for sample in unasked.samples):
        return Proposal("It is an Engine.IO server.", (*known, *ENGINE_IO))
    for form, reply in answered:
        if form.request == "{}":
            return Proposal(
                "It answers unknown requests with an error, which will do as a sign of life.",
                (*known, *_profile(form, reply)),
            )
    return Proposal("None of the usual requests is answered.", (*known, *NOTHING_FITS))


async def usual_subprotocol(target: Target) -> str:
    """Returns the one of the usual subprotocols that a target takes; empty where it takes none."""
    with contextlib.suppress(Unusable):
        async with opened(replace(target, subprotocols=SUBPROTOCOLS, login=None)) as connection:
            assert connection.response is not None
            return connection.response.value("Sec-WebSocket-Protocol") or ""
    return ""


async def _try(target: Target, unasked: Unasked, form: Form) -> Message | None:
    """Returns the reply to a form that is answered twice on one connection."""
    with contextlib.suppress(Unusable, NotReceived):
        if form.subprotocol and form.subprotocol not in target.subprotocols:
            target = replace(target, subprotocols=(*target.subprotocols, form.subprotocol))
        async with opened(replace(target, request="", exchange=None)) as connection:
            assert connection.response is not None
            chosen = connection.response.value("Sec-WebSocket-Protocol")
            if form.subprotocol and chosen != form.subprotocol:
                return None
            for request in filter(None, (form.before, form.request, form.request)):
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


def _is_refusal(reply: Message, refusals: Sequence[Message]) -> bool:
    """Returns whether a reply is what the target answers to everything, or calls itself an error.

    A JSON-RPC error that has the id of the request is an answer to it.
    """
    value = json_object(reply)
    if value is not None:
        if value.get("jsonrpc") == "2.0" and value.get("id") == 1:
            return False
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


def _of(unasked: Unasked) -> list[str]:
    """Returns the lines about what comes unasked."""
    lines = [f"greetings = {unasked.greetings}"] if unasked.greetings else []
    if unasked.patterns:
        lines.append(f"ignore = {_toml([str(pattern) for pattern in unasked.patterns])}")
    return lines


def _profile(form: Form, reply: Message) -> list[str]:
    """Returns the lines by which ``form`` is asked and ``reply`` known again."""
    lines = [f"subprotocol = {_toml([form.subprotocol])}"] if form.subprotocol else []
    lines.append(f"exchange = {_toml([form.request, _pattern_of(reply)])}")
    if form.before:
        lines += ["", "[[login]]", f"send = '{form.before}'", f"expect = '{form.expected}'"]
    return lines


def _toml(texts: Sequence[str]) -> str:
    """Returns an array of TOML, its texts as they are where they can be."""
    literal = [f"'{text}'" if "'" not in text and text.isprintable() else json.dumps(text) for text in texts]
    return f"[{', '.join(literal)}]"


def _pattern_of(reply: Message) -> str:
    value = json_object(reply)
    if value is None:
        return reply if isinstance(reply, str) else f"hex:{reply.hex()}"
    kinds = {name: value[name] for name in (*DISCRIMINATORS, "id") if isinstance(value.get(name), str | int)}
    return json.dumps(kinds, ensure_ascii=False) if kinds else str(Pattern("keys:" + ",".join(value)))
