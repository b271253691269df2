"""Reads the heads of a handshake: a start line and headers, redacted and cut to what can be shown."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.target.secrets import Secrets

# Servers are sent heads of megabytes; of those a reader needs the beginning.
_MOST_HEADERS = 60
_LONGEST = 1000
_LARGEST_BODY = 16_384


@dataclass(frozen=True)
class Head:
    """The head of a request or a response, without secrets and without judging it.

    ``more`` headers are not among ``headers``; ``body`` is the beginning of a body of ``body_size`` bytes.
    """

    line: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    more: int = 0
    body: bytes = b""
    body_size: int = 0

    @classmethod
    def parse(cls, data: bytes, secrets: Secrets) -> Head:
        """Reads a head leniently: a broken line becomes a header without a value."""
        text, _, body = data.partition(b"\r\n\r\n")
        first, *lines = text.decode("utf-8", "backslashreplace").split("\r\n")
        lines = [line for line in lines if line]
        headers = []
        for line in lines[:_MOST_HEADERS]:
            name, _, value = line.partition(":")
            name = name.strip()
            headers.append((cut(secrets.mask(name)), cut(secrets.header(name, value.strip()))))
        shown = secrets.mask_bytes(body[:_LARGEST_BODY], cut=len(body) > _LARGEST_BODY)
        more = max(0, len(lines) - _MOST_HEADERS)
        return cls(cut(secrets.url(first)), tuple(headers), more, shown, len(body))

    def get(self, name: str) -> str:
        """Returns the first header of that name, or an empty string."""
        return next((value for other, value in self.headers if other.lower() == name.lower()), "")

    @property
    def listed(self) -> list[tuple[str, str]]:
        """Returns the headers, and in a last line how many there are more."""
        more = [("…", f"{self.more:,} headers more")] if self.more else []
        return [*self.headers, *more]

    @property
    def method(self) -> str:
        """Returns the method of a request."""
        return self.line.partition(" ")[0]

    @property
    def resource(self) -> str:
        """Returns path and query of a request."""
        return self.line.split(" ")[1] if self.line.count(" ") > 1 else "/"

    @property
    def status(self) -> int:
        """Returns the status of a response; 0 where there is none to read."""
        words = self.line.split(" ")
        return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else 0

    @property
    def reason(self) -> str:
        """Returns the reason phrase of a response."""
        return " ".join(self.line.split(" ")[2:])


def cut(text: str) -> str:
    """Returns the beginning of a long text, with its length."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
