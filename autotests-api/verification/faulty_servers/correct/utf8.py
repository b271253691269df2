"""Checking text byte by byte, so that a bad one is refused before it is complete (RFC 6455 §8.1)."""

from __future__ import annotations

import codecs


class Utf8:
    """Decodes one message in pieces. A piece may end inside a character."""

    def __init__(self) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def decode(self, data: bytes) -> str:
        """Returns the complete characters. Raises UnicodeDecodeError as soon as no text can begin so."""
        return self.decoder.decode(data)

    def finish(self) -> str:
        """Ends the message. Raises UnicodeDecodeError when that is inside a character."""
        return self.decoder.decode(b"", final=True)
