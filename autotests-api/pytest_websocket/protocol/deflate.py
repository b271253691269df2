"""Compresses messages and inflates them strictly (RFC 7692 §7.2)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from pytest_websocket.protocol.extensions import MAX_WINDOW_BITS, Agreement

TAIL = b"\x00\x00\xff\xff"
"""What every compressed message ends in before these four bytes are cut off (RFC 7692 §7.2.1)."""

EMPTY = b"\x00"
"""An empty message: the header of a stored block of nothing, its length cut off with the tail."""

MAX_INFLATED = 64 << 20
"""Bytes of one inflated message; more is refused, so that no server can fill the memory."""

MAX_INFLATED_EXACTLY = 16 << 20
"""The same where the window is judged exactly, in steps of 32 bytes, which takes a second or two."""

MAX_FINAL_BLOCKS = 10_000
"""Blocks with BFINAL in one message; each costs a new zlib stream, so that more would stop the event loop."""

_EXACT = 20 << 10
_STEP = 32
_BLOCK = 64 << 10
# zlib hands back the input that it has not used as a copy at every step: short slices keep the copies short.
_SLICE, _EXACT_SLICE = 16 << 10, 64
_MARK = b"a block may start here"
_PROBE = b"\x00" + struct.pack("<HH", len(_MARK), len(_MARK) ^ 0xFFFF) + _MARK


class Deflater:
    """Compresses messages with back-references of at most 2 to the power of ``bits`` bytes.

    ``takeover`` keeps the window from message to message (RFC 7692 §7.1.1.2). ``level`` and ``strategy``
    are zlib's: level 0 writes stored blocks, Z_FIXED writes fixed ones.
    """

    def __init__(
        self,
        bits: int = MAX_WINDOW_BITS,
        *,
        takeover: bool = True,
        level: int = 6,
        strategy: int = zlib.Z_DEFAULT_STRATEGY,
    ) -> None:
        self.bits = bits
        self.takeover = takeover
        self.level = level
        # zlib cannot write a raw window of 256 bytes; run lengths look back one byte only and fit in any.
        self.strategy = zlib.Z_RLE if bits == 8 else strategy
        self._stream = self._fresh()

    def deflate(self, data: bytes, *, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
        """Returns a whole message, as it stands on the wire.

        ``flush`` ends it: Z_SYNC_FLUSH, Z_FULL_FLUSH (which forgets the window as well) or Z_FINISH, which
        sets BFINAL in the last block (RFC 7692 §7.2.3.4).
        """
        return self.deflate_blocks([data], flush=flush)

    def deflate_blocks(self, parts: Iterable[bytes], *, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
        """Returns a message whose ``parts`` stand in blocks of their own, each ended by ``flush``."""
        out = b"".join(self._flushed(part, flush) for part in parts)
        if not self.takeover:
            self._stream = self._fresh()
        # zlib has nothing to flush where nothing came since the last flush.
        return out.removesuffix(TAIL) if out.endswith(TAIL) else out + EMPTY

    def _flushed(self, part: bytes, flush: int) -> bytes:
        out = self._stream.compress(part) + self._stream.flush(flush)
        if flush == zlib.Z_FINISH:
            self._stream = self._fresh()
        return out

    def _fresh(self) -> zlib._Compress:
        return zlib.compressobj(
            self.level, zlib.DEFLATED, -max(self.bits, 9), zlib.DEF_MEM_LEVEL, self.strategy
        )


class InflateError(ValueError):
    """A compressed message cannot be inflated."""


class TooLarge(InflateError):
    """A message inflates to more than the limit, or has too many final blocks."""


class Inflater:
    """Inflates messages with exactly the window that was agreed, and judges their form (RFC 7692 §7.2.2).

    zlib forgives a back-reference beyond the window as long as the data is still in its output buffer. So
    below 15 bits the output is drawn byte by byte for the first 20 KiB of a connection, and in steps of
    32 bytes after that. At 15 bits DEFLATE itself has no farther reference. Without ``exact`` the window is
    zlib's, and the output is drawn in blocks: a recording decodes what a test with ``exact`` judges.
    """

    def __init__(
        self,
        bits: int = MAX_WINDOW_BITS,
        *,
        takeover: bool = True,
        limit: int = MAX_INFLATED,
        exact: bool = True,
    ) -> None:
        self.bits = bits
        self.takeover = takeover
        self._exact = exact and bits < MAX_WINDOW_BITS
        self.limit = min(limit, MAX_INFLATED_EXACTLY) if self._exact else limit
        self._size = 1 << bits
        self._inflated = 0
        self._taken = 0
        self._produced = 0
        self._final_blocks = 0
        self._window = bytearray()
        self._stream = self._fresh()

    def __call__(self, data: bytes) -> bytes:
        """Returns the content of a whole compressed message; raises as `inflate` does."""
        return b"".join(self.inflate(data, last=True))

    def inflate(self, data: bytes, *, last: bool) -> Iterator[bytes]:
        """Yields what a piece of a message inflates to, in blocks of at most 64 KiB; ``last`` ends it.

        Raises `InflateError` for broken DEFLATE data, a back-reference beyond the window and a message that
        does not end where a block ends (RFC 7692 §7.2.1); `TooLarge` for more than ``limit`` bytes or
        `MAX_FINAL_BLOCKS`.
        """
        if not self._taken and not self.takeover:
            self._window.clear()
            self._stream = self._fresh()
        self._taken += len(data)
        if last and not self._taken:
            raise InflateError("it has no data, not even the header of an empty block")
        rest = data + TAIL if last else data
        at = 0
        while at < len(rest):
            piece = rest[at : at + (_EXACT_SLICE if self._exact else _SLICE)]
            at += len(piece)
            yield from self._draw(piece)
            if self._stream.eof:
                at -= len(self._stream.unused_data)
                self._go_on_after_final_block()
        if last:
            self._taken = self._produced = self._final_blocks = 0
            self._check_that_a_block_has_ended()

    def _draw(self, data: bytes) -> Iterator[bytes]:
        while True:
            step = _BLOCK if not self._exact else 1 if self._inflated < _EXACT else _STEP
            try:
                drawn = self._stream.decompress(data, step)
            except zlib.error as error:
                raise InflateError(self._in_words(error)) from error
            if drawn:
                self._inflated += len(drawn)
                self._produced += len(drawn)
                if self._produced > self.limit:
                    raise TooLarge(f"it inflates to more than {self.limit} bytes")
                self._window += drawn
                if len(self._window) > 2 * self._size:
                    del self._window[: -self._size]
                yield drawn
            data = self._stream.unconsumed_tail
            if self._stream.eof or (not data and len(drawn) < step):
                return

    def _go_on_after_final_block(self) -> None:
        """Begins a new stream of zlib: a block with BFINAL ends the old one, but not message and window."""
        self._final_blocks += 1
        if self._final_blocks > MAX_FINAL_BLOCKS:
            raise TooLarge(f"it has more than {MAX_FINAL_BLOCKS} final blocks")
        self._stream = self._fresh()

    def _fresh(self) -> zlib._Decompress:
        return zlib.decompressobj(-self.bits, zdict=bytes(self._window[-self._size :]))

    def _check_that_a_block_has_ended(self) -> None:
        try:
            ended = self._stream.copy().decompress(_PROBE) == _MARK
        except zlib.error:
            ended = False
        if not ended:
            raise InflateError(
                "it does not end where a DEFLATE block ends, or its last four bytes were not cut"
            )

    def _in_words(self, error: zlib.error) -> str:
        reason = str(error).partition(": ")[2] or str(error)
        if "distance" not in reason:
            return reason
        takeover = "" if self.takeover else ", beginning with every message"
        return f"{reason} (agreed window: {self._size} bytes{takeover})"


def deflater_for(agreement: Agreement) -> Deflater:
    """Returns what compresses with all that the agreement leaves to the client."""
    return Deflater(agreement.client_max_window_bits, takeover=not agreement.client_no_context_takeover)


def inflater_for(agreement: Agreement) -> Inflater:
    """Returns what inflates with no more than the agreement leaves to the server."""
    return Inflater(agreement.server_max_window_bits, takeover=not agreement.server_no_context_takeover)
