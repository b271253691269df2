"""Turns what was observed into the reference suite's two words, with a sentence for each."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.protocol.rules import Role
from pytest_websocket.wstest.case import Behavior, Case
from pytest_websocket.wstest.observed import Observed
from pytest_websocket.wstest.running import describe

_BAD = {Behavior.FAILED, Behavior.UNCLEAN}
_BAD_IF_STRICT = {Behavior.WRONG_CODE, Behavior.FAILED_BY_CLIENT, Behavior.NON_STRICT}


@dataclass(frozen=True)
class Verdict:
    """What the peer did, and how the connection ended; each a word, and why."""

    behavior: Behavior
    result: str
    behavior_close: Behavior
    result_close: str

    def is_failure(self, *, strict: bool = False) -> bool:
        """Returns whether the case counts as failed in the exit status.

        Wrong codes, a late end of TCP and NON-STRICT break no MUST: they count with ``strict`` only.
        """
        words = {self.behavior, self.behavior_close}
        return bool(words & (_BAD | _BAD_IF_STRICT if strict else _BAD))


def judge(case: Case, observed: Observed, role: Role) -> Verdict:
    """Judges a case; ``role`` is this side's."""
    behavior, result = _behavior(case, observed)
    if not observed.opened:
        ending, why = Behavior.FAILED, observed.problem or "the opening handshake did not succeed"
        return Verdict(Behavior.FAILED, why, ending, why)
    ending, why = _ending(case, observed, role)
    if case.ends.decides and case.ends.by_us != observed.closed_by_us:
        behavior, result = Behavior.FAILED, why
    if case.ends.code_decides and ending is Behavior.WRONG_CODE:
        behavior, result = Behavior.FAILED, why
    if not case.judges:
        return Verdict(Behavior.INFORMATIONAL, _recorded(behavior), Behavior.INFORMATIONAL, why)
    return Verdict(behavior, result, ending, why)


def _behavior(case: Case, observed: Observed) -> tuple[Behavior, str]:
    if observed.broken:
        return Behavior.FAILED, f"The peer broke a rule: {observed.broken[0]}."
    if observed.compressed is False:
        return Behavior.UNIMPLEMENTED, "The peer does not agree on permessage-deflate with these parameters."
    if observed.round_trips is not None:
        if observed.round_trips:
            return Behavior.FAILED, f"{_sentence(observed.round_trips)}."
        return Behavior.OK, "Every message came back."
    for behavior, wanted in case.outcomes.items():
        if tuple(observed.received) == wanted:
            return behavior, "What came is what was expected."
    came = ", ".join(map(describe, observed.received[:6])) or "nothing"
    because = f"; {observed.problem}" if observed.problem else ""
    return Behavior.FAILED, f"{case.expects} Got: {came}{because}."


def _ending(case: Case, observed: Observed, role: Role) -> tuple[Behavior, str]:
    ends, code = case.ends, observed.remote_close.code if observed.remote_close else None
    if ends.by_us != observed.closed_by_us:
        wanted, got = ("this side", "the peer") if ends.by_us else ("the peer", "this side")
        return Behavior.FAILED, f"The connection was to be closed by {wanted}, and was by {got}."
    if ends.clean and not observed.clean:
        return Behavior.UNCLEAN, f"{_sentence(observed.unclean_because or 'no clean end')}."
    if code is not None and code not in ends.codes:
        allowed = " or ".join(map(str, ends.codes))
        return Behavior.WRONG_CODE, f"The Close frame has {code}; expected was {allowed}, or no code."
    if role is Role.CLIENT and observed.dropped_by_us:
        return Behavior.FAILED_BY_CLIENT, "The server left the end of TCP to the client (RFC 6455 §7.1.1)."
    return Behavior.OK, "The connection ended as it should."


def _recorded(behavior: Behavior) -> str:
    return {
        Behavior.OK: "The message came back before the connection was closed.",
        Behavior.NON_STRICT: "The connection was closed before the message came back.",
    }.get(behavior, "The RFC asks for nothing here.")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
