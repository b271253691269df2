"""The import rule: a room uses only the rooms below it, and whoever replaces the report touches no case."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[3]

# From the ground floor up. `tests` is the roof: nothing stands on it.
FLOORS = (
    "websocket_server",
    "websocket_client",
    "wire",
    "faults",
    "servers",
    "load",
    "target",
    "rfc",
    "approach",
    "probe",
    "fixtures",
    "report",
    "proof",
    "tests",
)

# A QA engineer copies these into another project, one file each; so each stands alone.
COPYABLE = {"websocket_server", "websocket_client"}
# Usable from any program: without a test runner, and without a report.
RUNNERLESS = {*COPYABLE, "wire", "faults", "servers", "load"}

# Where cases show what the report makes of plain Allure calls, as somebody else's cases may hold them.
SPECIMENS = HOUSE / "tests" / "harness" / "report"

ALLURE = {"allure", "allure_commons", "allure_pytest"}
RUNNER = {"pytest", "_pytest", "pytest_asyncio", "hypothesis"}

FILES = sorted(path for path in HOUSE.rglob("*.py") if "__pycache__" not in path.parts)


def room_of(path: Path) -> str:
    """The room a file of the house stands in: its folder, or the file itself at the top."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported_modules(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level module of every absolute import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node.lineno, name.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").partition(".")[0]


def violations(room: str, source: str, *, specimen: bool = False) -> list[str]:
    """What a file of ``room`` imports against the rule, in words; a ``specimen`` may speak to Allure."""
    found = []
    for line, module in imported_modules(source):
        if module in ALLURE and room != "report" and not specimen:
            found.append(f"line {line}: {module}; only report/ speaks to Allure")
        elif module in RUNNER and room in RUNNERLESS:
            found.append(f"line {line}: {module}; {room} must be usable without a test runner")
        elif module in FLOORS and module != room:
            if room in COPYABLE:
                found.append(f"line {line}: {module}; {room}.py is to be copied as one file")
            elif FLOORS.index(module) > FLOORS.index(room):
                found.append(f"line {line}: {module}; it stands above {room}")
        elif room in COPYABLE and module not in {*sys.stdlib_module_names, "websockets", room}:
            found.append(f"line {line}: {module}; {room}.py needs websockets and nothing else")
    return found


def test_every_file_imports_only_what_stands_below_its_room() -> None:
    found = [
        f"{path.relative_to(HOUSE)} {violation}"
        for path in FILES
        for violation in violations(
            room_of(path), path.read_text(encoding="utf-8"), specimen=SPECIMENS in path.parents
        )
    ]
    assert not found, "the import rule of ARCHITECTURE.md is broken:\n" + "\n".join(found)


def test_every_room_has_its_floor() -> None:
    assert {room_of(path) for path in FILES} <= set(FLOORS), (
        "a room is missing in FLOORS, or should not be there"
    )


def test_no_room_hides_a_module_of_another_name() -> None:
    installed = set(packages_distributions()) | set(sys.stdlib_module_names)
    assert not {room_of(path) for path in FILES} & installed


@pytest.mark.parametrize(
    ("room", "source", "reason"),
    [
        ("tests", "import allure", "only report/"),
        ("fixtures", "from allure_commons.types import Severity", "only report/"),
        ("wire", "import pytest", "without a test runner"),
        ("servers", "def start():\n    import hypothesis", "without a test runner"),
        ("wire", "import pytest_websocket.server.background", "above wire"),
        ("faults", "from pytest_websocket.server.background import run_in_background", "above faults"),
        ("target", "from pytest_websocket.plugin.target import target", "above target"),
        ("report", "from tests.contract import test_echo", "above report"),
        ("websocket_client", "import websocket_server", "copied as one file"),
        ("websocket_server", "from target import Target", "copied as one file"),
        ("websocket_client", "import aiohttp", "websockets and nothing else"),
    ],
)
def test_wrong_import_is_found(room: str, source: str, reason: str) -> None:
    (found,) = violations(room, source)
    assert reason in found


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("websocket_server", "import asyncio\nfrom websockets.asyncio.server import serve"),
        ("wire", "from websocket_client import Journal\nfrom pytest_websocket.protocol.frames import Frame"),
        ("servers", "from wire import frames\nimport pytest_websocket.network.latency"),
        ("fixtures", "import pytest\nimport target\nfrom . import options"),
        ("report", "import allure\nfrom pytest_websocket.plugin.recordings import JOURNALS"),
        ("tests", "import pytest, hypothesis, rfc"),
    ],
)
def test_right_import_is_let_through(room: str, source: str) -> None:
    assert violations(room, source) == []
