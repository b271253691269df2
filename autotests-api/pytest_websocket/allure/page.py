"""Finishes the one-file report that Allure builds: ``python -m pytest_websocket.allure.page PAGE``.

Allure's page asks an analytics service on every opening; a report about a private server asks nothing of the
network. Its files are compressed (`packing`). One script is added: it makes the frames for HTML attachments
as tall as what they show when the page is opened from disk, and opens the page of all rules. Before Allure's
tree stands what a reader wants first: the verdict and what is broken. Only a table of several servers needs
more than the standard library.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pytest_websocket.allure.packing import pack
from pytest_websocket.render import matrix
from pytest_websocket.render.matrix import TARGETS

_ANALYTICS = re.compile(r"<script[^>]*googletagmanager[^>]*></script>\s*<script>[^<]*gtag\([^<]*</script>")
_APP = '<div id="app"></div>'
_RULES = "rules.html"
_SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8")
_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Beginning:
    """What the page begins with: a section for each run, and the page of all rules, where any were tested."""

    sections: str = ""
    rules: str = ""

    @classmethod
    def of(cls, results: Path) -> Beginning:
        """Reads what the runs have left in the folder of results."""
        found = sorted((results / "overview").glob("*.html"))
        servers = matrix.read_servers(results / "conformance", results / TARGETS)
        # Several servers are shown side by side, one as its own page.
        rules = matrix.page(servers) if len(servers) > 1 else "".join(server.page for server in servers)
        return cls("\n".join(path.read_text(encoding="utf-8") for path in found), rules)


def finish(page: str, beginning: Beginning | None = None) -> str:
    """Returns the page packed, without analytics, with what it is to begin with.

    Raises `ValueError` where Allure's page is not built as this package knows it.
    """
    beginning = beginning or Beginning()
    page = _ANALYTICS.sub("", page)
    if "googletagmanager" in page or _APP not in page:
        raise ValueError("the page is not built as Allure 3.18 builds it")
    page = page.replace(_APP, f"{beginning.sections}\n{_APP}", 1)
    page = page.replace("<head>", f"<head><style>{_STYLE}</style><script>{_SCRIPT}</script>", 1)
    return pack(page, {_RULES: beginning.rules.encode()} if beginning.rules else {})


def main(arguments: list[str]) -> int:
    """Finishes the page in place; what other tools read goes beside it."""
    parser = argparse.ArgumentParser(prog="python -m pytest_websocket.allure.page", description=__doc__)
    parser.add_argument("page", type=Path, help="index.html as Allure built it")
    parser.add_argument(
        "--results", type=Path, required=True, help="the folder of results that it was built from"
    )
    options = parser.parse_args(arguments)
    beside = options.results / "conformance"
    if beside.is_dir():
        shutil.copytree(beside, options.page.parent / "conformance", dirs_exist_ok=True)
        if agents := matrix.merged_index(beside):
            index = options.page.parent / "conformance" / "index.json"
            index.write_text(json.dumps(agents, ensure_ascii=False, indent=1), encoding="utf-8")
    page = finish(options.page.read_text(encoding="utf-8"), Beginning.of(options.results))
    options.page.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
