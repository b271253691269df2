"""The messages that one call of `Client.collect` has got so far, and why they do not suffice."""

from __future__ import annotations

from typing import Any

from pytest_websocket.client.codecs import Codec
from pytest_websocket.client.expectations import NOT_GIVEN, Expected, describe_message, matches
from pytest_websocket.client.failures import Row
from pytest_websocket.client.inbox import is_too_much
from pytest_websocket.client.nearest import describe_miss
from pytest_websocket.text import Message, quantity


class Collected:
    """Messages up to a ``count``, or to one that matches ``until``."""

    def __init__(self, count: int | None, until: Expected, codec: Codec | None) -> None:
        self.messages: list[Message] = []
        self._count = count
        self._until = until
        self._codec = codec
        self._size = 0
        self._is_found = False

    @property
    def is_complete(self) -> bool:
        """Whether the message that ends the collection has come."""
        return self._is_found or (self._count is not None and len(self.messages) >= self._count)

    @property
    def is_too_much(self) -> bool:
        """Whether messages go on coming, and nothing else bounds them."""
        return self._count is None and is_too_much(len(self.messages), self._size)

    def add(self, message: Message) -> None:
        """Takes the next message."""
        self.messages.append(message)
        self._size += len(message)
        self._is_found = self._until is not NOT_GIVEN and matches(self._until, message, self._codec)

    def described(self, within: str) -> tuple[Any, ...]:
        """Returns headline and rows of the failure that the collection is not complete ``within`` a time."""
        got = quantity(len(self.messages), "message")
        if self._until is not NOT_GIVEN:
            rows: list[Row] = describe_miss(self._until, self.messages, self._codec)
            return (f"no message that ends the collection came{within}, but {got}", *rows)
        if self._count is None:
            return (f"no quiet came{within}: {got} and more",)
        last = [("the last", describe_message(self.messages[-1], codec=self._codec))] if self.messages else []
        return (f"only {len(self.messages)} of {quantity(self._count, 'message')} came{within}", *last)
