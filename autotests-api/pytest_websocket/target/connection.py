"""A raw connection that knows its target: how it is entered, what is ignored, how messages are carried."""

from __future__ import annotations

from pytest_websocket.protocol.deflate import Inflater, inflater_for
from pytest_websocket.protocol.extensions import agreement_in, problems_of_answer
from pytest_websocket.protocol.frames import BINARY, TEXT, Frame, LengthBits
from pytest_websocket.protocol.reader import Message
from pytest_websocket.raw.connection import Connection
from pytest_websocket.recording import Recording
from pytest_websocket.target import target as targets
from pytest_websocket.target.carrier import Carrying
from pytest_websocket.target.login import Conversation

EXTENSIONS = "Sec-WebSocket-Extensions"

LARGEST_LENGTH = (1 << 64) - 1
"""What a frame can announce."""


class TargetConnection(Connection):
    """A raw connection to a target, entered as its profile says.

    Until it is entered, nothing is ignored and nothing carried: a login sees and sends what there is. With
    ``hears_every_form`` only what the profile names is ignored later, whatever form answers have.
    """

    def __init__(
        self, recording: Recording, deadline: float, target: targets.Target, *, hears_every_form: bool = False
    ) -> None:
        super().__init__(recording, deadline)
        self.target = target
        self._hears_every_form = hears_every_form
        self.has_sent_message = False
        self._says_objects = False
        self._carrying = Carrying(target.carrier) if target.carrier else None
        self.counts_as_answer = self._may_be_an_answer
        if target.login is None:
            self._begin_to_ignore()

    # Entering

    async def enter(self) -> None:
        """Logs in by messages, where the target wants that, and ignores from now on what it is to ignore.

        To be called after the handshake. Raises LoginFailed.
        """
        if self.target.login is None:
            return
        carrying, self._carrying = self._carrying, None

        async def send(message: targets.Message) -> None:
            data = message.encode() if isinstance(message, str) else message
            await Connection.send(self, Frame(TEXT if isinstance(message, str) else BINARY, data))

        async def receive() -> targets.Message:
            return (await self.message()).content

        await self.target.login(Conversation(send, receive, self.target.learn_secret))
        self._carrying = carrying
        self.has_sent_message = False
        self._begin_to_ignore()
        self._sort_out()

    def switch_protocols(self, inflate: Inflater | None = None) -> None:
        """Reads frames from now on, compressed ones as agreed, whoever made the offer."""
        super().switch_protocols(inflate or self._agreed_inflater())

    def _agreed_inflater(self) -> Inflater | None:
        offered = self.request.value(EXTENSIONS) if self.request else None
        answered = self.response.value(EXTENSIONS) if self.response else None
        if not offered or problems_of_answer(offered, answered):
            return None
        agreement = agreement_in(answered)
        return inflater_for(agreement) if agreement else None

    # Sending

    def encode(self, *frames: Frame) -> bytes:
        """Returns frames as bytes, their text in the target's own form."""
        return b"".join(frame.encode() for frame in self._carried(frames))

    async def send(
        self,
        *frames: Frame,
        masked: bool | None = None,
        mask_key: bytes | None = None,
        length: int | None = None,
        length_bits: LengthBits | None = None,
    ) -> None:
        """Sends frames, see `Connection.send`, their text in the target's own form."""
        carried = self._carried(frames)
        if length is not None:
            # It stays as much longer than the payload as the test wants it.
            length += sum(
                len(after.payload) - len(before.payload)
                for before, after in zip(frames, carried, strict=True)
            )
            length = min(length, LARGEST_LENGTH)
        await self.send_frame(
            *carried, masked=masked, mask_key=mask_key, length=length, length_bits=length_bits
        )

    async def send_together(self, *frames: Frame) -> None:
        """Sends several frames in one write, their text in the target's own form."""
        await super().send_together(*self._carried(frames))

    def carried_message(self, message: targets.Message) -> bytes:
        """Returns the bytes of a whole message in the target's own form."""
        if isinstance(message, bytes):
            return message
        data = message.encode()
        return self._carrying.message(data) if self._carrying else data

    def _carried(self, frames: tuple[Frame, ...]) -> list[Frame]:
        self.has_sent_message = self.has_sent_message or any(
            frame.opcode in (TEXT, BINARY) for frame in frames
        )
        self._says_objects = self._says_objects or any(frame.payload[:1] == b"{" for frame in frames)
        return self._carrying.frames(frames) if self._carrying else list(frames)

    # Receiving

    def _begin_to_ignore(self) -> None:
        self.initial_messages = self.target.greetings
        self.ignores = self._is_to_be_ignored

    def _is_to_be_ignored(self, message: Message) -> bool:
        # A greeting that is counted is dropped as one.
        if self._hears_every_form or self._says_objects or self.initial_messages:
            return self.target.ignores(message.content)
        return self.target.is_unasked(message.content)

    def _may_be_an_answer(self, message: Message) -> bool:
        return self.target.may_answer(message.content)
