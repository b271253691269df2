"""Targets that do not echo: recognises them by what came after plain words, and says so."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_websocket.target.listening import Unasked
from pytest_websocket.target.patterns import json_object
from pytest_websocket.target.proposing import Proposal
from pytest_websocket.target.target import ECHO_TEMPLATE, Message, Target
from pytest_websocket.text import preview

OWN_CODES = frozenset({1000, 1001, 1003, 1008, 1011, 1012, 1013})
"""Close codes by which an application refuses a message that it does not know, beside 3000 to 4999."""

ALIKE = 0.6
"""Likeness from which on a reply is taken for an echo with a fault."""


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
        if shown:
            then = f", then {self.ended}" if self.ended else ""
            return f"{self.word!r} was answered with {' and '.join(shown)}{then}"
        return f"{self.word!r} was not answered" + (f": {self.ended}" if self.ended else "")


def is_foreign(target: Target, trials: Sequence[Trial]) -> bool:
    """Returns whether a target that was asked for an echo is, by what came, no echo server at all.

    A server that is said to echo is taken for a broken one, unless it answers in a language of its own:
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


def refusal(target: Target, unasked: Unasked, trials: Sequence[Trial], proposal: Proposal) -> str:
    """Returns why a run stops here, and the lines that would help."""
    before = f"; unasked came {preview(unasked.samples[0], limit=60)}" if unasked.samples else ""
    return (
        f"{target.shown()} does not echo: {trials[0].in_words}{before}. So it needs a profile, which says "
        f"what it speaks (docs/profiles.md).\n{proposal.meaning} To begin with, save this as api.toml and "
        f"add --ws-profile api.toml:\n\n{proposal}\n"
    )
