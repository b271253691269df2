"""Handshake heads: bytes of the tape as a start line and headers."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_websocket.target.secrets import Secrets

# Servers are sent heads of megabytes; of those a reader needs the beginning.
_MOST_HEADERS = 60
_LONGEST = 1000


@dataclass(frozen=True)
class Head:
    """A request or a response of the handshake, without judging it."""

    line: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Head:
        """Read a head leniently: a broken line becomes a header without a value."""
        text, _, body = data.partition(b"\r\n\r\n")
        first, *lines = text.decode("utf-8", "backslashreplace").split("\r\n")
        split = (line.partition(":") for line in lines if line)
        return cls(first, tuple((name.strip(), value.strip()) for name, _, value in split), body)

    def get(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value for other, value in self.headers if other.lower() == name.lower()), "")

    def shown(self, secrets: Secrets) -> list[tuple[str, str]]:
        """Names and masked values: of very many headers the first, of long ones the beginning."""
        shown = [
            (cut(secrets.mask(name)), cut(secrets.header(name, value)))
            for name, value in self.headers[:_MOST_HEADERS]
        ]
        if more := len(self.headers) - len(shown):
            shown.append(("…", f"{more:,} headers more"))
        return shown

    @property
    def method(self) -> str:
        """Method of a request."""
        return self.line.partition(" ")[0]

    @property
    def resource(self) -> str:
        """Path and query of a request."""
        return self.line.split(" ")[1] if self.line.count(" ") > 1 else "/"

    @property
    def status(self) -> int:
        """Status of a response; 0 where there is none to read."""
        words = self.line.split(" ")
        return int(words[1]) if len(words) > 1 and words[1].isascii() and words[1].isdigit() else 0

    @property
    def reason(self) -> str:
        """Reason phrase of a response."""
        return " ".join(self.line.split(" ")[2:])


def cut(text: str) -> str:
    """The beginning of a long text, with its length."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
