"""What the run was made of: versions, platform, target."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from fixtures.target import TARGET
from report.scrub import Secrets, printable

_PACKAGES = ("websockets", "pytest", "pytest-asyncio", "allure-pytest", "hypothesis")


def facts(config: pytest.Config) -> dict[str, str]:
    """Names and values, in the order in which they are shown; credentials masked."""
    target = config.stash[TARGET]
    secrets = Secrets.of(target.url, target.headers)
    known = {"Target": "embedded echo server" if target.embedded else secrets.url(target.url)}
    known["Python"] = f"{platform.python_implementation()} {platform.python_version()}"
    for package in _PACKAGES:
        try:
            known[package] = version(package)
        except PackageNotFoundError:
            continue
    known["Platform"] = platform.platform(aliased=True, terse=True)
    return {name: printable(secrets.mask(value)) for name, value in known.items()}


def name() -> str:
    """What this run is called on a page that several runs share, from ``REPORT_ENVIRONMENT``; else empty.

    Without a name of its own, the same test of another run would pass for a retry.
    """
    return os.environ.get("REPORT_ENVIRONMENT", "").strip()


def write(folder: str, config: pytest.Config) -> None:
    """``environment.properties`` in the results folder."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{name}={value}\n" for name, value in facts(config).items())
    (path / "environment.properties").write_text(lines, encoding="utf-8")
