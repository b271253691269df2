"""Credentials of a target: their values, found in its options, and functions that redact them."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

from pytest_websocket.protocol.credential_members import credential_values, masked
from pytest_websocket.protocol.credentials import MASK, is_credential

SHORTEST_SECRET = 6
"""Characters; shorter values ("1", "true") would be found in the middle of ordinary words."""

SHORTEST_PIECE = 3
"""Characters of a secret, next to a place where a text was cut, that are taken for a piece of it."""

# Where a value or a comparison was shortened: an ellipsis, or the sign before a line of a difference.
_CUTS = re.compile(r"(\.\.\.|['\"”] …|…|(?<!\S)[-+?] )")


# Values under other names are often ordinary words: a session's name, a key of a map.
_ALWAYS_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|bearer|jwt|authori[sz]ation|credential|signature|cookie|otp"
    r"|(access|api|private).?key",
    re.IGNORECASE,
)
_KINDS = frozenset({"password", "token", "secret", "bearer", "session", "cookie", "digest", "basic"})


def secrets_in(text: str) -> Iterator[str]:
    """Yields what a message says after the names of credentials and is masked wherever else it stands.

    Short values, and words that say of which kind a credential is, would be found in ordinary texts.
    """
    for value in credential_values(text):
        clear = _unescaped(value.text)
        is_odd = len(clear) >= 8 and any(letter.isdigit() for letter in clear)
        is_kind = clear.lower() in _KINDS
        if len(clear) >= SHORTEST_SECRET and not is_kind and (is_odd or _ALWAYS_SECRET.search(value.name)):
            yield clear


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


class Secrets:
    """Credential values of a run, and functions that redact them.

    ``members`` says that what stands after the name of a credential in JSON, or in text like it, is redacted
    too, whatever it is.
    """

    def __init__(self, values: Iterable[str] = (), *, members: bool = True) -> None:
        self._members = members
        spelled = {form for value in values if len(value) >= SHORTEST_SECRET for form in _spellings(value)}
        self._texts = sorted(spelled, key=len, reverse=True)
        self._bytes = [text.encode("utf-8", "surrogatepass") for text in self._texts]

    @classmethod
    def of(
        cls,
        url: str,
        headers: Iterable[tuple[str, str]] = (),
        proxy: str | None = None,
        subprotocols: Iterable[str] = (),
        others: Iterable[str] = (),
        *,
        members: bool = True,
    ) -> Secrets:
        """Finds the values of headers, and credentials in the URLs and the subprotocols; adds ``others``."""
        values = [part for name, value in headers for part in header_secrets(name, value)]
        values += [*_subprotocol_secrets(subprotocols), *others]
        for address in (url, proxy or ""):
            parts = urlsplit(address)
            values += [unquote(part) for part in (parts.username, parts.password) if part]
            values += [value for name, value in parse_qsl(parts.query) if is_credential(name)]
        return cls(values, members=members)

    def mask(self, text: str) -> str:
        """Returns ``text`` without any secret."""
        text = self.mask_page(text)
        return masked(text, MASK) if self._members else text

    def mask_page(self, page: str) -> str:
        """Returns a page made of redacted parts without the values that are known.

        What looks like a credential's name in its markup is none.
        """
        for secret in self._texts:
            page = page.replace(secret, MASK)
        return page

    def mask_cut(self, text: str) -> str:
        """Returns ``text`` without secrets, and without what is left of one where a value was shortened.

        A test runner leaves the beginning of a secret before an ellipsis or the end of a line, and its end
        after an ellipsis or the beginning of a line of a comparison.
        """
        text = self.mask(text)
        if not self._texts or not _CUTS.search(text):
            return text
        lines = text.split("\n")
        return "\n".join(self._mask_pieces(line) for line in lines)

    def _mask_pieces(self, line: str) -> str:
        pieces = _CUTS.split(line)
        for index in range(0, len(pieces), 2):
            for secret in self._texts:
                piece = pieces[index]
                lengths = range(min(len(secret), len(piece)), SHORTEST_PIECE - 1, -1)
                begun = next((size for size in lengths if piece.endswith(secret[:size])), 0)
                if begun:
                    piece = piece[:-begun] + MASK
                ended = next((size for size in lengths if piece.startswith(secret[-size:])), 0)
                pieces[index] = MASK + piece[ended:] if ended else piece
        return "".join(pieces)

    def mask_bytes(self, data: bytes, *, cut: bool = False) -> bytes:
        """Returns ``data`` with asterisks for secrets; its length stays, so that sizes and offsets stay true.

        ``cut`` says that the data goes on: the beginning of a secret at its end is masked, too.
        """
        if self._members and (b'"' in data or b"'" in data or b": expected " in data):
            # Latin-1 keeps the offsets of any bytes.
            data = masked(data.decode("latin-1"), "*", keep_length=True).encode("latin-1")
        for secret in self._bytes:
            data = data.replace(secret, b"*" * len(secret))
            if cut:
                sizes = range(min(len(secret), len(data)), SHORTEST_PIECE - 1, -1)
                begun = next((size for size in sizes if data.endswith(secret[:size])), 0)
                data = data[: len(data) - begun] + b"*" * begun
        return data

    def header(self, name: str, value: str) -> str:
        """Returns a header's value as it may be shown."""
        return MASK if is_credential(name) else self.mask(value)

    def head(self, head: bytes) -> str:
        """Returns the head of a handshake, request or response, as it may be shown, line by line.

        What is no ASCII is escaped; the lines end in a line feed alone.
        """
        lines = []
        for number, line in enumerate(head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")):
            name, colon, value = line.partition(":")
            if number == 0:
                shown = self.url(line)
            elif colon:
                shown = f"{name}: {self.header(name, value.strip())}"
            else:
                shown = self.mask(line)
            lines.append(ascii(shown)[1:-1].replace(ascii(MASK)[1:-1], MASK))
        return "\n".join(lines)

    def url(self, url: str) -> str:
        """Returns a URL, or a line with one, with user information and credential parameters masked."""

        def masked(found: re.Match[str]) -> str:
            return f"{found[1]}={MASK}" if is_credential(unquote(found[1])) else found[0]

        shown = re.sub(r"(?<=//)[^/@?#\s]*@", f"{MASK}@", self.mask(url))
        return re.sub(r"(?<=[?&;])([^=&#\s]+)=[^&#\s]*", masked, shown)


def _subprotocol_secrets(names: Iterable[str]) -> list[str]:
    """Returns tokens that are sent as subprotocols: ``bearer, TOKEN`` or ``base64.authorization.TOKEN``."""
    found = []
    for before, name in pairwise(["", *names]):
        *kind, last = name.split(".")
        if is_credential(before):
            found.append(name)
        elif any(map(is_credential, kind)):
            found.append(last)
    return found


def header_secrets(name: str, value: str) -> list[str]:
    """Returns the parts of a header's value that are secrets: itself, and the credentials in it."""
    found = [value]
    scheme, _, credentials = value.partition(" ")
    if credentials:
        found.append(credentials.strip())
    if scheme.lower() == "basic":
        try:
            clear = base64.b64decode(credentials).decode()
        except (binascii.Error, UnicodeDecodeError):
            return found
        found += [clear, clear.partition(":")[2]]
    if name.lower() == "cookie":
        found += [pair.partition("=")[2].strip() for pair in value.split(";")]
    return found


def _spellings(value: str) -> set[str]:
    """Returns a secret as URLs, HTML, JSON and Python literals write it."""
    return {
        value,
        quote(value, errors="surrogatepass"),
        quote(value, safe="", errors="surrogatepass"),
        quote_plus(value, errors="surrogatepass"),
        html.escape(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        ascii(value)[1:-1],
    }
