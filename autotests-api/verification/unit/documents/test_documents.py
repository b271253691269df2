"""The documents tell the truth: what they link to, call and offer is there, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_websocket.plugin.options import OPTIONS

ROOT = Path(__file__).parents[4]

BUILT = {"node_modules", ".venv", "allure-report", "allure-results", ".make"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not BUILT & set(path.relative_to(ROOT).parts))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_blocks(text: str) -> list[str]:
    """The fenced blocks, without the comments that a translation may put into words of its own."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"[ \t]*# .*", "", block) for block in blocks]


def test_every_link_leads_somewhere() -> None:
    dead = [
        f"{place(path)}: {link}"
        for path in DOCUMENTS
        for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / link).exists()
    ]
    assert not dead


def test_every_make_target_that_is_named_exists() -> None:
    offered = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    missing = [
        f"{place(path)}: make {target}"
        for path in DOCUMENTS
        for line in re.findall(r"^make .*|`make [^`]*`", path.read_text(encoding="utf-8"), re.MULTILINE)
        for target in re.findall(r"make ([a-z-]+)", line)
        if target not in offered
    ]
    assert not missing


def test_both_readmes_show_the_same_code() -> None:
    english, russian = (
        code_blocks((ROOT / name).read_text(encoding="utf-8")) for name in ("README.md", "README.ru.md")
    )
    assert english == russian


def test_every_option_has_a_row_in_both_readmes() -> None:
    flags = [option.flag for option in OPTIONS]
    for name in ("README.md", "README.ru.md"):
        rows = re.findall(r"^\| `(--[a-z-]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert rows == flags, f"{name} and fixtures/options.py differ"
