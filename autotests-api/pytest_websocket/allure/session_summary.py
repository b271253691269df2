"""What is written about the whole run when it is over."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from pytest_websocket.allure import environment
from pytest_websocket.allure.attachments import Document
from pytest_websocket.allure.reporter import CleanReporter, attach_to_run
from pytest_websocket.plugin.run import Run
from pytest_websocket.plugin.target import TARGET
from pytest_websocket.render import conformance_page, proof_page
from pytest_websocket.render.conformance import Conformance, autobahn_index, badge, dump
from pytest_websocket.render.metrics import metrics
from pytest_websocket.render.summary import summary

CONFORMANCE = "conformance"
"""Folder within the results for the files that other tools read."""


def write(config: pytest.Config, run: Run, reporter: CleanReporter | None) -> None:
    """Conformance, target, metrics and environment into the results; the summary of a GitHub job."""
    known = environment.facts(config)
    name = environment.name() or known["Target"]
    conformance = Conformance.of(run.records.values(), name) if run.conformance else None
    folder = config.option.allure_report_dir
    if folder and reporter is not None:
        _into_results(Path(folder), config, run, reporter, conformance)
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        target = config.stash[TARGET]
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(target.mask(summary(run, conformance, f"WebSocket tests: {name}")))


def _into_results(
    folder: Path, config: pytest.Config, run: Run, reporter: CleanReporter, conformance: Conformance | None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    known = environment.facts(config)
    environment.write(folder, known)
    if measured := metrics(run.records.values()):
        (folder / f"{uuid.uuid4()}-perf.json").write_text(json.dumps(measured), encoding="utf-8")
    if conformance is not None:
        _write_conformance(folder / CONFORMANCE / environment.folder_name(), run, reporter, conformance)
    page = environment.page(known, environment.options_of(config))
    attach_to_run(reporter, Document.of(_named("Target and tools"), page, "text/html"))
    # It was found with servers that stand where the embedded one does.
    if config.stash[TARGET].embedded and conformance is not None and (proof := proof_page.page()):
        attach_to_run(reporter, Document.of(_named("Can the cases fail?"), proof, "text/html"))


def _write_conformance(folder: Path, run: Run, reporter: CleanReporter, conformance: Conformance) -> None:
    page = conformance_page.page(conformance)
    attach_to_run(reporter, Document.of(_named("Conformance to RFC 6455 and RFC 7692"), page, "text/html"))
    attach_to_run(reporter, Document.of(_named("conformance.md"), conformance.to_markdown(), "text/plain"))
    attach_to_run(reporter, Document.of(_named("conformance.svg"), badge(conformance), "image/svg+xml"))
    files = {
        "conformance.html": page,
        "conformance.md": conformance.to_markdown(),
        "conformance.svg": badge(conformance),
        "conformance.json": dump(conformance.to_json()),
        "index.json": dump(autobahn_index(run.conformance, conformance.target)),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(reporter.cleaned(text))


def _named(name: str) -> str:
    run = environment.name()
    return f"{name} · {run}" if run else name
