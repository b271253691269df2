"""Putting messages together and answering them (RFC 6455 §5.4, §8.1; the contract of the echo)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_websocket.protocol.frames import TEXT, Header
from verification.faulty_servers.correct.compression import BrokenDeflate, TooBig
from verification.faulty_servers.correct.framing import BAD_DATA, TOO_BIG, Framing, Message, Violation
from verification.faulty_servers.correct.utf8 import Utf8

if TYPE_CHECKING:
    from verification.faulty_servers.correct.server import EchoServer

PREFIX = "Сервер получил: "


class Messages(Framing):
    """Collects the fragments of one message, checks them as they come, and replies."""

    def __init__(
        self, server: EchoServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(server, reader, writer)
        self.is_text = False
        self.compressed = False
        self.received = 0
        self.size = 0
        self.parts: list[bytes] = []
        self.characters: list[str] = []
        self.utf8 = Utf8()

    @property
    def limit(self) -> int:
        """The biggest message that is accepted, in bytes after inflation."""
        return self.server.max_size

    def check_size(self, header: Header) -> None:
        """Counts what is announced; a compressed message is counted when it is inflated."""
        first = header.opcode != 0
        if header.rsv1 or (self.compressed and not first):
            # Data that cannot be compressed grows a little; more than this is no message of that size.
            ceiling = self.limit + (self.limit >> 6) + 1024
        else:
            ceiling = self.limit
        if (0 if first else self.received) + header.length > ceiling:
            raise self.too_big()

    def too_big(self) -> Violation:
        """Returns the violation of the limit."""
        return Violation(TOO_BIG, f"the message is bigger than {self.limit} bytes")

    def frame_begins(self, header: Header) -> None:
        """Starts a message, or goes on with the one that is open."""
        if header.opcode in (1, 2):
            self.in_message = True
            self.start_message(header)

    def start_message(self, header: Header) -> None:
        """Forgets the message before."""
        self.is_text = header.opcode == TEXT
        self.compressed = header.rsv1
        self.received = self.size = 0
        self.parts = []
        self.characters = []
        self.utf8 = self.new_utf8()

    def new_utf8(self) -> Utf8:
        """Returns a validator for one message."""
        return Utf8()

    def data(self, piece: bytes) -> None:
        """Inflates a piece if need be, counts it, checks it."""
        self.received += len(piece)
        self.add(self.inflate(piece) if self.compressed else piece)

    def inflate(self, piece: bytes) -> bytes:
        """Inflates within what the limit leaves. Raises Violation."""
        assert self.inflater is not None
        try:
            return self.inflater.inflate(piece, self.limit - self.size)
        except TooBig:
            raise self.too_big() from None
        except BrokenDeflate as error:
            raise Violation(BAD_DATA, f"broken deflate data: {error}") from error

    def inflate_end(self) -> bytes:
        """Inflates what is left at the end of a message. Raises Violation."""
        assert self.inflater is not None
        try:
            return self.inflater.finish(self.limit - self.size)
        except TooBig:
            raise self.too_big() from None
        except BrokenDeflate as error:
            raise Violation(BAD_DATA, f"broken deflate data: {error}") from error

    def add(self, data: bytes) -> None:
        """Adds message data. Raises Violation as soon as the text cannot be UTF-8 any more."""
        self.size += len(data)
        if self.is_text:
            try:
                self.characters.append(self.utf8.decode(data))
            except UnicodeDecodeError as error:
                raise self.not_utf8() from error
        else:
            self.parts.append(data)

    def not_utf8(self) -> Violation:
        """Returns the violation of RFC 6455 §8.1."""
        return Violation(BAD_DATA, "the text is not UTF-8")

    def frame_ends(self, header: Header) -> None:
        """Answers the message once its last frame is complete."""
        if header.fin:
            self.in_message = False
            self.message(self.finish_message())

    def finish_message(self) -> Message:
        """Returns the whole message. Raises Violation when it ends inside a character or a block."""
        if self.compressed:
            self.add(self.inflate_end())
        if not self.is_text:
            return b"".join(self.parts)
        try:
            self.characters.append(self.utf8.finish())
        except UnicodeDecodeError as error:
            raise self.not_utf8() from error
        return "".join(self.characters)

    def message(self, message: Message) -> None:
        """Sends one reply for one message."""
        self.send_message(self.reply_to(message))

    def reply_to(self, message: Message) -> Message:
        """Returns the reply of the contract: prefix and message, for bytes in UTF-8."""
        if isinstance(message, str):
            return PREFIX + message
        return PREFIX.encode() + message
