"""Reads and writes the list of known failures, which ``outcomes`` reports as xfailed.

An entry whose tests pass fails the run, so that the list can only shrink. The list is a TOML file::

    "conformance/rfc6455/test_05_1_masking.py::test_x[text]" = "ticket 12: masks nothing"
    "RFC 6455 §5.5" = "ticket 13: control frames are rewritten in spring"

A key is a node id, the beginning of one (a folder, a file, a test without its parameters), or a section
of an RFC with all its subsections. Those of the suite may begin with its folder in a checkout,
``autotests-api/tests``, and need not: a list of the command ``pytest-websocket`` is one of a checkout, too.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_websocket.plugin.marks import rule_of
from pytest_websocket.plugin.options import option_value

_SECTION = re.compile(r"RFC (\d+) §(\d+(?:\.\d+)*)")


@dataclass(frozen=True)
class Case:
    """Identifies a test: its node id, and the section of its rule as ``6455 5.1``, or nothing."""

    nodeid: str
    section: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the list."""

    key: str
    reason: str

    @property
    def section(self) -> str:
        """``6455 5.1`` where the key is a section, else empty."""
        found = _SECTION.fullmatch(self.key)
        return f"{found[1]} {found[2]}" if found else ""

    def matches(self, case: Case) -> bool:
        """Returns whether the entry lists ``case``."""
        if self.section:
            return case.section == self.section or case.section.startswith(self.section + ".")
        return _begins(case.nodeid, self.key) or _begins(in_suite(case.nodeid), in_suite(self.key))


def in_suite(key: str) -> str:
    """Returns a node id or a key as the command ``pytest-websocket`` has it, from the suite's folder on."""
    return key.removeprefix("autotests-api/tests/")


def _begins(nodeid: str, key: str) -> bool:
    """Returns whether ``key`` is the node id, or a folder, file or test that it begins with."""
    begun = nodeid.removeprefix(key)
    return nodeid.startswith(key) and (not begun or begun[0] in "[/:")


def read_known_failures(path: Path) -> list[Entry]:
    """Returns the entries of a list. Raises pytest.UsageError for what is no TOML, or has no reason."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise pytest.UsageError(f"{path.name}: {error}") from None
    for key, reason in data.items():
        if not isinstance(reason, str) or not reason.strip():
            raise pytest.UsageError(
                f'{path.name}: {key!r} has no reason; a line is "node id or RFC section" = "reason"'
            )
        if key.startswith("RFC") and not _SECTION.fullmatch(key):
            raise pytest.UsageError(f"{path.name}: {key!r} is no section; one is written RFC 6455 §5.5.1")
    return [Entry(key, reason) for key, reason in data.items()]


def write_known_failures(path: Path, entries: Iterable[Entry]) -> None:
    """Writes a list that `read_known_failures` reads, whole or not at all."""
    lines = [
        "# Failures that are known, a line each: node id or section of an RFC = reason.",
        *(f"{_quoted(entry.key)} = {_quoted(entry.reason)}" for entry in entries),
    ]
    draft = path.with_name(path.name + ".new")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(draft, path)


@dataclass(eq=False)
class KnownFailures:
    """The entries that this process applies to its tests."""

    entries: list[Entry]
    unmatched: list[str] = field(default_factory=list)

    def entry_for(self, item: pytest.Item) -> Entry | None:
        """Returns the entry that lists ``item``, if any."""
        case = _case_of(item)
        return next((entry for entry in self.entries if entry.matches(case)), None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Finds the entries that match none of the collected tests. Raises pytest.UsageError."""
        cases = [_case_of(item) for item in items]
        self.unmatched = [
            entry.key
            for entry in self.entries
            if _covers(config, entry, cases) and not any(entry.matches(case) for case in cases)
        ]
        if hasattr(config, "workeroutput"):
            config.workeroutput["unmatched_failures"] = self.unmatched
        elif self.unmatched:
            raise pytest.UsageError(_about_unmatched(self.unmatched))


@dataclass(eq=False)
class ListReview:
    """Compares the list with the outcomes of the run, in the process that prints, and writes the new list."""

    entries: list[Entry]
    write_to: Path | None
    cases: dict[str, Case] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    unmatched: list[str] = field(default_factory=list)
    stale: list[Entry] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps the outcome of each phase."""
        section = next((str(value) for name, value in report.user_properties if name == "rfc"), "")
        self.cases[report.nodeid] = Case(report.nodeid, section)
        if hasattr(report, "known_failure"):
            self.known.add(report.nodeid)
        elif report.failed:
            self.failed.setdefault(report.nodeid, _reason_of(report))
        elif report.passed and report.when == "call":
            self.passed.add(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Collects unmatched entries from an xdist worker."""
        output = getattr(node, "workeroutput", None) or {}
        self.unmatched = output.get("unmatched_failures", self.unmatched)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Finds the entries whose tests passed, sets the exit status, writes the new list."""
        passed = self.passed - self.known - set(self.failed)
        for entry in self.entries:
            ran = {nodeid for nodeid, case in self.cases.items() if entry.matches(case)}
            if ran & passed and not ran & self.known:
                self.stale.append(entry)
        if self.unmatched:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif self.stale and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self.write_to:
            write_known_failures(self.write_to, self._new_list())

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Prints the entries to remove from the list, and where the new list is."""
        if self.unmatched:
            terminalreporter.section("known failures that match no case", red=True)
            terminalreporter.write_line(_about_unmatched(self.unmatched))
        if self.stale:
            terminalreporter.section("known failures that pass: take them off the list", red=True)
            for entry in self.stale:
                terminalreporter.write_line(f"{entry.key}  ({entry.reason})")
        if self.write_to:
            terminalreporter.write_line(f"known failures written to {self.write_to}")

    def _new_list(self) -> list[Entry]:
        kept = [entry for entry in self.entries if entry not in self.stale]
        return kept + [Entry(in_suite(nodeid), reason) for nodeid, reason in self.failed.items()]


KNOWN_FAILURES = pytest.StashKey[KnownFailures]()


def pytest_configure(config: pytest.Config) -> None:
    """Reads the list, where one is given."""
    if config.getoption("help"):
        return
    given, wanted = option_value(config, "ws-known-failures"), option_value(config, "ws-write-known-failures")
    if not given and not wanted:
        return
    entries = read_known_failures(Path(given)) if given else []
    write_to = Path(wanted).resolve() if wanted else None
    if write_to and not write_to.parent.is_dir():
        raise pytest.UsageError(f"--ws-write-known-failures {wanted}: there is no such folder")
    if entries:
        config.stash[KNOWN_FAILURES] = KnownFailures(entries)
        config.pluginmanager.register(config.stash[KNOWN_FAILURES], "ws-known-failures")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(ListReview(entries, write_to), "ws-known-failures-review")


def _case_of(item: pytest.Item) -> Case:
    rule = rule_of(item)
    return Case(item.nodeid, f"{rule.rfc} {rule.section}" if rule else "")


def _covers(config: pytest.Config, entry: Entry, cases: list[Case]) -> bool:
    """Returns whether this run collected all that ``entry`` could match: a folder judges no other."""
    place = _conformance_folder(cases) if entry.section else entry.key
    if not place:
        return False
    for argument in config.args:
        path, _, test = str(argument).partition("::")
        absolute = Path(config.invocation_params.dir, path).resolve()
        if not absolute.is_relative_to(config.rootpath):
            continue
        looked_at = absolute.relative_to(config.rootpath).as_posix() + (f"::{test}" if test else "")
        if looked_at == "." or Entry(looked_at, "").matches(Case(place)):
            return True
    return False


def _conformance_folder(cases: list[Case]) -> str:
    """Returns the folder of the tests of a section, as node ids begin with it; empty where none ran."""
    for case in cases:
        before, folder, _ = case.nodeid.partition("conformance/")
        if case.section and folder:
            return before + folder
    return ""


def _about_unmatched(keys: list[str]) -> str:
    return "known failures that match no case: " + ", ".join(keys)


def _reason_of(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    words = crash.message if crash is not None else report.longreprtext
    first = next((line for line in words.splitlines() if line.strip()), "failed")
    return re.sub(r"\x1b\[[0-9;]*m", "", first)[:200]


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's; DEL has to be escaped as well, and a lone surrogate is no character.
    quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    return re.sub("[\ud800-\udfff]", "\ufffd", quoted)
