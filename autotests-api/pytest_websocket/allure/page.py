"""Finishes the one-file report that Allure builds: ``python -m pytest_websocket.allure.page PAGE``.

Allure's page asks an analytics service on every opening; a report about a private server asks nothing of the
network. Its files are compressed (`packing`). One script is added: it makes the frames for HTML attachments
as tall as what they show when the page is opened from disk, and opens the conformance table. Only a table of
several servers needs more than the standard library.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_websocket.allure.packing import pack
from pytest_websocket.render import matrix
from pytest_websocket.render.matrix import TARGETS, Server

_ANALYTICS = re.compile(r"<script[^>]*googletagmanager[^>]*></script>\s*<script>[^<]*gtag\([^<]*</script>")
_CONFORMANCE = "conformance.html"
_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Table:
    """The conformance table: its page, what to write on the button, in short too, and whether all is well."""

    page: str
    words: str
    short: str
    conforms: bool

    @classmethod
    def of(cls, servers: Sequence[Server]) -> Table | None:
        """Makes one server's own page, or the servers side by side; None where nothing was tested."""
        if len(servers) == 1:
            words = servers[0].words
            short = f"RFC {words.replace(' of ', '/').removesuffix(' MUST')}"
            return cls(servers[0].page, f"RFC conformance: {words}", short, servers[0].conforms)
        count = sum(server.conforms for server in servers)
        words, short = f"{count} of {len(servers)} servers conform", f"{count} of {len(servers)} conform"
        return cls(matrix.page(servers), words, short, count == len(servers)) if servers else None


def finish(page: str, conformance: Table | None = None) -> str:
    """Returns the page packed, without analytics, with a button for the conformance table, if there is one.

    Raises `ValueError` where Allure's page is not built as this package knows it.
    """
    page = _ANALYTICS.sub("", page)
    if "googletagmanager" in page:
        raise ValueError("the analytics are not where Allure 3.18 has them")
    script = _SCRIPT
    if conformance is not None:
        given = (_CONFORMANCE, conformance.words, conformance.short, conformance.conforms)
        script += f"\nshowConformance({', '.join(map(_literal, given))});"
    page = page.replace("<head>", f"<head><style>{_STYLE}</style><script>{script}</script>", 1)
    return pack(page, {_CONFORMANCE: conformance.page.encode()} if conformance is not None else {})


def _literal(data: object) -> str:
    """Returns ``data`` as JavaScript that no parser of HTML takes for the end of the script."""
    return json.dumps(data).replace("<", r"\u003c")


def main(arguments: list[str]) -> int:
    """Finishes the page in place; what other tools read goes beside it."""
    parser = argparse.ArgumentParser(prog="python -m pytest_websocket.allure.page", description=__doc__)
    parser.add_argument("page", type=Path, help="index.html as Allure built it")
    parser.add_argument("--results", type=Path, help="the folder of results that it was built from")
    options = parser.parse_args(arguments)
    beside = options.results / "conformance" if options.results else None
    conformance = None
    if beside is not None and beside.is_dir():
        shutil.copytree(beside, options.page.parent / "conformance", dirs_exist_ok=True)
        conformance = Table.of(matrix.read_servers(beside, options.results / TARGETS))
        if agents := matrix.merged_index(beside):
            index = options.page.parent / "conformance" / "index.json"
            index.write_text(json.dumps(agents, ensure_ascii=False, indent=1), encoding="utf-8")
    page = finish(options.page.read_text(encoding="utf-8"), conformance)
    options.page.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
