"""Reads a packed page as its ``unpack.js`` does."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64decode

_SCRIPT = re.compile(r'<script type="text/plain" class="packed">([^<]*)</script>')


def unpacked(page: str) -> tuple[bytes, dict[str, bytes]]:
    """Returns the program and the files of a packed page."""
    program, index, ids, *parts = [zlib.decompress(b64decode(each), -15) for each in _SCRIPT.findall(page)]

    def with_ids(body: bytes) -> bytes:
        def known(found: re.Match[bytes]) -> bytes:
            number = sum((byte - 35) * 90**power for power, byte in enumerate(found[1]))
            return ids[16 * number : 16 * number + 16].hex().encode()

        return re.sub(rb"\x01(...)", known, body)

    files = {}
    for name, (part, start, length, is_text) in json.loads(with_ids(index)).items():
        body = parts[part][start : start + length]
        files[name] = with_ids(body) if is_text else body
    return program, files
