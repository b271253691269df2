"""Faults in regular expressions that take quadratic time on long input (the contract)."""

from __future__ import annotations

import re

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.request import Request
from verification.faulty_servers.registry import fault


class MatchesHeaders(Connection):
    """Looks for ``pattern`` everywhere in the values of the header ``field``."""

    head_limit = 1 << 20
    field: str
    pattern: str

    def __init_subclass__(cls, field: str, pattern: str) -> None:
        cls.field, cls.pattern = field, pattern

    def judge(self, request: Request) -> None:
        for value in request.values(self.field):
            re.findall(self.pattern, value)
        super().judge(request)


@fault(
    "contract",
    caught_by="test_giant_handshake_is_answered_or_ended[a subprotocol behind 200 KiB of blanks]",
    origin="blind round 4",
)
class BacktracksOverBlanks(MatchesHeaders, field="Sec-WebSocket-Protocol", pattern=r"\s*,\s*"):
    """A list is taken apart by a pattern that tries every blank as the beginning of a comma."""


@fault(
    "contract",
    caught_by="test_giant_handshake_is_answered_or_ended[an extension behind 200 KiB of blanks]",
    origin="blind round 4",
)
class BacktracksOverBlanksOfAnOffer(MatchesHeaders, field="Sec-WebSocket-Extensions", pattern=r"\s*;\s*"):
    """Blanks in an offer of extensions are matched again and again."""


@fault(
    "contract",
    caught_by="test_giant_handshake_is_answered_or_ended[a parameter of 200 KiB of backslashes]",
    origin="blind round 4",
)
class BacktracksOverBackslashes(MatchesHeaders, field="Sec-WebSocket-Extensions", pattern=r"\\*$x"):
    """A quoted value that never ends is tried from each of its backslashes."""


@fault(
    "contract",
    caught_by="test_white_space_comes_back_untouched[a hundred thousand spaces before a word]",
    origin="blind round 4",
)
class BacktracksOverBlanksInAMessage(Connection):
    """What a text ends in is looked for from each of its blanks."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, str):
            re.search(r"\s+$", message)
        return super().reply_to(message)


@fault(
    "contract",
    caught_by="test_time_for_a_handshake_grows_no_faster_than_its_length[cookies]",
    origin="a public bug",
)
class CutsCookiesOffOneByOne(Connection):
    """Each cookie is taken off the front of the header, whose rest is searched from its beginning."""

    head_limit = 1 << 17

    def judge(self, request: Request) -> None:
        for value in request.values("Cookie"):
            rest = value
            while ";" in rest:
                _, _, rest = rest.partition(";")
                re.search(r"=\Z", rest)
        super().judge(request)


@fault("contract", caught_by="test_time_for_a_handshake_grows_no_faster_than_its_length[dots in a path]")
class NormalizesPathsFromTheStart(Connection):
    """Every .. of a path is taken out by itself, and the search begins anew."""

    head_limit = 1 << 17

    def judge(self, request: Request) -> None:
        path = request.target
        while "../" in path:
            path = path.replace("../", "", 1)
            re.search(r"//\Z", path)
        super().judge(request)


@fault("contract", caught_by="test_time_for_a_handshake_grows_no_faster_than_its_length[headers]")
class LooksForEveryHeaderAmongAll(Connection):
    """A header is compared with all others, to find the repeated ones."""

    head_limit = 1 << 17
    field_limit = 1 << 14

    def judge(self, request: Request) -> None:
        for name, _ in request.fields:
            sum(name.lower() == other.lower() for other, _ in request.fields)
        super().judge(request)


@fault(
    "contract", caught_by="test_time_for_a_handshake_grows_no_faster_than_its_length[parameters of deflate]"
)
class ComparesEachParameterWithAll(Connection):
    """A parameter is compared with all others of its offer, letter by letter."""

    head_limit = 1 << 17

    def check_repeated(self, names: list[str]) -> None:
        for name in names:
            sum(re.fullmatch(re.escape(name[-1]), other) is not None for other in names)
        super().check_repeated(names)


@fault(
    "contract", caught_by="test_time_for_a_handshake_grows_no_faster_than_its_length[blanks after a header]"
)
class BacktracksOverTrailingBlanks(Connection):
    """What a header ends in is looked for from each of its blanks."""

    head_limit = 1 << 17

    def parse_head(self, head: bytes) -> Request:
        for line in head.split(b"\r\n"):
            re.search(rb"[ \t]+$", line + b"x")
        return super().parse_head(head)


@fault("contract", caught_by="test_time_for_a_handshake_grows_no_faster_than_its_length[a version]")
class ConvertsAnyVersion(Connection):
    """A version is converted digit by digit into a number of any size."""

    head_limit = 1 << 17

    def check_websocket_version(self, request: Request) -> None:
        for value in request.values("Sec-WebSocket-Version"):
            number = 0
            for digit in value:
                number = number * 10 + (ord(digit) - 48)
        super().check_websocket_version(request)
