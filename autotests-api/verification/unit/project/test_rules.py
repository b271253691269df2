"""Checks the rules of CONTRIBUTING.md that ruff, mypy and import-linter cannot: names, waits, ports, pins."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[3]
ROOT = PROJECT.parent

FILES = sorted(path for path in PROJECT.rglob("*.py") if "__pycache__" not in path.parts)
TEST_FILES = [path for path in FILES if path.name.startswith("test_")]

VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "tools", "lib"}

# Holds the examples of the guide word for word.
EXAMPLES = "verification/unit/server/test_scripted_examples.py"

# An impairment, or a server that is slow on purpose, has to let time pass.
MAKE_TIME_PASS = (
    # Nothing tells when a server is there, or back.
    "pytest_websocket/target/started_server.py",
    # A limit of a foreign server is kept, or waited out.
    "pytest_websocket/target/rate_limit.py",
    "pytest_websocket/plugin/rate_limits.py",
    "pytest_websocket/network/",
    # Connections are opened at a given rate.
    "pytest_websocket/load/connections.py",
    "verification/faulty_",
    "verification/correct_apis/",
    "verification/hostile_servers.py",
    # APIs whose tokens expire and whose work takes time, and servers that answer late.
    "examples/feed_api.py",
    "examples/jsonrpc_api.py",
    "verification/unit/client/test_late.py",
    "verification/unit/plugin/test_shared_target.py",
)


def place(path: Path) -> str:
    """Returns the path from autotests-api/ on."""
    return path.relative_to(PROJECT).as_posix()


def names_of_tests(source: str) -> Iterator[str]:
    """Returns the names of the test functions that a file defines."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield node.name


def sleeps_in(source: str) -> list[int]:
    """Returns the lines that sleep; ``asyncio.sleep(0)`` only lets other tasks run and does not count."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"time.sleep", "asyncio.sleep", "sleep"}
        and [ast.unparse(argument) for argument in node.args] != ["0"]
    ]


def fixed_ports_in(source: str) -> list[int]:
    """Returns the lines that pass a fixed port; with 0 the system chooses a free one."""
    return [
        node.value.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.keyword)
        and node.arg == "port"
        and isinstance(node.value, ast.Constant)
        and node.value.value
    ]


def test_no_file_or_folder_has_a_name_that_fits_anything() -> None:
    names = {part.removesuffix(".py") for path in FILES for part in path.relative_to(PROJECT).parts}
    assert not names & VAGUE_NAMES, "name a module after what it works on"


def test_every_test_has_a_name_of_its_own() -> None:
    places: dict[tuple[bool, str], list[str]] = {}
    for path in TEST_FILES:
        # A rule that holds for both sides has a test of servers and one of clients.
        of_clients = place(path).startswith("tests/clients/")
        for name in names_of_tests(path.read_text(encoding="utf-8")):
            places.setdefault((of_clients, name), []).append(place(path))
    twice = [f"{name}: {', '.join(found)}" for (_, name), found in places.items() if len(found) > 1]
    assert not twice, "the title in the report is the name of the test:\n" + "\n".join(twice)


def test_every_test_name_is_a_sentence() -> None:
    sentence = re.compile(r"test(_[a-z0-9]+){3,}")
    short = [
        f"{place(path)}: {name}"
        for path in TEST_FILES
        if place(path) != EXAMPLES
        for name in names_of_tests(path.read_text(encoding="utf-8"))
        if not sentence.fullmatch(name)
    ]
    assert not short, "subject, verb, outcome, in lower case:\n" + "\n".join(short)


def test_nothing_waits_for_time_to_pass() -> None:
    found = [
        f"{place(path)} line {line}"
        for path in FILES
        if not place(path).startswith(MAKE_TIME_PASS)
        for line in sleeps_in(path.read_text(encoding="utf-8"))
    ]
    assert not found, "wait for an event, with a deadline, instead of sleeping:\n" + "\n".join(found)


def test_no_test_uses_a_fixed_port() -> None:
    found = [
        f"{place(path)} line {line}"
        for path in TEST_FILES
        for line in fixed_ports_in(path.read_text(encoding="utf-8"))
    ]
    assert not found, "ask for port 0 and read back which one it became:\n" + "\n".join(found)


def test_every_requirement_is_pinned() -> None:
    pinned = re.compile(r"(-r \S+|[\w.\[\]-]+==[\w.]+( ?;.+)?)?")
    loose = [
        f"{path.name}: {line}"
        for path in ROOT.glob("requirements*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not pinned.fullmatch(line.partition("#")[0].strip())
    ]
    assert not loose, "a version that is not exact can change the result of a run:\n" + "\n".join(loose)


def test_lock_file_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert not [name for name, package in packages.items() if "resolved" in package]


def test_sleep_is_found_wherever_it_stands() -> None:
    source = "import asyncio, time\ntime.sleep(1)\nasync def wait():\n    await asyncio.sleep(delay)\n"
    assert sleeps_in(source) == [2, 4]
    assert sleeps_in("import asyncio\nasync def give_way():\n    await asyncio.sleep(0)\n") == []


def test_fixed_port_is_found() -> None:
    assert fixed_ports_in("serve(port=8765)\nserve(port=0)\nserve(port=free)") == [1]
