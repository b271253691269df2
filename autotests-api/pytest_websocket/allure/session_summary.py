"""Writes into the results what is about the whole run: conformance, target, metrics."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from pytest_websocket.allure.attachments import Document, attach_to_run
from pytest_websocket.allure.cleaning import Cleaner
from pytest_websocket.plugin import environment
from pytest_websocket.plugin.circumstances import circumstances
from pytest_websocket.plugin.last_run import key_of
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.render import conformance_page, environment_page, overview, proof_page
from pytest_websocket.render.conformance import Conformance, autobahn_index, badge, dump
from pytest_websocket.render.matrix import TARGETS
from pytest_websocket.render.metrics import metrics
from pytest_websocket.render.run import Run

CONFORMANCE = "conformance"
"""Folder within the results for the files that other tools read."""

OVERVIEW = "overview"
"""Folder within the results for what each run's part of the page begins with."""

_NO_BREAK = "\u00a0"


def write(config: pytest.Config, run: Run, cleaner: Cleaner) -> None:
    """Writes and attaches the documents of the run."""
    folder = Path(config.getoption("allure_report_dir"))
    folder.mkdir(parents=True, exist_ok=True)
    known = environment.facts(config)
    _write_environment(folder, known)
    if measured := metrics(run.records.values()):
        (folder / f"{uuid.uuid4()}-perf.json").write_text(json.dumps(measured), encoding="utf-8")
    page = environment_page.page(known, environment.options_of(config))
    attached = [Document.of("Target and tools", page, "text/html")]
    conformance = run.conformance and Conformance.of(
        run.records.values(), environment.name() or known["Target"]
    )
    _write_overview(folder, overview.panel(run, conformance or None, circumstances(config)), config, cleaner)
    if conformance:
        attached += _write_conformance(folder, run, conformance, cleaner)
        # It was found with servers that take the place of the embedded one.
        if config.stash[TARGET].embedded and (proof := proof_page.page()):
            attached.append(Document.of("Can the tests fail?", proof, "text/html"))
    for document in attached:
        name = " · ".join(filter(None, [document.name, environment.name()]))
        attach_to_run(Document(name, cleaner.body(document.body), document.mime, document.extension))


def _write_overview(folder: Path, panel: str, config: pytest.Config, cleaner: Cleaner) -> None:
    """Writes what the page begins with, and which history it belongs to (allurerc.mjs)."""
    place = folder / OVERVIEW
    place.mkdir(exist_ok=True)
    name = environment.folder_name() or "run"
    (place / f"{name}.html").write_bytes(cleaner.body(panel))
    (place / f"{name}.json").write_text(json.dumps({"history": key_of(config)}), encoding="utf-8")


def _write_conformance(folder: Path, run: Run, conformance: Conformance, cleaner: Cleaner) -> list[Document]:
    """Writes the table in all its forms, and returns those that are shown in the report."""
    page, table, picture = conformance_page.page(conformance), conformance.to_markdown(), badge(conformance)
    files = {
        "conformance.html": page,
        "conformance.md": table,
        "conformance.svg": picture,
        "conformance.json": dump(conformance.to_json()),
        "index.json": dump(autobahn_index(run.conformance, conformance.target)),
    }
    place = folder / CONFORMANCE / environment.folder_name()
    place.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (place / name).write_bytes(cleaner.body(text))
    return [
        Document.of("Conformance to RFC 6455 and RFC 7692", page, "text/html"),
        Document.of("conformance.md", table, "text/plain"),
        Document.of("conformance.svg", picture, "image/svg+xml"),
    ]


def _write_environment(folder: Path, known: dict[str, str]) -> None:
    """Writes what Allure shows as metadata: ``environment.properties``, or one file per run that has a name.

    In that format a blank ends the name, so the blanks in names are such as do not break.
    """
    if name := environment.name():
        path = folder / TARGETS / f"{environment.folder_name()}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # A run in parts: those that need no target have not probed it.
        earlier = json.loads(path.read_bytes())["facts"] if path.is_file() else {}
        path.write_text(json.dumps({"name": name, "facts": earlier | known}, ensure_ascii=False), "utf-8")
        return
    lines = "".join(f"{name.replace(' ', _NO_BREAK)}={value}\n" for name, value in known.items())
    (folder / "environment.properties").write_text(lines, encoding="utf-8")
