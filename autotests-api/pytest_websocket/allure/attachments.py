"""What is attached to a test: its conversations, their handshakes, and on failure how to look closer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_websocket.render import handshake, har, transcript
from pytest_websocket.render.conversation import Conversation
from pytest_websocket.render.reproducer import repeat
from pytest_websocket.target.target import Target

_EXTENSIONS = {
    "text/html": "html",
    "image/svg+xml": "svg",
    "image/png": "png",
    "application/json": "json",
    "text/csv": "csv",
    "text/markdown": "md",
}
# The first handshakes of a test; a crowd's are all alike.
_MOST_HANDSHAKES = 2


@dataclass(frozen=True)
class Document:
    """Something to attach."""

    name: str
    body: str | bytes
    mime: str
    extension: str

    @classmethod
    def of(cls, name: str, body: str | bytes, mime: str) -> Document:
        """A document whose extension follows from its media type."""
        return cls(name, body, mime, _EXTENSIONS.get(mime, "txt"))


def documents(
    conversations: Sequence[Conversation], target: Target, *, opened: int, failed: bool
) -> Iterator[Document]:
    """The documents of a test that opened ``opened`` connections, of which these are shown."""
    if not conversations:
        return
    secrets = target.secrets
    name = f"Conversation · {conversations[0].name}" if opened == 1 else f"{opened} conversations"
    largest = transcript.LARGEST_PAGE if failed else transcript.LARGEST_OF_A_PASSED
    page = transcript.page(conversations, secrets, more=opened - len(conversations), largest=largest)
    yield Document.of(name, page, "text/html")
    for conversation in [each for each in conversations if each.request.line][:_MOST_HANDSHAKES]:
        body = handshake.exchange(conversation, secrets)
        yield Document(f"Handshake · {conversation.name}", body, handshake.MIME, handshake.EXTENSION)
    if failed:
        yield Document(
            "Archive for Chrome (Network → import HAR)",
            har.archive(conversations, secrets),
            "application/json",
            "har",
        )
        for conversation in conversations[:_MOST_HANDSHAKES]:
            again = repeat(conversation, secrets, embedded=target.embedded)
            yield Document.of(f"Repeat it · {conversation.name}", again, "text/plain")
