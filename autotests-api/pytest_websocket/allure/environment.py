"""What the run was made of: target and what it can do, versions, platform."""

from __future__ import annotations

import json
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from pytest_websocket.plugin.options import OPTIONS, option_value
from pytest_websocket.plugin.target import ABILITIES, PROBED, TARGET
from pytest_websocket.render.escaping import text_html
from pytest_websocket.render.matrix import TARGETS
from pytest_websocket.target.probe import describe
from pytest_websocket.text import printable

_NOT_GIVEN: tuple[object, ...] = (None, False, [], ())
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:14px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;margin:0;padding:4px 16px 18px}"
    "h2{font-size:15px;margin:16px 0 4px}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:4px 10px;border-bottom:1px solid #8080803d}"
    "th{font-weight:400;opacity:.62;width:150px}td{overflow-wrap:anywhere;font-variant-numeric:tabular-nums}"
)
NO_BREAK = "\u00a0"
_PACKAGES = ("websockets", "pytest", "pytest-asyncio", "allure-pytest", "hypothesis")


def facts(config: pytest.Config) -> dict[str, str]:
    """Names and values, in the order in which they are shown; credentials masked."""
    target = config.stash[TARGET]
    if config.stash.get(PROBED, False):
        known = {
            name.capitalize(): value for name, value in describe(target, config.stash[ABILITIES]).items()
        }
    else:
        known = {"Target": target.shown()}
    if target.embedded:
        known["Target"] = "embedded echo server"
    if target.strict:
        known["Strict"] = "a broken SHOULD fails"
    if target.time_scale != 1:
        known["Time scale"] = f"{target.time_scale:g}"
    known["Python"] = f"{platform.python_implementation()} {platform.python_version()}"
    for package in _PACKAGES:
        try:
            known[package] = version(package)
        except PackageNotFoundError:
            continue
    known["Platform"] = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {name: printable(target.mask(value)) for name, value in known.items()}


def name() -> str:
    """What this run is called on a page that several runs share, from ``REPORT_ENVIRONMENT``; else empty.

    Without a name of its own, the same test of another run would pass for a retry.
    """
    return os.environ.get("REPORT_ENVIRONMENT", "").strip()


def folder_name() -> str:
    """The name of this run where it names a file or a folder; empty for a run without a name."""
    return re.sub(r"[^\w.-]+", "_", name())


def page(known: dict[str, str], options: dict[str, str]) -> str:
    """What the probe found, the versions, and the options that this run was given, as a page."""
    tables = "".join(
        f"<h2>{heading}</h2><table>"
        + "".join(
            f"<tr><th>{text_html(name)}</th><td>{text_html(value)}</td></tr>" for name, value in rows.items()
        )
        + "</table>"
        for heading, rows in (("Target and tools", known), ("Options", options))
        if rows
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Target</title>'
        f"<style>{_STYLE}</style></head><body>{tables}</body></html>"
    )


def options_of(config: pytest.Config) -> dict[str, str]:
    """The options of the target that this run was given, from wherever; credentials masked."""
    target = config.stash[TARGET]
    given = {option.flag: option_value(config, option.name) for option in OPTIONS}
    return {
        flag: printable(target.secrets.url(str(value)))
        for flag, value in given.items()
        if value not in _NOT_GIVEN
    }


def write(folder: Path, known: dict[str, str]) -> None:
    """What Allure shows as metadata: ``environment.properties``, or where runs share a page a file for each.

    In that format a blank ends the name, so the blanks in names are such as do not break.
    """
    if name():
        path = folder / TARGETS / f"{folder_name()}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # A run in parts: those that need no target have not probed it.
        earlier = json.loads(path.read_bytes())["facts"] if path.is_file() else {}
        run = {"name": name(), "facts": earlier | known}
        path.write_text(json.dumps(run, ensure_ascii=False), encoding="utf-8")
        return
    lines = "".join(f"{name.replace(' ', NO_BREAK)}={value}\n" for name, value in known.items())
    (folder / "environment.properties").write_text(lines, encoding="utf-8")
