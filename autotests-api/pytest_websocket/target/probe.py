"""PROBE: the first words with a target, before the first test: can it be tested, and what can it do?

A fault of the server is no reason to stop here: the cases are made to find it. The probe gives up only
where no connection can be opened, where nothing that is sent on one is answered, or where the server
plainly answers by another template than it was asked about; and it reports an ability as lacking only on
evidence, so that nothing broken is skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field, replace

from pytest_websocket.protocol.frames import BINARY, TEXT, binary, text
from pytest_websocket.protocol.handshake import problems_of_acceptance
from pytest_websocket.protocol.reader import Message as ReceivedMessage
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.answering import check_answers
from pytest_websocket.target.connection import TargetConnection
from pytest_websocket.target.dial import Answered, Silent, Unusable, opened
from pytest_websocket.target.foreign import Trial, is_foreign, refusal
from pytest_websocket.target.listening import Unasked, described, listen
from pytest_websocket.target.proposing import propose, usual_subprotocol
from pytest_websocket.target.replies import judge_replies, quoted, shown
from pytest_websocket.target.target import (
    DEFAULT_MAX_MESSAGE,
    ECHO_TEMPLATE,
    Abilities,
    Message,
    Target,
)

OFFER = "permessage-deflate; client_max_window_bits"

SMALLEST_BELIEVED_DROP = 1 << 16
"""Bytes; a server that drops a connection without 1009 over less is taken for broken, not for limited."""

MAX_UNASKED = 100
"""Messages; a server that sends more before it answers is taken for one that sends without end."""


MAX_ORDERED = 8
"""Requests that are sent at once to see the order of their replies."""


def probe(target: Target) -> Abilities:
    """Finds out what ``target`` can do. Raises Unusable within one deadline when it cannot be tested.

    Runs an event loop of its own.
    """
    return asyncio.run(_Probe(target).run())


@dataclass
class _Exchange:
    """What came after one message was sent."""

    reply: ReceivedMessage | None = None
    others: list[ReceivedMessage] = field(default_factory=list)
    ending: str = ""
    code: int | None = None


class _Probe:
    """One run of the probe; collects what it finds."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.notes: list[str] = []
        self.binary_as_expected = True
        self.unasked = Unasked()
        self.listening: asyncio.Task[Unasked] | None = None
        self.replies: list[Message | None] = []
        self.trials: list[Trial] = []

    async def run(self) -> Abilities:
        """Asks all questions, and listens meanwhile."""
        try:
            return await self._ask()
        except Unusable as error:
            wants_none = isinstance(error, Silent) or (isinstance(error, Answered) and error.status != 400)
            name = "" if wants_none or self.target.subprotocols else await usual_subprotocol(self.target)
            if not name:
                raise
            raise Unusable(f"{error}. It takes --ws-subprotocol {name}") from error
        finally:
            if self.listening is not None:
                self.listening.cancel()
                await asyncio.gather(self.listening, return_exceptions=True)

    async def _ask(self) -> Abilities:
        target = self.target
        answers_text = answers_binary = True
        largest = target.max_message or DEFAULT_MAX_MESSAGE
        clock = asyncio.get_running_loop()
        began = clock.time()
        async with opened(target) as connection:
            opening = clock.time() - began
            # The embedded server is known to send nothing unasked: where it does, cases shall find it.
            self.listening = None if target.embedded else asyncio.create_task(listen(target))
            response = connection.response
            assert response is not None
            assert connection.request is not None
            self.notes += problems_of_acceptance(connection.request, response)
            healthy = False
            if target.answers:
                answers_text, healthy = await self._ask_text(connection)
            if self.listening is not None:
                self._take_unasked(await self.listening, healthy)
            if not healthy:
                await check_answers(target, connection)
            if target.echo and not healthy and not target.embedded:
                await self._judge_foreign()
            if target.echo and healthy:
                answers_binary = await self._ask_binary(connection)
        if healthy and target.max_message is None:
            largest = await self._find_limit()
        deflate = await self._ask_compression()
        return Abilities(
            as_expected=healthy or not target.answers,
            text=answers_text,
            binary=answers_binary,
            binary_as_expected=self.binary_as_expected,
            deflate=bool(deflate),
            deflate_answer=deflate,
            subprotocols=await self._ask_subprotocols(),
            max_message=largest,
            server=response.value("Server") or "",
            any_order=bool(healthy and target.request) and await self._answers_in_any_order(),
            greetings=self.unasked.greetings,
            ignore=tuple(map(str, self.unasked.patterns)),
            opening=opening,
            notes=tuple(self.notes),
        )

    def _take_unasked(self, unasked: Unasked, healthy: bool) -> None:
        """Uses what was heard, but for a target that promises what the lesson's server does: to be silent."""
        target = self.target
        if healthy and target.echo and target.reply == ECHO_TEMPLATE:
            if unasked.samples:
                self.notes.append(f"unasked came {described(unasked)}, which cases judge")
            return
        self.unasked = unasked.apart_from([reply for reply in self.replies if reply is not None])
        if target.greetings_given:
            self.unasked = replace(self.unasked, greetings=0)
        self.notes += self.unasked.notes
        if unasked.samples:
            self.notes.append(f"unasked came {described(self.unasked)}")

    async def _ask_text(self, connection: TargetConnection) -> tuple[bool, bool]:
        """Returns whether text can be sent, and whether it is answered as the options say."""
        words = [f"probe-{secrets.token_hex(4)}" for _ in range(2)]
        exchanges = [await self._exchange(connection, word) for word in words]
        first = exchanges[0]
        if first.code == 1003 and await self._answers_bytes_alone():
            self.notes.append("text messages are refused with 1003")
            return False, False
        self.replies = [exchange.reply.content if exchange.reply else None for exchange in exchanges]
        healthy = self.replies == [self.target.answer(word) for word in words]
        if not healthy:
            judge_replies(self.target, words, self.replies)
            self._note_wrong_answer(words, exchanges)
        self.trials = [_trial(word, exchange) for word, exchange in zip(words, exchanges, strict=True)]
        return True, healthy

    async def _judge_foreign(self) -> None:
        """Gives up where the target is no echo server, and proposes what it may be."""
        expected = self.unasked.patterns
        trials = [
            replace(trial, came=tuple(one for one in trial.came if not any(p.matches(one) for p in expected)))
            for trial in self.trials
        ]
        if trials and is_foreign(self.target, trials):
            refusals = [message for trial in trials for message in trial.came]
            proposal = await propose(self.target, self.unasked, refusals)
            raise Unusable(self.target.mask(refusal(self.target, self.unasked, trials, proposal)))

    def _note_wrong_answer(self, words: list[str], exchanges: list[_Exchange]) -> None:
        for word, exchange in zip(words, exchanges, strict=True):
            expected = self.target.answer(word)
            came = exchange.reply or (exchange.others[0] if exchange.others else None)
            if came is None:
                how = exchange.ending or f"nothing came within {self.target.deadline:g} s"
                self.notes.append(
                    f"the text {word!r} was not answered: {how}; "
                    "if the server is not meant to echo: --ws-no-echo"
                )
                return
            if came.content != expected:
                kind = "" if came.opcode == TEXT else "a binary message "
                self.notes.append(
                    f"the text {word!r} was answered with {kind}{shown(came.content)}, "
                    f"expected {shown(expected)}"
                )
                return

    async def _ask_binary(self, connection: TargetConnection) -> bool:
        """Returns whether bytes are answered; silence is shown by the answer to a text message after them."""
        if self.target.binary == "none":
            return False
        payload = b"\x00\xff" + secrets.token_hex(4).encode()
        word = f"probe-{secrets.token_hex(4)}"
        await connection.send(binary(payload))
        exchange = await self._exchange(connection, word)
        if exchange.code == 1003:
            self.notes.append("binary messages are refused with 1003")
            return self.target.binary_promised
        expected = self.target.answer(payload)
        came = exchange.others[0] if exchange.others else None
        if came is None and exchange.reply and exchange.reply.content == self.target.answer(word):
            # A reply that was overtaken is no missing ability.
            self.binary_as_expected = False
            late = await self._exchange(connection, f"probe-{secrets.token_hex(4)}")
            if late.others:
                self.notes.append("the answer to binary came behind the answer to text that was sent later")
                return True
            self.notes.append("binary messages are not answered, while text messages are")
            return self.target.binary_promised
        if came is None:
            self.binary_as_expected = False
            how = exchange.ending or f"nothing came within {self.target.deadline:g} s"
            self.notes.append(
                f"the bytes {payload!r} were not answered: {how}; "
                "if the server is not meant to answer bytes: --ws-binary none"
            )
        elif came.content != expected:
            self.binary_as_expected = False
            hint = _binary_option(payload, came)
            self.notes.append(
                f"the bytes {payload!r} were answered with {shown(came.content)}, expected "
                f"{shown(expected)}" + (f"; this option would fit: --ws-binary {hint}" if hint else "")
            )
        return True

    async def _answers_in_any_order(self) -> bool:
        """Returns whether requests of an API that are sent at once are answered in another order."""
        words = [f"probe-{number}-{secrets.token_hex(4)}" for number in range(MAX_ORDERED)]
        came: list[str] = []
        with contextlib.suppress(Unusable, NotReceived):
            async with opened(self.target) as connection:
                await connection.send_together(*map(text, words))
                while len(came) < len(words):
                    reply = (await connection.message()).content
                    came += [word for word in words if reply == self.target.answer(word)]
        if came == words[: len(came)]:
            return False
        self.notes.append("replies come in another order than the requests, which no case takes for a fault")
        return True

    async def _find_limit(self) -> int:
        """Returns the largest size that comes back whole, from 1 MiB downwards by halves."""
        size = DEFAULT_MAX_MESSAGE
        while size >= 64:
            try:
                async with opened(self.target) as connection:
                    exchange = await self._exchange(connection, "m" * size)
            except Unusable as error:
                self.notes.append(f"while the largest message was looked for: {error}")
                return DEFAULT_MAX_MESSAGE
            if exchange.reply is not None:
                return size
            if exchange.code != 1009:
                dropped = bool(exchange.ending)
                if not dropped or size // 2 < SMALLEST_BELIEVED_DROP:
                    how = exchange.ending or f"nothing came within {self.target.deadline:g} s"
                    self.notes.append(
                        f"a message of {size} bytes was not answered: {how}; "
                        "if it is above the server's limit: --ws-max-message"
                    )
                    return DEFAULT_MAX_MESSAGE
            size //= 2
        return size

    async def _ask_compression(self) -> str:
        """Returns the answer to an offer of permessage-deflate (RFC 7692 §7); empty where it is declined."""
        try:
            async with opened(self.target, ("Sec-WebSocket-Extensions", OFFER)) as connection:
                assert connection.response is not None
                answer = connection.response.value("Sec-WebSocket-Extensions") or ""
        except Unusable as error:
            self.notes.append(f"a handshake that offers permessage-deflate fails: {error}")
            return OFFER
        return answer if "permessage-deflate" in answer.lower() else ""

    async def _ask_subprotocols(self) -> tuple[str, ...]:
        """Returns those of the offered subprotocols that are accepted when offered alone."""
        accepted = []
        for name in self.target.subprotocols:
            with contextlib.suppress(Unusable):
                async with opened(self.target, ("Sec-WebSocket-Protocol", name)) as connection:
                    assert connection.response is not None
                    if connection.response.value("Sec-WebSocket-Protocol") == name:
                        accepted.append(name)
        return tuple(accepted)

    async def _exchange(self, connection: TargetConnection, word: str) -> _Exchange:
        with contextlib.suppress(NotReceived):
            await connection.send(text(word))
        return await self._listen(connection, word)

    async def _answers_bytes_alone(self) -> bool:
        """Returns whether a target that refuses text answers bytes, or is a broken one that should."""
        if self.target.embedded or self.target.request:
            return not self.target.request
        payload = secrets.token_hex(8).encode()
        with contextlib.suppress(Unusable, NotReceived):
            async with opened(self.target) as connection:
                await connection.send(binary(payload))
                return payload in (await connection.message(deadline=self.target.deadline / 5)).data
        return False

    def _is_reply(self, came: ReceivedMessage, message: str) -> bool:
        if not self.target.echo:
            return self.target.may_answer(came.content)
        return message.encode() in came.data

    async def _listen(self, connection: TargetConnection, message: str) -> _Exchange:
        """Reads until a message that holds ``message`` comes; behind other messages, not for long."""
        exchange = _Exchange()
        clock = asyncio.get_running_loop()
        seconds = self.target.deadline
        give_up = clock.time() + seconds
        while len(exchange.others) < MAX_UNASKED:
            try:
                came = await connection.message(deadline=min(seconds, give_up - clock.time()))
            except NotReceived:
                break
            if self._is_reply(came, message):
                exchange.reply = came
                return exchange
            if any(pattern.matches(came.content) for pattern in self.unasked.patterns):
                continue
            exchange.others.append(came)
            # Something was said: what still follows is a real answer behind a greeting, or nothing.
            seconds = self.target.deadline / 5
        if connection.close_status is not None:
            exchange.code = connection.close_status.code
            exchange.ending = f"the server sent {connection.close_status}"
        elif connection.tcp != "open":
            exchange.ending = f"the server {connection.tcp} TCP without a Close frame"
        return exchange


def _trial(word: str, exchange: _Exchange) -> Trial:
    came = [*exchange.others, *([exchange.reply] if exchange.reply else [])]
    return Trial(word, tuple(message.content for message in came), exchange.code, exchange.ending)


def _binary_option(payload: bytes, came: ReceivedMessage) -> str:
    """Returns the ``--ws-binary`` by which ``came`` is the answer to ``payload``; empty when none is."""
    if came.opcode == BINARY:
        return "plain" if came.data == payload else ""
    content = str(came.content)
    if content.count(repr(payload)) == 1:
        return quoted("text:" + content.replace(repr(payload), "{message}"))
    return ""
