"""The command ``pytest-websocket URL``: runs the suite against a server, from any folder."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_websocket.allure.command import build_page, find_allure
from pytest_websocket.plugin.options import OPTIONS
from pytest_websocket.plugin.security_options import SECURITY_OPTIONS
from pytest_websocket.plugin.server_options import SERVER_OPTIONS

PACKAGE = Path(__file__).parent

NEEDS_NO_TARGET = {"--rfc-list", "--collect-only", "--co", "--fixtures", "--markers", "--version", "-V"}
"""Options with which pytest prints something and stops."""

_TARGETS = {"--ws-url", "--ws-command", "--ws-app", "--ws-client"}

PAGE = "index.html"
"""Name of the page in the folder of ``--report``."""

USAGE = "usage: pytest-websocket URL | --ws-command 'PROGRAM {port}' [options of the plugin or of pytest]"

STATUSES = """\
exit status:
  0  every MUST that was checked is kept
  1  something is broken
  2  interrupted, or stopped because the server no longer answered
  3  an error of pytest or of a plugin
  4  wrong use, no case selected, or a server that cannot be tested"""


class UsageError(Exception):
    """The command was used in a way that cannot work; the message says what to do."""


class ReportFolder:
    """The folder of ``--report``: Allure's page where Allure can be used, else the plugin's own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.absolute()
        self.page = self.folder / PAGE
        self.results = self.folder / "allure-results"
        self.allure = find_allure(Path.cwd())

    @property
    def options(self) -> list[str]:
        """Options with which pytest writes what the page is made of."""
        if self.allure is None:
            return ["--ws-report", str(self.page)]
        return ["--alluredir", str(self.results), "--clean-alluredir"]

    def finish(self) -> str:
        """Builds Allure's page and returns what to print; the plugin itself says where its own page is."""
        if self.allure is not None and not build_page(self.allure, self.results, self.folder):
            return f"No report: Allure could not build it; its results are in {self.results}"
        if not self.page.is_file():
            return "No report was written."
        return f"Report: {self.page.as_uri()}" if self.allure else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the suite and returns the exit status; ``arguments`` are those of the command line by default."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if {"-h", "--help"} & set(words):
        print(help_text())
        return 0
    try:
        command, report = read(words)
        folder = ReportFolder(report) if report else None
    except (UsageError, OSError) as error:
        print(f"{USAGE}\npytest-websocket: {error}", file=sys.stderr)
        return pytest.ExitCode.USAGE_ERROR
    status = run([*settings(command), *(folder.options if folder else ()), *command])
    has_run = status not in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED)
    if has_run and folder and (words_of_report := folder.finish()):
        print(words_of_report)
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        print("pytest-websocket: no case was selected", file=sys.stderr)
        return pytest.ExitCode.USAGE_ERROR
    return status


def run(command: Sequence[str]) -> int:
    """Runs pytest in a process of its own and returns its status.

    In this process it could not rewrite the assertions of the package, which is imported already.
    """
    environment = dict(os.environ)
    if not _is_installed():
        found = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, found))
    process = subprocess.Popen([sys.executable, "-P", "-m", "pytest", *command], env=environment)
    interrupted = False
    with _passing_on_sigterm(process):
        while True:
            try:
                status = process.wait()
            except KeyboardInterrupt:
                # The terminal sends Ctrl+C to pytest, too, which ends its run.
                interrupted = True
                continue
            # pytest shows where it was interrupted, and ends with 1 where Python does not know the line.
            if interrupted:
                return pytest.ExitCode.INTERRUPTED
            # As a shell tells the end by a signal.
            return status if status >= 0 else 128 - status


@contextlib.contextmanager
def _passing_on_sigterm(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Ends pytest, too, when this process is asked to end: it would go on, and its server with it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def read(arguments: Sequence[str]) -> tuple[list[str], Path | None]:
    """Arguments for pytest, and the folder of ``--report``. Raises `UsageError`."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--report", type=Path, metavar="DIR")
    try:
        options, words = parser.parse_known_args(arguments)
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None
    if options.report is not None:
        # It would pass for the page of this run if that failed to start.
        (options.report / PAGE).unlink(missing_ok=True)
    if words and "://" in words[0]:
        words[:1] = ["--ws-url", words[0]]
    elif words and not words[0].startswith("-") and not _is_case(words[0]):
        raise UsageError(f"expected a URL as in ws://127.0.0.1:9000, not {words[0]!r}")
    elif not _names_a_target(words):
        raise UsageError(
            "the URL of the server comes first, as in ws://127.0.0.1:9000; "
            "or --ws-command 'node server.js {port}' starts it"
        )
    cases = [_path_of(word) if _is_case(word) else word for word in words]
    return (cases if any(map(_is_case, words)) else [*words, str(suite())]), options.report


def settings(words: Sequence[str]) -> list[str]:
    """Options that make a run the same in every folder; pytest's cache is kept in the working directory."""
    ini = (PACKAGE if _is_installed() else PACKAGE.parents[1]) / "pytest.ini"
    plugins = ("-p", "pytest_websocket.plugin", "-p", "pytest_websocket.plugin.suite_paths")
    # An unknown setting is an error, and this one is the cache's own.
    keeps = not any(word.endswith("no:cacheprovider") for word in words)
    cache = ("-o", f"cache_dir={Path.cwd() / '.pytest_cache'}") if keeps else ()
    return ["-c", str(ini), "--rootdir", str(suite()), *cache, *plugins]


def suite() -> Path:
    """Returns the folder of the cases: in the package that a wheel has installed, else in the checkout."""
    return PACKAGE / "tests" if _is_installed() else PACKAGE.parent / "tests"


def help_text() -> str:
    """Returns what ``--help`` prints: the options of the plugin, and where those of pytest are listed."""
    lines = [
        USAGE,
        "",
        "Runs the WebSocket suite (RFC 6455, RFC 7692, resilience, security) against the server at URL.",
        "",
        "options of this command:",
        *_entry("--report DIR", "write DIR/index.html, a report that opens by double click"),
        "",
        "the server:",
    ]
    for option in (*SERVER_OPTIONS, *OPTIONS):
        if option.name != "ws-url":
            lines += _entry(f"{option.flag} {option.metavar}".rstrip(), option.help)
    lines += ["", "the security cases:"]
    for option in SECURITY_OPTIONS:
        lines += _entry(f"{option.flag} {option.metavar}".rstrip(), option.help)
    lines += [
        "",
        "which cases:",
        *_entry("contract/ process/ …", "those of a folder or a file: security/test_floods.py"),
        *_entry("--rfc SECTION", "those of a section of an RFC, as in 5.5 or 7692:7.1"),
        *_entry("--rfc-level LEVEL", "those of a level: must, should or may"),
        *_entry("--rfc-list", "print section, level and rule of every case, and stop"),
        *_entry("-k WORDS", "those whose names contain the words"),
        *_entry("-m mass, -m load, -m browser", "cases that are left out by default"),
        *_entry("-m security", "what a hostile peer sends, alone"),
        "",
        "options of pytest that are often used (`pytest --help` lists all):",
        *_entry("-x", "stop at the first failure"),
        *_entry("-n auto", "several cases at once (pytest-xdist): eight where the server is slow to answer"),
        *_entry("--junitxml FILE", "results for a CI system"),
        "",
        STATUSES,
    ]
    return "\n".join(lines)


def _entry(name: str, words: str) -> list[str]:
    lines = [f"  {name:<34}"] if len(name) < 34 else [f"  {name}", " " * 36]
    for word in words.split():
        if len(lines[-1]) + len(word) > 110:
            lines.append(" " * 36)
        lines[-1] += f"{' ' if lines[-1].strip() and len(lines[-1]) > 36 else ''}{word}"
    return lines


def _names_a_target(words: Sequence[str]) -> bool:
    names = {word.partition("=")[0] for word in words}
    return (
        bool(_TARGETS & names)
        or bool(names & NEEDS_NO_TARGET)
        or any(os.environ.get(name, "").strip() for name in ("WS_URL", "WS_COMMAND", "WS_APP"))
    )


def _is_case(word: str) -> bool:
    """Returns whether ``word`` names a folder, a file or a test of the suite, as pytest prints it."""
    file = word.partition("::")[0]
    is_file = file.endswith(".py") and (suite() / file).is_file()
    # A folder has a slash at its end: there are markers of the same names.
    return not word.startswith("-") and (is_file or (word.endswith("/") and (suite() / word).is_dir()))


def _path_of(word: str) -> str:
    return str(suite() / word)


def _is_installed() -> bool:
    """Returns whether the package comes from a wheel; an editable one lies in a checkout."""
    return (PACKAGE / "tests").is_dir()
