"""A version of websockets that is too old is one clear line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_websocket.client.supported import check_version

PACKAGES = Path(__file__).parents[3]
WORDS = "pytest-websocket needs websockets 16 or newer, and 15.0.1 is installed: pip install 'websockets>=16'"


@pytest.mark.parametrize("version", ["13.1", "14.2", "15.0.1"])
def test_older_version_is_refused(version: str) -> None:
    with pytest.raises(ImportError, match=f"needs websockets 16 or newer, and {version} is installed"):
        check_version(version)


@pytest.mark.parametrize("version", ["16.0", "17.4", "20.0.dev1"])
def test_newer_version_is_taken(version: str) -> None:
    check_version(version)


def test_refusal_comes_before_any_error_of_the_older_version(tmp_path: Path) -> None:
    package = tmp_path / "websockets"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "version.py").write_text('version = "15.0.1"\n')
    ended = subprocess.run(
        [sys.executable, "-c", "from pytest_websocket import connect"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PACKAGES)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr.splitlines()[-1] == f"ImportError: {WORDS}"
