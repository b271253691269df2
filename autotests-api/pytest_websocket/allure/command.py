"""Finds Allure's command (npm) and builds a report of one file with it, outside a checkout."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ALLURE = 3
"""Major version of Allure's command; version 2 has the same name, is Java and cannot write one file."""

NODE = 22
"""Oldest major version of Node that Allure 3 runs on."""

_MODULES = Path("node_modules", ".bin", "allure")
_CONFIGURATION = "allurerc.mjs"
_LIMIT = 300.0
"""Seconds for Allure to build the page."""


def find_allure(folder: Path) -> Path | None:
    """Returns Allure's command, from PATH or node_modules of ``folder``; None where it cannot be used."""
    if importlib.util.find_spec("allure_pytest") is None or _major("node") < NODE:
        return None
    found = shutil.which("allure") or shutil.which(str((folder / _MODULES).resolve()))
    return Path(found) if found and _major(found) == ALLURE else None


def build_page(command: Path, results: Path, folder: Path) -> bool:
    """Writes index.html and the history of the last runs into ``folder``; returns whether it could."""
    configuration = Path(__file__).with_name(_CONFIGURATION)
    if not configuration.is_file():
        configuration = Path(__file__).parents[3] / _CONFIGURATION
    read = ["generate", "--config", str(configuration), str(results.resolve())]
    # Allure names the page by its plugin where the folder holds anything else.
    with tempfile.TemporaryDirectory() as output:
        page = Path(output, "index.html")
        finish = [sys.executable, "-m", "pytest_websocket.allure.page", str(page), "--results", str(results)]
        try:
            _run([str(command), *read, "--output", output], folder, ALLURE_RESULTS=str(results.resolve()))
            _run(finish, Path.cwd())
        except (OSError, subprocess.SubprocessError):
            return False
        shutil.move(page, folder / page.name)
    return True


def _run(command: list[str], folder: Path, **environment: str) -> None:
    environment = os.environ | environment
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=_LIMIT)


def _major(command: str) -> int:
    """Returns the major version that the command prints; 0 where it cannot be run."""
    try:
        answer = subprocess.run(
            [command, "--version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"(\d+)\.\d+", answer.stdout)
    return int(found[1]) if found else 0
