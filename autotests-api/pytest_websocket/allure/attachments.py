"""Attaches to a test its conversations, their handshakes, and on failure how to look closer."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import allure
import pytest

from pytest_websocket.allure.reporter import Reporter
from pytest_websocket.plugin.recordings import ATTACHMENTS, RECORDINGS
from pytest_websocket.plugin.run import CONVERSATIONS, FAILED, target_of
from pytest_websocket.render import handshake, har, plain_transcript, reproducer, transcript
from pytest_websocket.render.conversation import Conversation

_EXTENSIONS = {
    "text/html": "html",
    "image/svg+xml": "svg",
    "image/png": "png",
    "application/json": "json",
    "text/csv": "csv",
    "text/markdown": "md",
}
_MOST_PAGES = 300
"""Tests of a run whose passed ones have their conversation as a page too: 2,500 make a report of 60 MB."""

_PROCESS = uuid.uuid4().hex[:8]
_numbers = itertools.count(1)

# The first handshakes of a test; those of many connections are alike.
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
        """Makes a document whose extension follows from its media type."""
        return cls(name, body, mime, _EXTENSIONS.get(mime, "txt"))


def documents(
    conversations: list[Conversation], *, opened: int, failed: bool, embedded: bool, brief: bool = False
) -> Iterator[Document]:
    """Yields the documents of a test that opened ``opened`` connections, of which these are shown.

    A ``brief`` one is plain text.
    """
    if not conversations:
        return
    name = f"Conversation · {conversations[0].name}" if opened == 1 else f"{opened} conversations"
    more = opened - len(conversations)
    if brief:
        yield Document.of(name, plain_transcript.text(conversations, more=more), "text/plain")
    else:
        yield Document.of(name, transcript.page(conversations, more=more), "text/html")
    if failed:
        for conversation in [each for each in conversations if each.request.line][:_MOST_HANDSHAKES]:
            body = handshake.exchange(conversation)
            yield Document(f"Handshake · {conversation.name}", body, handshake.MIME, handshake.EXTENSION)
        archive = har.archive(conversations)
        yield Document("Archive for Chrome (Network → import HAR)", archive, "application/json", "har")
        for conversation in conversations[:_MOST_HANDSHAKES]:
            commands = reproducer.commands(conversation, embedded=embedded)
            yield Document.of(f"Repeat it · {conversation.name}", commands, "text/plain")


def attach_to_test(item: pytest.Item, reporter: Reporter, test: Any) -> None:
    """Attaches the documents of a test that ended to its result ``test``.

    ``allure.attach`` during the teardown of a fixture would put them where the report does not count them.
    """
    found = documents(
        item.stash[CONVERSATIONS],
        opened=len(item.stash.get(RECORDINGS, [])),
        failed=item.stash.get(FAILED, False),
        embedded=target_of(item).embedded,
        brief=not item.stash.get(FAILED, False) and len(item.session.items) > _MOST_PAGES,
    )
    for document in [*found, *(Document.of(*each) for each in item.stash.get(ATTACHMENTS, []))]:
        reporter.attach_data(
            # A name that is mostly in the page already compresses better than a random one.
            f"{test.testCaseId}-{_PROCESS}-{next(_numbers)}",
            document.body,
            name=document.name,
            attachment_type=document.mime,
            extension=document.extension,
            parent_uuid=test.uuid,
        )


def attach_to_run(document: Document) -> None:
    """Attaches to the run as a whole."""
    allure.global_attach(
        document.body, name=document.name, attachment_type=document.mime, extension=document.extension
    )
