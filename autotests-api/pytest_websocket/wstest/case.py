"""What a case is: frames to send, what may come back, how the connection has to end. Knows no connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pytest_websocket.protocol.frames import BINARY, Frame


class Behavior(StrEnum):
    """The reference suite's words for what a peer did, in its spelling."""

    OK = "OK"
    NON_STRICT = "NON-STRICT"
    INFORMATIONAL = "INFORMATIONAL"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    FAILED = "FAILED"
    WRONG_CODE = "WRONG CODE"
    UNCLEAN = "UNCLEAN"
    FAILED_BY_CLIENT = "FAILED BY CLIENT"


class Event(NamedTuple):
    """Something that came: ``message`` or ``pong``; or ``timeout``, a wait that passed with nothing.

    ``data`` is the payload, of a timeout the name of the wait.
    """

    kind: str
    data: bytes
    binary: bool = False


def message(data: str | bytes) -> Event:
    """Returns a message: text from a str, binary from bytes."""
    return Event("message", data.encode(), False) if isinstance(data, str) else Event("message", data, True)


def message_text(data: bytes) -> Event:
    """Returns a text message from its bytes."""
    return Event("message", data)


def pong(payload: bytes = b"") -> Event:
    """Returns a Pong."""
    return Event("pong", payload)


def timeout(name: str) -> Event:
    """Returns a wait that passed with the connection still open."""
    return Event("timeout", name.encode())


@dataclass(frozen=True, slots=True)
class Send:
    """Sends one frame; ``chop`` is the size in bytes of the writes, 0 for one write."""

    frame: Frame
    chop: int = 0


@dataclass(frozen=True, slots=True)
class SendFragments:
    """Sends one message in fragments of ``size`` bytes."""

    opcode: int
    data: bytes
    size: int


@dataclass(frozen=True, slots=True)
class SendPart:
    """Sends the bytes of ``frame`` from one offset of its payload to another, the header with the first."""

    frame: Frame
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Waits for ``seconds`` at most: until something comes.

    When nothing came and the connection is still open, that is an event of this name, unless that is empty.
    """

    seconds: float
    name: str


@dataclass(frozen=True, slots=True)
class SendClose:
    """Sends a Close frame with this body, whatever it is, and so begins the closing handshake."""

    body: bytes = b"\x03\xe8"


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Sends messages, each once the one before has come back.

    ``messages`` makes their payloads. With ``fragment`` they are sent in fragments of so many bytes, with
    ``chop`` in writes of so many.
    """

    messages: Callable[[int], Iterator[bytes]]
    count: int
    binary: bool
    fragment: int = 0
    chop: int = 0


Step = Send | SendFragments | SendPart | Wait | SendClose | RoundTrips


@dataclass(frozen=True, slots=True)
class Ends:
    """How the connection has to end.

    ``by_us`` says that the suite closes it, otherwise the peer has to. ``codes`` are those that the peer's
    Close frame may carry; the first is the one that the suite sends. ``clean`` asks for both Close frames and
    for the end of TCP. ``decides`` turns an end by the wrong side into a failure of the whole case,
    ``code_decides`` a wrong code.
    """

    by_us: bool
    codes: tuple[int, ...]
    clean: bool
    decides: bool = False
    code_decides: bool = False


@dataclass(frozen=True, slots=True)
class Compression:
    """How permessage-deflate is negotiated (RFC 7692 §7.1).

    ``wishes`` are tried in order: whether the peer shall forget its window after each message, and the bits
    of the peer's window (0: no limit). The suite as a client offers all of them; as a server it accepts the
    first that the client's offer allows.
    """

    wishes: tuple[tuple[bool, int], ...] = ((False, 0),)


@dataclass(frozen=True)
class Case:
    """One case.

    ``number`` is the reference suite's, ``section`` that of the RFC. ``outcomes`` says which events mean
    what; other events are a failure. ``limit`` is how long the peer has after the last step, in seconds;
    then the suite closes the connection, with 1001 unless ``ends_quietly``. ``closes`` says that the suite
    closes once everything expected has come. ``judges`` is false where the RFC asks for nothing, and the case
    only records.
    """

    number: str
    section: str
    sends: str
    expects: str
    steps: tuple[Step, ...]
    ends: Ends
    outcomes: Mapping[Behavior, tuple[Event, ...]] = field(default_factory=dict)
    limit: float = 1
    ends_quietly: bool = False
    closes: bool = True
    judges: bool = True
    timed: bool = False
    compression: Compression | None = None

    @property
    def order(self) -> tuple[int, ...]:
        """The number's parts, for sorting."""
        return tuple(map(int, self.number.split(".")))

    @property
    def group(self) -> str:
        """The number without its last part."""
        return self.number.rpartition(".")[0]


NORMAL = Ends(by_us=True, codes=(1000,), clean=True)
"""The suite closes with 1000, and the peer answers."""

REFUSED = Ends(by_us=False, codes=(1002,), clean=False)
"""The peer fails the connection because a rule was broken (RFC 6455 §7.1.7)."""

NOT_UTF8 = Ends(by_us=False, codes=(1007,), clean=False, decides=True)
"""The peer fails the connection because text was not UTF-8 (RFC 6455 §8.1)."""


def echoed(data: bytes, opcode: int) -> Event:
    """Returns the message that an echo makes of a frame."""
    return Event("message", data, opcode == BINARY)
