"""Packs the one-file page that Allure builds: the same files, compressed, each unpacked when it is asked for.

Allure writes every file of the report into the page in base64, and its program as well: 29 MB for 2,500
tests. The page looks a file up by its name in ``window.allureReportData``, once
``window.allureReportDataReady`` is true; ``unpack.js`` gives it an object that unpacks what it is asked for.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_FILE = re.compile(r'd\("([^"]+)","([A-Za-z0-9+/=]*)"\)')
_FILES = re.compile(r"<script defer>\s*Promise\.allSettled\(\[.*?\]\).*?</script>", re.DOTALL)
_PROGRAM = re.compile(r'<script\s+src="data:text/javascript;base64,([A-Za-z0-9+/=]*)"></script>')
# Each font is there in a second format, for browsers that cannot unpack this page.
_OLD_FONT = re.compile(rb"data:font/woff;base64,[A-Za-z0-9+/=]*")
_SCRIPT = Path(__file__).with_name("unpack.js").read_text(encoding="utf-8")

_ID = re.compile(rb"[0-9a-f]{32}")
# What stands for an id in packed text: this byte and three digits to the base of 90.
_MARK = b"\x01"
_BASE, _ZERO = 90, 35
_PART = 800_000
"""Bytes of a part before it is compressed: what opening one test costs."""

# Whole runs of the history, which Allure writes and its program never asks for.
_UNUSED = "data/history/"
# Every test is listed in them, in an order of its own for each environment.
_LISTS = ("nav", "search-index", "tree")


def pack(page: str, more: Mapping[str, bytes] | None = None) -> str:
    """Returns the page with its files and its program compressed, and with the files ``more``.

    Raises `ValueError` where the page does not hold them as Allure 3.18 writes them.
    """
    app, files = _PROGRAM.search(page), _FILES.search(page)
    if app is None or files is None:
        raise ValueError("the files of the report are not where Allure 3.18 has them")
    found = {json.loads(f'"{name}"'): base64.b64decode(body) for name, body in _FILE.findall(files[0])}
    program = _OLD_FONT.sub(b"data:,", base64.b64decode(app[1]))
    scripts = [_script(program), *map(_script, _parts(found | dict(more or {})))]
    page = page[: files.start()] + "\n".join([*scripts, f"<script>{_SCRIPT}</script>"]) + page[files.end() :]
    return page[: app.start()] + page[app.end() :]


def _parts(files: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yields the index, the ids, and the parts: each file is a piece of one of them."""
    same = _same(files)
    ids: dict[bytes, int] = {}
    index: dict[str, tuple[int, int, int, int]] = {}
    parts, part = [], bytearray()
    stored = [name for name in files.keys() - same.keys() if not name.startswith(_UNUSED)]
    for name in sorted(stored, key=_place(files)):
        body = files[name]
        is_text = _MARK not in body and name.endswith((".json", ".txt", ".html"))
        if is_text:
            body = _ID.sub(lambda found: _token(ids, found[0]), body)
        if part and len(part) + len(body) > _PART:
            parts.append(bytes(part))
            part.clear()
        index[name] = len(parts), len(part), len(body), int(is_text)
        part += body
    parts.append(bytes(part))
    index |= {name: index[other] for name, other in same.items()}
    named = json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode()
    yield _ID.sub(lambda found: _token(ids, found[0]), named)
    yield b"".join(map(bytes.fromhex, (each.decode() for each in ids)))
    yield from parts


def _token(ids: dict[bytes, int], found: bytes) -> bytes:
    number = ids.setdefault(found, len(ids))
    return _MARK + bytes(_ZERO + number // _BASE**power % _BASE for power in range(3))


def _same(files: Mapping[str, bytes]) -> dict[str, str]:
    """Returns the names of lists of the one environment that say what those of all environments say."""
    environments = {name.split("/")[1] for name in files if re.fullmatch(r"widgets/[^/]+/nav\.json", name)}
    if len(environments) != 1:
        return {}
    (only,) = environments
    pairs = {f"widgets/{only}/{name}.json": f"widgets/{name}.json" for name in _LISTS}
    return {one: whole for one, whole in pairs.items() if _sorted(files, one) == _sorted(files, whole)}


def _sorted(files: Mapping[str, bytes], name: str) -> Any:
    def sort(data: Any) -> Any:
        if isinstance(data, dict):
            return {key: sort(value) for key, value in data.items()}
        if isinstance(data, list):
            return sorted(map(sort, data), key=lambda each: json.dumps(each, sort_keys=True))
        return data

    return sort(json.loads(files[name])) if name in files else name


def _place(files: Mapping[str, bytes]) -> Any:
    """Returns a key that puts lists first, then tests with their attachments in the order of the tree."""
    order: dict[str, int] = {}
    for test in json.loads(files.get("widgets/nav.json", b"[]")):
        result = files.get(f"data/test-results/{test}.json", b"")
        order.setdefault(test, len(order))
        for attached in _ID.findall(result):
            order.setdefault(attached.decode(), len(order))

    def key(name: str) -> tuple[int, int, str]:
        kind = 0 if name.startswith("widgets/") else 1
        found = re.search(r"[0-9a-f]{32}", name)
        return kind, order.get(found[0], len(order)) if found else 0, name

    return key


def _script(body: bytes) -> str:
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = base64.b64encode(packed.compress(body) + packed.flush()).decode()
    return f'<script type="text/plain" class="packed">{text}</script>'
