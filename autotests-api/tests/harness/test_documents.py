"""The documents tell the truth: what they link to, call and offer is there, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

BUILT = {"node_modules", ".venv", "allure-report", "allure-results"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not BUILT & set(path.relative_to(ROOT).parts))
READMES = [ROOT / "README.md", ROOT / "README.ru.md"]


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_blocks(text: str) -> list[str]:
    """The fenced blocks, without the comments that a translation may put into words of its own."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"[ \t]*# .*", "", block) for block in blocks]


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_every_link_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=place)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    offered = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert {line or inline for line, inline in named} <= offered


def test_both_readmes_show_the_same_code() -> None:
    english, russian = (code_blocks(path.read_text(encoding="utf-8")) for path in READMES)
    assert english == russian
