"""Faults in the reply to a binary message (the contract of the echo)."""

from __future__ import annotations

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.correct.messages import PREFIX
from verification.faulty_servers.registry import fault


class BytesConnection(Connection):
    """Alters the bytes of a binary message before it is answered."""

    def alter(self, data: bytes) -> bytes:
        """Returns the bytes as this fault understands them."""
        raise NotImplementedError

    def reply_to(self, message: Message) -> Message:
        return super().reply_to(self.alter(message) if isinstance(message, bytes) else message)


@fault("contract", caught_by="test_similar_bytes_have_replies_of_their_own")
class RepliesToBytesWithTheirRepr(Connection):
    """A binary message is answered with a text: b'…' as Python shows it."""

    def reply_to(self, message: Message) -> Message:
        return f"{PREFIX}{message!r}" if isinstance(message, bytes) else super().reply_to(message)


@fault("contract", caught_by="test_bytes_come_back_as_bytes[UTF-8]")
class RepliesToBytesInText(Connection):
    """A binary message that is UTF-8 is answered with a text."""

    def reply_to(self, message: Message) -> Message:
        if isinstance(message, bytes):
            try:
                return PREFIX + message.decode()
            except UnicodeDecodeError:
                pass
        return super().reply_to(message)


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[binary-plain]")
class RepliesToBytesWithoutThePrefix(Connection):
    """A binary message comes back without the prefix."""

    def reply_to(self, message: Message) -> Message:
        return message if isinstance(message, bytes) else super().reply_to(message)


@fault("contract", caught_by="test_binary_fragments_are_answered_as_one_message")
class RepliesToTextInBinary(Connection):
    """A text is answered with a binary message."""

    def reply_to(self, message: Message) -> Message:
        reply = super().reply_to(message)
        return reply.encode() if isinstance(reply, str) else reply


@fault("contract", caught_by="test_bytes_come_back_as_bytes[UTF-16]")
class TakesBytesForText(BytesConnection):
    """Bytes that are not UTF-8 are replaced in a binary message."""

    def alter(self, data: bytes) -> bytes:
        return data.decode(errors="replace").encode()


@fault("contract", caught_by="test_message_of_exactly_the_limit_comes_back[binary-plain]")
class StripsTheEighthBit(BytesConnection):
    """A binary message is sent in seven bits."""

    def alter(self, data: bytes) -> bytes:
        return bytes(byte & 0x7F for byte in data)


@fault("contract", caught_by="test_bytes_come_back_as_bytes[line ends]")
class TranslatesLineEndsInBytes(BytesConnection):
    """0D 0A in a binary message becomes 0A, as in a file opened as text."""

    def alter(self, data: bytes) -> bytes:
        return data.replace(b"\r\n", b"\n")


@fault("contract", caught_by="test_bytes_come_back_as_bytes[zero]")
class CutsBytesAtNul(BytesConnection):
    """A binary message ends at its first zero byte."""

    def alter(self, data: bytes) -> bytes:
        return data.partition(b"\0")[0]


@fault("contract", caught_by="test_bytes_come_back_as_bytes[zero]")
class StripsTrailingZeros(BytesConnection):
    """Zero bytes at the end of a binary message are taken for padding."""

    def alter(self, data: bytes) -> bytes:
        return data.rstrip(b"\0")


@fault("contract", caught_by="test_bytes_come_back_as_bytes[line ends]")
class StopsAtControlZ(BytesConnection):
    """Byte 1A ends a binary message, as in DOS."""

    def alter(self, data: bytes) -> bytes:
        return data.partition(b"\x1a")[0]


@fault("contract", caught_by="test_bytes_come_back_as_bytes[zero]")
class PadsBytesToWords(BytesConnection):
    """A binary message is padded to a multiple of four bytes."""

    def alter(self, data: bytes) -> bytes:
        return data + bytes(-len(data) % 4)
