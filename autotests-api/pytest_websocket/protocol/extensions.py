"""Sec-WebSocket-Extensions read strictly, and what it binds two peers to (RFC 6455 §9.1, RFC 7692 §7.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_websocket.protocol.grammar import TOKEN

PERMESSAGE_DEFLATE = "permessage-deflate"
MAX_WINDOW_BITS = 15

_PIECE = re.compile(
    rf"""[ \t]*(?:
        (?P<token>{TOKEN})
      | "(?P<quoted>(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x00-\x7f])*)"
      | (?P<mark>[,;=])
    )[ \t]*""",
    re.VERBOSE,
)
_TOKEN = re.compile(TOKEN)
_BITS = re.compile(r"8|9|1[0-5]")

_FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
_WINDOWS = ("server_max_window_bits", "client_max_window_bits")


@dataclass(frozen=True)
class Extension:
    """One element of the header: a name, and parameters of which each may lack a value (None)."""

    name: str
    parameters: tuple[tuple[str, str | None], ...] = ()

    def __str__(self) -> str:
        return "; ".join(
            [self.name, *(name if value is None else f"{name}={value}" for name, value in self.parameters)]
        )

    @property
    def values(self) -> dict[str, str | None]:
        """The parameters by name; the last wins where one is repeated."""
        return dict(self.parameters)


@dataclass(frozen=True)
class Agreement:
    """What an accepted permessage-deflate binds both peers to (RFC 7692 §7.1).

    Window bits are 15 where the answer does not limit them.
    """

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = MAX_WINDOW_BITS
    client_max_window_bits: int = MAX_WINDOW_BITS


def parse_extensions(header: str) -> list[Extension]:
    """Returns the elements of a Sec-WebSocket-Extensions header, several lines of it joined by commas.

    Raises ValueError for what is not of the form that RFC 6455 §9.1 gives it.
    """
    pieces = list(_pieces(header))
    extensions, at = [], 0
    while at < len(pieces):
        if pieces[at] == ("mark", ","):
            at += 1
            continue
        extension, at = _extension(pieces, at)
        extensions.append(extension)
    if not extensions:
        raise ValueError("the header names no extension")
    return extensions


def problems_of_offer(offer: Extension) -> list[str]:
    """Returns why a server has to decline an offer of permessage-deflate (RFC 7692 §7.1); empty: legal."""
    return _problems(offer, valueless=(*_FLAGS, "client_max_window_bits"))


def problems_of_answer(offered: str | None, answered: str | None) -> list[str]:
    """Returns which rules a server's answer breaks as an answer to what was offered, both as header values.

    Judged are the form (RFC 6455 §9.1), that nothing stands in it that was not offered (RFC 6455 §4.1),
    and that permessage-deflate is accepted once, legally, and within one of the legal offers of it
    (RFC 7692 §5, §7.1). An answer without extensions declines everything, which is always legal.
    """
    if answered is None:
        return []
    try:
        answers = parse_extensions(answered)
    except ValueError as error:
        return [f"the answer {answered!r} is malformed: {error} (RFC 6455 §9.1)"]
    try:
        offers = parse_extensions(offered) if offered else []
    except ValueError:
        offers = []
    names = {offer.name for offer in offers}
    found = [
        f"the answer has {extension.name!r}, which was not offered (RFC 6455 §4.1)"
        for extension in answers
        if extension.name not in names
    ]
    accepted = [extension for extension in answers if extension.name == PERMESSAGE_DEFLATE]
    if len(accepted) > 1:
        found.append(f"the answer accepts {PERMESSAGE_DEFLATE} {len(accepted)} times (RFC 7692 §5)")
    for answer in accepted:
        found += [f"the answer's {problem}" for problem in _problems(answer, valueless=_FLAGS)]
    if found or not accepted:
        return found
    return _problems_of_match([offer for offer in offers if offer.name == PERMESSAGE_DEFLATE], accepted[0])


def agreement_in(answered: str | None) -> Agreement | None:
    """Returns what the answer binds both sides to; None where it does not accept permessage-deflate.

    Raises ValueError for an answer that is malformed or whose parameters are illegal.
    """
    if answered is None:
        return None
    accepted = [answer for answer in parse_extensions(answered) if answer.name == PERMESSAGE_DEFLATE]
    if not accepted:
        return None
    problems = _problems(accepted[0], valueless=_FLAGS)
    if problems:
        raise ValueError(f"the answer's {problems[0]}")
    values = accepted[0].values
    return Agreement(
        server_no_context_takeover="server_no_context_takeover" in values,
        client_no_context_takeover="client_no_context_takeover" in values,
        server_max_window_bits=int(values.get("server_max_window_bits") or MAX_WINDOW_BITS),
        client_max_window_bits=int(values.get("client_max_window_bits") or MAX_WINDOW_BITS),
    )


def _pieces(header: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(header):
        match = _PIECE.match(header, at)
        if match is None:
            if not header[at:].strip(" \t"):
                return
            raise ValueError(f"{header[at : at + 20]!r} is neither a token nor a quoted string")
        kind = match.lastgroup or ""
        yield kind, re.sub(r"\\(.)", r"\1", match[kind]) if kind == "quoted" else match[kind]
        at = match.end()


def _extension(pieces: list[tuple[str, str]], at: int) -> tuple[Extension, int]:
    name, at = _expect(pieces, at, "the name of an extension", "token")
    parameters: list[tuple[str, str | None]] = []
    while at < len(pieces) and pieces[at] == ("mark", ";"):
        parameter, at = _expect(pieces, at + 1, "the name of a parameter", "token")
        value = None
        if at < len(pieces) and pieces[at] == ("mark", "="):
            value, at = _expect(pieces, at + 1, f"a value for {parameter}", "token", "quoted")
            if not _TOKEN.fullmatch(value):
                raise ValueError(f"the quoted value {value!r} of {parameter} is no token")
        parameters.append((parameter, value))
    if at < len(pieces) and pieces[at] != ("mark", ","):
        raise ValueError(f"{pieces[at][1]!r} stands where ',' or ';' should")
    return Extension(name, tuple(parameters)), at


def _expect(pieces: list[tuple[str, str]], at: int, what: str, *kinds: str) -> tuple[str, int]:
    if at >= len(pieces) or pieces[at][0] not in kinds:
        found = repr(pieces[at][1]) if at < len(pieces) else "the end"
        raise ValueError(f"expected {what}, found {found}")
    return pieces[at][1], at + 1


def _problems(extension: Extension, valueless: tuple[str, ...]) -> list[str]:
    found, seen = [], set()
    for name, value in extension.parameters:
        if name in seen:
            found.append(f"parameter {name} is repeated (RFC 7692 §7.1)")
        seen.add(name)
        if name not in _FLAGS + _WINDOWS:
            found.append(f"parameter {name} is not defined (RFC 7692 §7.1)")
        elif name in _FLAGS and value is not None:
            found.append(f"{name}={value} has a value, and takes none (RFC 7692 §7.1.1)")
        elif name in _WINDOWS and value is None and name not in valueless:
            found.append(f"{name} lacks its value (RFC 7692 §7.1.2)")
        elif name in _WINDOWS and value is not None and not _BITS.fullmatch(value):
            found.append(f"{name}={value} is not a decimal number from 8 to 15 (RFC 7692 §7.1.2)")
    return found


def _problems_of_match(offers: list[Extension], answer: Extension) -> list[str]:
    """Returns the conflicts of an answer with the nearest of the legal offers; it must be within one."""
    legal = [offer for offer in offers if not problems_of_offer(offer)]
    if not legal:
        problems = "; ".join(problem for offer in offers for problem in problems_of_offer(offer))
        return [f"the server accepted an offer that it has to decline: {problems}"]
    return min((_conflicts(offer, answer) for offer in legal), key=len)


def _conflicts(offer: Extension, answer: Extension) -> list[str]:
    wanted, given = offer.values, answer.values
    found = []
    if "server_no_context_takeover" in wanted and "server_no_context_takeover" not in given:
        found.append(
            "the server accepted server_no_context_takeover without repeating it (RFC 7692 §7.1.1.1)"
        )
    limit = wanted.get("server_max_window_bits")
    # 15 limits nothing, so the answer may leave it out.
    if limit is not None and limit != str(MAX_WINDOW_BITS):
        agreed = given.get("server_max_window_bits")
        if agreed is None:
            found.append(
                f"the server accepted server_max_window_bits={limit} without repeating it (RFC 7692 §7.1.2.1)"
            )
        elif int(agreed) > int(limit):
            found.append(
                f"the server answered server_max_window_bits={agreed} to {limit} (RFC 7692 §7.1.2.1)"
            )
    if "client_max_window_bits" in given and "client_max_window_bits" not in wanted:
        found.append(
            "the server limits client_max_window_bits, which the client did not offer (RFC 7692 §7.1.2.2)"
        )
    return found
