"""Faults in the order of replies (the contract of the echo)."""

from __future__ import annotations

import asyncio

from verification.faulty_servers.correct import Connection
from verification.faulty_servers.correct.framing import Message
from verification.faulty_servers.registry import fault


class BatchConnection(Connection):
    """Answers when a segment has been read to its end."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.batch: list[Message] = []

    def message(self, message: Message) -> None:
        self.batch.append(message)

    def feed(self) -> None:
        try:
            super().feed()
        finally:
            batch, self.batch = self.batch, []
            for message in self.arrange(batch):
                super().message(message)

    def arrange(self, batch: list[Message]) -> list[Message]:
        """Returns what is answered of the messages of one segment, and in which order."""
        raise NotImplementedError


@fault("contract", caught_by="test_messages_in_one_segment_are_all_answered[2]")
class RepliesToTheLastOfASegment(BatchConnection):
    """Of several messages in one segment only the last is answered."""

    def arrange(self, batch: list[Message]) -> list[Message]:
        return batch[-1:]


@fault("contract", caught_by="test_messages_in_one_segment_are_all_answered[3]")
class RepliesInReverse(BatchConnection):
    """Messages that come in one segment are answered last first."""

    def arrange(self, batch: list[Message]) -> list[Message]:
        return batch[::-1]


@fault("contract", caught_by="test_equal_messages_in_one_segment_are_each_answered")
class RepliesToShortMessagesFirst(BatchConnection):
    """Messages that come in one segment are answered by length."""

    def arrange(self, batch: list[Message]) -> list[Message]:
        return sorted(batch, key=len)


@fault("contract", caught_by="test_messages_in_one_segment_are_all_answered[3]")
class JoinsMessagesOfASegment(BatchConnection):
    """Texts that come in one segment are answered together."""

    def arrange(self, batch: list[Message]) -> list[Message]:
        texts = [message for message in batch if isinstance(message, str)]
        return ["".join(texts)] if len(texts) > 1 and len(texts) == len(batch) else batch


@fault("contract", caught_by="test_messages_in_one_segment_are_all_answered[100]")
class DropsWhatExceedsItsQueue(BatchConnection):
    """Of more than sixteen messages in one segment the rest is dropped."""

    def arrange(self, batch: list[Message]) -> list[Message]:
        return batch[:16]


@fault("contract", caught_by="test_large_message_survives_delivery_in_pieces")
class LetsShortMessagesOvertake(Connection):
    """A reply to more than 1,000 characters is made in a worker, and later ones overtake it."""

    def message(self, message: Message) -> None:
        if len(message) > 1000:
            asyncio.get_running_loop().call_later(0.05, super().message, message)
        else:
            super().message(message)


@fault("contract", caught_by="test_text_and_binary_keep_their_order_in_a_burst")
class LetsTextOvertakeBytes(Connection):
    """Binary replies have a queue of their own, and texts overtake them."""

    def message(self, message: Message) -> None:
        if isinstance(message, bytes):
            asyncio.get_running_loop().call_later(0.05, super().message, message)
        else:
            super().message(message)
