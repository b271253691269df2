"""Compares what a target answered to plain words with what its options say."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from pytest_websocket.target.dial import Unusable
from pytest_websocket.target.target import Answer, Message, Target


def judge_replies(target: Target, words: Sequence[str], replies: Sequence[Message | None]) -> None:
    """Raises Unusable where the replies to ``words`` plainly follow another template than ``--ws-reply``.

    A server that is said to echo may be a broken one, which cases shall find. One that has words of its own
    is known to its user.
    """
    pairs = list(zip(words, replies, strict=True))
    if target.request and all(came is not None and came != target.answer(word) for word, came in pairs):
        raise Unusable(
            f"{target.shown()} answers by another template than --ws-reply says: to {words[0]!r} "
            f"came {shown(replies[0])}, expected {target.answer(words[0])!r}"
        )
    texts = [(word, came) for word, came in pairs if isinstance(came, str) and _is_utf8(came)]
    found = {came.replace(word, "{message}") for word, came in texts}
    template = found.pop() if len(found) == 1 else ""
    if template.count("{message}") == 1 and _is_another_template(template, target.reply):
        raise Unusable(
            f"{target.shown()} answers by another template than the one expected: to {words[0]!r} "
            f"came {template.replace('{message}', words[0])!r}, expected "
            f"{target.answer(words[0])!r}. This option would fit: --ws-reply {quoted(template)}"
        )


def _is_utf8(text: str) -> bool:
    """Returns whether a text was UTF-8: what was not stands in it as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_another_template(found: str, expected: str) -> bool:
    """Returns whether two templates differ by more than a fault would: not in blanks, case or a letter."""
    ours, theirs = (_letters(template) for template in (expected, found))
    if ours == theirs:
        return False
    if not ours or not theirs:
        # One is a plain echo. One or two stray letters around the message are a broken echo.
        return len(ours + theirs) > 2
    return difflib.SequenceMatcher(None, ours, theirs).ratio() < 0.5


def _letters(template: str) -> str:
    around = template.replace("{message}", "", 1)
    return "".join(character for character in around if character.isalnum()).casefold()


def quoted(text: str) -> str:
    """Returns a text as a shell takes it."""
    return "'" + text.replace("'", "'\\''") + "'"


def shown(message: Answer | None) -> str:
    """Returns a message or an answer in quotes, shortened above 120 characters."""
    text = ascii(message) if isinstance(message, str) and not message.isprintable() else repr(message)
    return text if len(text) <= 120 else f"{text[:100]}… ({len(message or '')} long)"
