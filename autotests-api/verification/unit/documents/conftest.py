"""What the code of the documents finds: the package, as after an installation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
CHECKOUT = ROOT / "autotests-api"
COMMANDS = {"pytest": "pytest -p pytest_websocket.plugin", "pytest-websocket": "pytest_websocket"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Returns a folder like that of an installation: the package with the suite in it, and no more."""
    package = tmp_path / "site" / "pytest_websocket"
    package.mkdir(parents=True)
    for path in (CHECKOUT / "pytest_websocket").iterdir():
        (package / path.name).symlink_to(path)
    (package / "tests").symlink_to(CHECKOUT / "tests")
    (package / "pytest.ini").symlink_to(ROOT / "pytest.ini")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, module in (
        ("pytest", "pytest -p pytest_websocket.plugin"),
        ("pytest-websocket", "pytest_websocket"),
    ):
        command = commands / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        command.chmod(0o755)
    return package.parent
