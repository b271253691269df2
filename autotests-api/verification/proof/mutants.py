"""`python -m verification.proof.mutants` changes our own tools in small ways; tests must notice, or a list says why not.

mutmut works in a copy, because it wants the code, its tests and its settings in one folder.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verification.proof.survivors import Survivor, explanations, survivor

HOUSE = Path(__file__).parents[2]
ROOT = HOUSE.parent
COPY = ROOT / ".make" / "mutants"
EXPLAINED = Path(__file__).with_name("mutants.md")

MUTATED = ("wire", "target.py", "rfc.py", "websocket_client.py")
"""What was written by hand and that a verdict depends on."""

TESTS = (
    "test_client_*.py",
    "test_deflate.py",
    "test_extensions.py",
    "test_journal*.py",
    "test_rfc.py",
    "test_target.py",
    "test_target_secrets.py",
    "test_websocket_client.py",
    "test_wire_*.py",
)
"""The tests of what is changed. Only these are copied: in the settings, a new name would start all anew."""

SETTINGS = """\
[mutmut]
source_paths =
    {mutated}
also_copy =
    {copied}
pytest_add_cli_args =
    -p
    no:cacheprovider
    -p
    no:random_order
    -p
    verification.proof.fast_tests_first
    --deselect=tests/harness/test_websocket_client.py::test_lesson_prints_its_two_lines
    --deselect=tests/harness/test_websocket_client.py::test_lesson_sends_the_messages_it_is_given
    --deselect=tests/harness/test_websocket_client.py::test_lesson_without_a_server_is_one_line_and_status_one
pytest_add_cli_args_test_selection =
    tests/harness
timeout_constant = 1.0
timeout_multiplier = 4.0
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0 when every survivor is explained."""
    parser = argparse.ArgumentParser(prog="python -m verification.proof.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="patterns of mutants, such as wire.frames* (default: all)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="try those that nobody explains once more")
    options = parser.parse_args(argv)
    prepare()
    names = options.names
    if options.again:
        names = sorted(one.name for one in unexplained(alive(fates())))
    mutmut("run", f"--max-children={options.workers}", *names)
    return report(fates(), partial=bool(names))


def mutmut(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run mutmut in the copy."""
    command = str(Path(sys.executable).with_name("mutmut"))
    return subprocess.run([command, *arguments], cwd=COPY, check=True, text=True, **settings)


def fates() -> dict[str, str]:
    """What became of every mutant that was not killed, by its name."""
    return read_fates(mutmut("results", stdout=subprocess.PIPE).stdout)


def read_fates(printed: str) -> dict[str, str]:
    """The same, from what `mutmut results` prints."""
    return dict(re.findall(r"^\s*(\S+__mutmut_\d+): (.+?)\s*$", printed, re.MULTILINE))


def alive(found: dict[str, str]) -> list[Survivor]:
    """The mutants that no test noticed."""
    names = (name for name, fate in found.items() if fate in {"survived", "no tests"})
    return [survivor(name, COPY / "mutants") for name in sorted(names)]


def unexplained(survivors: list[Survivor]) -> list[Survivor]:
    """Those of no class of its own that the page does not explain."""
    explained = explanations(EXPLAINED.read_text(encoding="utf-8"))
    return [one for one in survivors if not one.kind and one.key not in explained]


def report(found: dict[str, str], *, partial: bool) -> int:
    """Print who survived and why; the exit status is 0 when all were tried and all survivors explained."""
    survivors = alive(found)
    unclear = unexplained(survivors)
    for one in unclear:
        print(f"survived, and nobody says why: {one}  ({one.name})")
    for kind, count in sorted(Counter(one.kind for one in survivors if one.kind).items()):
        print(f"{count:5} {kind}")
    listed = len(survivors) - len(unclear) - sum(1 for one in survivors if one.kind)
    print(f"{listed:5} explained one by one in {EXPLAINED.name}")
    print(f"{len(unclear):5} that nobody explains")
    print(f"{len(survivors):5} survivors")
    missing = sum(fate in {"not checked", "check was interrupted by user"} for fate in found.values())
    if missing:
        print(f"{missing} mutants have not been tried yet: make mutants tries them")
    return 1 if unclear or (missing and not partial) else 0


def prepare() -> None:
    """Make the copy afresh; what mutmut already knows about it is kept."""
    COPY.mkdir(parents=True, exist_ok=True)
    # mutmut copies over what is there: a test that is gone would stay. And which test runs through what is
    # found out anew, because mutmut does not see that a test has changed.
    shutil.rmtree(COPY / "mutants" / "tests", ignore_errors=True)
    (COPY / "mutants" / "mutmut-stats.json").unlink(missing_ok=True)
    for path in COPY.iterdir():
        if path.name != "mutants":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in HOUSE.iterdir():
        if path.is_dir():
            shutil.copytree(path, COPY / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            # With its time of change, by which mutmut tells whether it has to be mutated again.
            shutil.copy2(path, COPY)
    shutil.copy(ROOT / "conftest.py", COPY)
    for path in (COPY / "tests" / "harness").rglob("test_*.py"):
        if not any(path.match(f"harness/{pattern}") for pattern in TESTS):
            path.unlink()
    settings = (ROOT / "pytest.ini").read_text(encoding="utf-8")
    settings = settings.replace("pythonpath = autotests-api", "pythonpath = .").replace("autotests-api/", "")
    (COPY / "pytest.ini").write_text(settings, encoding="utf-8")
    copied = [path.name for path in COPY.iterdir() if path.name not in {*MUTATED, "mutants", "setup.cfg"}]
    lists = {
        "mutated": MUTATED,
        "copied": sorted(copied),
    }
    joined = {name: "\n    ".join(values) for name, values in lists.items()}
    (COPY / "setup.cfg").write_text(SETTINGS.format(**joined), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
