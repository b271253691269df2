"""Compressing and inflating messages (RFC 7692 §7.2)."""

from __future__ import annotations

import zlib

from verification.faulty_servers.correct.negotiation import MAX_WINDOW_BITS, Agreement

TAIL = b"\x00\x00\xff\xff"


class BrokenDeflate(Exception):
    """The client's compressed data cannot be inflated."""


class TooBig(Exception):
    """The message is above the limit."""


class Deflater:
    """Compresses the server's messages within the agreed window."""

    def __init__(self, agreement: Agreement) -> None:
        self.bits = agreement.server_max_window_bits or MAX_WINDOW_BITS
        self.takeover = not agreement.server_no_context_takeover
        self.stream = self.new_stream()

    def new_stream(self) -> zlib._Compress:
        """Returns a raw deflate stream with an empty window."""
        if self.bits == 8:
            # zlib has no raw window of 256 bytes; without back-references every window is kept.
            return zlib.compressobj(wbits=-9, strategy=zlib.Z_HUFFMAN_ONLY)
        return zlib.compressobj(wbits=-self.bits)

    def compress(self, data: bytes) -> bytes:
        """Returns a message without the four bytes that every sync flush ends in (RFC 7692 §7.2.1)."""
        compressed = self.stream.compress(data) + self.flush()
        if not self.takeover:
            self.stream = self.new_stream()
        return self.cut_tail(compressed)

    def flush(self) -> bytes:
        """Ends the message on a byte boundary."""
        return self.stream.flush(zlib.Z_SYNC_FLUSH)

    def cut_tail(self, compressed: bytes) -> bytes:
        """Drops the last four bytes, which are always the same."""
        return compressed.removesuffix(TAIL)


class Inflater:
    """Inflates the client's messages piece by piece, never beyond a limit."""

    def __init__(self, agreement: Agreement) -> None:
        self.bits = agreement.client_max_window_bits or MAX_WINDOW_BITS
        self.takeover = not agreement.client_no_context_takeover
        self.stream = self.new_stream()

    def new_stream(self) -> zlib._Decompress:
        """Returns a raw inflate stream with an empty window."""
        return zlib.decompressobj(wbits=-self.bits)

    def inflate(self, data: bytes, limit: int) -> bytes:
        """Inflates a piece. Raises TooBig above ``limit`` bytes, BrokenDeflate for bad data."""
        inflated = b""
        while data:
            if self.stream.eof:
                self.stream = self.new_stream()
            try:
                inflated += self.stream.decompress(data, limit - len(inflated) + 1)
            except zlib.error as error:
                raise BrokenDeflate(str(error)) from error
            if len(inflated) > limit:
                raise TooBig
            data = self.stream.unused_data if self.stream.eof else self.stream.unconsumed_tail
        return inflated

    def finish(self, limit: int) -> bytes:
        """Inflates the end of a message. Raises TooBig, or BrokenDeflate when the data stops half-way."""
        inflated = b"" if self.stream.eof else self.inflate(TAIL, limit)
        self.check_complete()
        if not self.takeover:
            self.stream = self.new_stream()
        return inflated

    def check_complete(self) -> None:
        """Checks that the message ends where a block ends: only there does a final empty block fit."""
        if self.stream.eof:
            return
        probe = self.stream.copy()
        try:
            probe.decompress(b"\x03\x00", 1)
        except zlib.error as error:
            raise BrokenDeflate("the data stops inside a block") from error
        if not probe.eof:
            raise BrokenDeflate("the data stops inside a block")
