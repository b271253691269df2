"""What the documents link to, call and list exists, in both languages."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from pytest_websocket.plugin.options import OPTIONS
from pytest_websocket.plugin.server_options import SERVER_OPTIONS

ROOT = Path(__file__).parents[4]
LOCUSTFILE = ROOT / "autotests-api" / "examples" / "locustfile.py"

BUILT = {"node_modules", ".venv", "allure-report", "allure-results", ".make"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not BUILT & set(path.relative_to(ROOT).parts))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code_blocks(text: str) -> list[str]:
    """Returns the fenced blocks, without the comments that a translation may put into words of its own."""
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


def test_every_module_that_is_run_exists() -> None:
    missing = [
        f"{place(path)}: python -m {module}"
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for module in re.findall(r"python3? -m ([\w.]+)", path.read_text(encoding="utf-8"))
        if not is_module(module)
    ]
    assert not missing


def test_every_path_that_is_run_exists() -> None:
    missing = [
        f"{place(path)}: {command} {argument}"
        for path in DOCUMENTS
        for command, argument in re.findall(
            r"\b(pytest|python|locust -f) ([\w.-]+/[\w./-]*)", path.read_text(encoding="utf-8")
        )
        if not (ROOT / argument).exists()
    ]
    assert not missing


def test_every_option_of_the_plugin_that_is_named_exists(pytestconfig: pytest.Config) -> None:
    # `--ws-connections` and `--ws-pace` are options of examples/locustfile.py.
    locust = set(re.findall(r'"(--ws-[a-z-]+)"', LOCUSTFILE.read_text(encoding="utf-8")))
    missing = [
        f"{place(path)}: {option}"
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for option in re.findall(r"(--(?:ws|rfc)[a-z-]*[a-z])", path.read_text(encoding="utf-8"))
        if option not in locust and not is_option(pytestconfig, option)
    ]
    assert not missing


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def is_option(config: pytest.Config, option: str) -> bool:
    try:
        config.getoption(option)
    except ValueError:
        return False
    return True


def test_both_readmes_show_the_same_code() -> None:
    english, russian = (
        code_blocks((ROOT / name).read_text(encoding="utf-8")) for name in ("README.md", "README.ru.md")
    )
    assert english == russian


def test_every_option_has_a_row_in_both_readmes() -> None:
    flags = [option.flag for option in (OPTIONS[0], *SERVER_OPTIONS, *OPTIONS[1:])]
    for name in ("README.md", "README.ru.md"):
        rows = re.findall(r"^\| `(--[a-z-]+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert rows == flags, f"{name} and plugin/options.py differ"
