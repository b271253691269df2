"""The README's commands, as a reader types them in a fresh clone with requirements.txt and nothing else."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from verification.packaging.conftest import LIMIT, ROOT, run

pytestmark = [
    pytest.mark.xdist_group("wheel"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout"),
]

ELSEWHERE = ("pip install .", "pip install '.[", "pytest-websocket ", "wstest ")
"""Commands of a reader with an API of their own; test_wheel.py installs and starts the same."""


def commands() -> list[str]:
    """Returns the lines of the README's shell blocks, without comments."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line.partition("  #")[0].rstrip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(ELSEWHERE)]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns a clone with an environment in ``.venv``."""
    place = tmp_path_factory.mktemp("reader") / "clone"
    run("git", "clone", "--quiet", ROOT, place, folder=ROOT).check()
    venv.create(place / ".venv", with_pip=True)
    quiet = {"PIP_QUIET": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COMPILE": "1"}
    shell(place, "pip install -r requirements.txt", **quiet)
    return place


def shell(folder: Path, command: str, **environment: str) -> str:
    """Runs a command with the clone's environment first in PATH, and returns its output."""
    path = os.pathsep.join([str(bin_of(folder)), os.environ["PATH"]])
    return run("bash", "-c", command, folder=folder, PATH=path, **environment).check()


def bin_of(folder: Path) -> Path:
    """Returns the folder of the clone's programs."""
    return next(parent for parent in (folder, *folder.parents) if (parent / ".venv").is_dir()) / ".venv/bin"


@pytest.fixture
def started(clone: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Programs that are ended by Ctrl+C after the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        with process:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=LIMIT)


def test_every_command_is_known() -> None:
    known = ("make report", "make test", "cd autotests-api", "python -m", "pip install -r", "pytest")
    assert [command for command in commands() if not command.startswith(known)] == []


def test_targets_of_make_are_listed(clone: Path) -> None:
    listed = [line.split("  ")[0].rstrip() for line in shell(clone, "make").splitlines()]
    assert {command for command in commands() if command.startswith("make ")} <= set(listed)


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("pytest")])
def test_pytest_collects_what_is_asked_for(clone: Path, command: str) -> None:
    shown = shell(clone, f"{command} --collect-only -q")
    assert "autotests-api/tests/contract/test_order.py::" in shown


def test_part_of_the_suite_is_green(clone: Path) -> None:
    (command,) = [line for line in commands() if line == "pytest autotests-api/tests/contract"]
    assert " passed" in shell(clone, f"{command}/test_order.py")


def test_faulty_servers_are_listed(clone: Path) -> None:
    (command,) = [line for line in commands() if line.endswith("--list")]
    assert "trims-messages" in shell(clone, command)


def test_lesson_answers_in_a_clone(clone: Path, started: list[subprocess.Popen[str]]) -> None:
    folder = clone / "autotests-api"
    assert {"python -m websocket_server", "python -m websocket_client"} <= set(commands())
    python = str(bin_of(clone) / "python")
    server = subprocess.Popen(
        [python, "-m", "websocket_server", "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    started.append(server)
    assert server.stdout is not None
    first = server.stdout.readline()
    url = first.split()[-1]
    assert first.startswith("WebSocket сервер запущен на ws://"), first
    shown = run(python, "-m", "websocket_client", url, folder=folder).check()
    assert shown == "Отправка: Привет, сервер!\nОтвет от сервера: Сервер получил: Привет, сервер!\n"
