"""Runs of pytest with the plugin in a folder of its own, as after an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[3]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run_in(tmp_path: Path, deadline: float) -> Run:
    """Runs pytest in an empty folder: ``run_in({"test_x.py": "…"}, "-v")``; ``plugin=False`` leaves ours out.

    Of the other plugins only those that are named are loaded.
    """
    folder = tmp_path / "project"
    folder.mkdir()

    def run(
        files: dict[str, str], *arguments: str, plugin: bool = True, code: str = ""
    ) -> subprocess.CompletedProcess[str]:
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("WS_", "PYTEST", "COV"))
        }
        environment |= {"PYTHONPATH": str(PACKAGES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        start = ["-c", code] if code else ["-m", "pytest"]
        ours = ["-p", "pytest_websocket.plugin"] if plugin else []
        return subprocess.run(
            [
                sys.executable,
                *start,
                "-p",
                "pytest_asyncio.plugin",
                *ours,
                "-p",
                "no:cacheprovider",
                *arguments,
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            timeout=deadline * 24,
            check=False,
        )

    return run
