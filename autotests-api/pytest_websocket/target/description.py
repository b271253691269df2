"""What a reader of a run should know about its target."""

from __future__ import annotations

from pytest_websocket.target.target import SLOW_OPENING, Abilities, Target
from pytest_websocket.text import preview


def describe(target: Target, abilities: Abilities) -> dict[str, str]:
    """Returns what a reader of a run should know about its target, masked, in the order to show it in."""
    secret = target.secrets
    facts = {"target": target.shown() + (" (embedded echo server)" if target.embedded else "")}
    if abilities.server:
        facts["server"] = secret.mask(ascii(abilities.server)[1:-1])
    if target.headers:
        facts["headers"] = ", ".join(name for name, _ in target.headers)
    if target.secure:
        facts["TLS"] = "certificate not verified" if target.insecure else "certificate verified"
    if target.proxy:
        facts["proxy"] = secret.url(target.proxy)
    facts["text"] = _answers_text(target, abilities)
    facts["binary"] = _answers_binary(target, abilities)
    facts["compression"] = ascii(abilities.deflate_answer)[1:-1] if abilities.deflate else "none"
    facts["subprotocols"] = ", ".join(abilities.subprotocols) or "none"
    facts["largest message"] = f"{abilities.max_message} bytes"
    if abilities.opening >= SLOW_OPENING:
        facts["opening a connection"] = f"{abilities.opening:.2f} s; -n auto runs eight cases at once"
    for number, note in enumerate(abilities.notes, 1):
        facts[f"note {number}"] = secret.mask(note)
    return facts


def _answers_text(target: Target, abilities: Abilities) -> str:
    if target.exchange and not target.echo:
        return f"the request {preview(target.exchange.request, limit=60)} is answered"
    if not target.echo:
        return "no echo (--ws-no-echo)"
    if not abilities.text:
        return "refused"
    return f"answered {target.reply!r}" if abilities.as_expected else f"not as expected: {target.reply!r}"


def _answers_binary(target: Target, abilities: Abilities) -> str:
    if not target.echo:
        return "no echo (--ws-no-echo)"
    if target.binary == "none" or not abilities.binary:
        return "not answered"
    if not abilities.as_expected:
        return "not tried"
    if not abilities.binary_as_expected:
        return "not as expected"
    return {"same": "answered in the same way", "plain": "answered with the bytes alone"}.get(
        target.binary, f"answered with text {target.binary.removeprefix('text:')!r}"
    )
