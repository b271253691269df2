"""The wheel of this checkout, in environments of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_websocket.server.background import run_in_background
from pytest_websocket.server.echo import serve

ROOT = Path(__file__).parents[3]

LIMIT = 300.0
"""Seconds for any of the commands."""


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    status: int
    output: str
    errors: str

    def check(self) -> str:
        """Returns the output of a command that must succeed."""
        assert self.status == 0, f"status {self.status}\n{self.output}\n{self.errors}"
        return self.output


def run(*command: str | Path, folder: Path, **environment: str) -> Ended:
    """Runs a command in ``folder``, without this run's variables that pytest or the plugin reads."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("WS_", "PYTEST", "PYTHONPATH", "COVERAGE", "COV_", "GITHUB_", "REPORT_"))
    }
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and an empty folder to run its commands in."""

    place: Path
    folder: Path

    def __call__(self, command: str, *arguments: str | Path, **environment: str) -> Ended:
        """Runs a command of this environment in its folder."""
        return run(self.place / "bin" / command, *arguments, folder=self.folder, **environment)

    def pip_install(self, *wanted: str | Path) -> None:
        """Installs packages in the versions of requirements.txt."""
        pinned = ("--constraint", ROOT / "requirements.txt")
        quiet = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
        self("python", *quiet, *pinned, *wanted).check()

    def write(self, name: str, text: str) -> None:
        """Writes a file into the folder."""
        (self.folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, folder=ROOT).check()
    return next(folder.glob("*.whl"))


def children_cpu() -> float:
    """Returns the seconds of CPU of the processes that have ended; what else the machine does is left out."""
    times = os.times()
    return times.children_user + times.children_system


INSTALLED_IN: dict[Path, float] = {}
"""Seconds of CPU that it took to make each environment and to install what it has."""

MakeEnvironment = Callable[..., Path]


@pytest.fixture(scope="session")
def environment_with(tmp_path_factory: pytest.TempPathFactory) -> MakeEnvironment:
    """Makes a virtual environment, ``environment_with(wheel, "locust")``, once for the same packages."""
    made: dict[tuple[str | Path, ...], Path] = {}

    def make(*wanted: str | Path) -> Path:
        if wanted not in made:
            place, before = tmp_path_factory.mktemp("environment"), children_cpu()
            venv.create(place, with_pip=True)
            Environment(place, place).pip_install(*wanted)
            made[wanted], INSTALLED_IN[place] = place, children_cpu() - before
        return made[wanted]

    return make


@pytest.fixture
def installed(environment_with: MakeEnvironment, wheel: Path, tmp_path: Path) -> Environment:
    """Returns an environment with the wheel and nothing else."""
    return Environment(environment_with(wheel), tmp_path)


@pytest.fixture(scope="module")
def echo_url() -> Iterator[str]:
    """Yields the URL of the lesson's echo server."""
    with run_in_background(serve) as server:
        yield server.url
