"""`python -m verification.proof.mutated_servers` changes the correct server in every small way; the suite must notice.

The catalogue holds the mistakes that somebody has thought of. These are the others: each mutant of the
server's own code is one more faulty server that nobody chose.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from verification.faulty_servers.correct import EchoServer
from verification.proof.proof import WORKERS, Proof, tell_with_time
from verification.proof.survivors import Survivor, explanations, survivor

HOUSE = Path(__file__).parents[2]
ORIGINAL = HOUSE / "verification" / "faulty_servers" / "correct"
COPY = HOUSE.parent / ".make" / "mutated_servers"
PACKAGE = "mutated"
EXPLAINED = Path(__file__).with_name("mutated_servers.md")
_SENTENCE = re.compile(r"""f?(['"])\w[^'"]* \w[^'"]*\1""")
_RULE = re.compile(r"(?:RFC (\d+) )?§([\d.]*\d)")


@dataclass(frozen=True)
class Mutant:
    """The correct server with one small change; the rule is the one that the changed function names."""

    name: str
    rule: str
    summary: str

    def server(self) -> EchoServer:
        """A server with this change. The process cannot make another one afterwards."""
        modules = [module for name, module in sys.modules.items() if name.startswith(f"{PACKAGE}.")]
        for module in modules:
            for holder in (module, *_own_classes(module)):
                settle(holder, self.name.removeprefix(f"{module.__name__}."))
        made: EchoServer = importlib.import_module(f"{PACKAGE}.server").EchoServer()
        return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 0 when every survivor is explained."""
    parser = argparse.ArgumentParser(prog="python -m verification.proof.mutated_servers", description=__doc__)
    parser.add_argument("patterns", nargs="*", help="parts of mutants' names (default: all)")
    parser.add_argument("--workers", type=int, default=WORKERS, help=f"trials at once (default: {WORKERS})")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for one mutant (default: 30)")
    parser.add_argument("--deadline", type=float, default=1.5, help="seconds for one wait (default: 1.5)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try only every N-th (default: 1)")
    options = parser.parse_args(argv)
    mutants = [
        mutant
        for mutant in make()
        if not options.patterns or any(pattern in mutant.name for pattern in options.patterns)
    ]
    changes = {mutant.name: survivor(mutant.name, COPY) for mutant in mutants}
    explained = explanations(EXPLAINED.read_text(encoding="utf-8"))
    told = {name for name, change in changes.items() if words_only(change)}
    known = {name for name, change in changes.items() if change.key in explained} - told
    print(
        f"{len(mutants)} mutants: {len(told)} differ only in words for people, "
        f"{len(known)} in what {EXPLAINED.name} explains"
    )
    proof = Proof(
        [mutant for mutant in mutants if mutant.name not in told | known][:: options.every],
        plan={},
        enough=1,
        workers=options.workers,
        budget=options.budget,
        tell=tell_with_time(),
    )
    return proof.run(options.deadline) or _conclude(proof, changes)


def make() -> list[Mutant]:
    """Write a copy of the correct server that holds all its mutants, and import it."""
    # Whoever only lists or tries faults of the catalogue has not installed it.
    from mutmut.mutation.file_mutation import mutate_file_contents

    shutil.rmtree(COPY, ignore_errors=True)
    (COPY / PACKAGE).mkdir(parents=True)
    # mutmut takes settings from the folder that it is called in, and none for a reason to stop.
    (COPY / "setup.cfg").write_text(f"[mutmut]\nsource_paths = {PACKAGE}\n", encoding="utf-8")
    mutants: list[Mutant] = []
    for path in sorted(ORIGINAL.glob("*.py")):
        code = path.read_text(encoding="utf-8").replace("verification.faulty_servers.correct", PACKAGE)
        with contextlib.chdir(COPY):
            mutated = mutate_file_contents(path.name, code)
        (COPY / PACKAGE / path.name).write_text(mutated.code, encoding="utf-8")
        summaries = dict(_summaries(ast.parse(code)))
        for name in mutated.mutant_names:
            summary = summaries[re.sub(r"__mutmut_\d+$", "", name)]
            mutants.append(Mutant(f"{PACKAGE}.{path.stem}.{name}", rule_in(summary), summary))
    sys.path.insert(0, str(COPY))
    for path in sorted(ORIGINAL.glob("*.py")):
        importlib.import_module(f"{PACKAGE}.{path.stem}")
    return mutants


def words_only(change: Survivor) -> bool:
    """Whether a change is only one in a sentence that the server says to people: that is its own business."""
    return bool(change.kind) or _SENTENCE.fullmatch(change.before) is not None


def rule_in(summary: str) -> str:
    """The section that a docstring names, ``contract`` where it names none."""
    found = _RULE.search(summary)
    return f"RFC {found[1] or '6455'} §{found[2]}" if found else "contract"


def _summaries(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """By mutmut's names for functions and methods, what is said of them and of what they stand in."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"x_{node.name}", _told(node, tree)
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"xǁ{node.name}ǁ{method.name}", _told(method, node, tree)


def _told(*parts: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module) -> str:
    return " ".join(ast.get_docstring(part) or "" for part in parts)


def _own_classes(module: ModuleType) -> list[type]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    ]


def settle(holder: Any, chosen: str) -> None:
    """Put the original functions, or the chosen mutant of one, in the place of mutmut's switches."""
    for name, function in list(vars(holder).items()):
        if name.endswith("__mutmut_orig"):
            mangled = name.removesuffix("__mutmut_orig")
            plain = mangled.rpartition("ǁ")[2] if "ǁ" in mangled else mangled.removeprefix("x_")
            mutant = re.fullmatch(rf"{re.escape(mangled)}__mutmut_\d+", chosen)
            setattr(holder, plain, vars(holder)[chosen] if mutant else function)


def _conclude(proof: Proof, changes: Mapping[str, Survivor]) -> int:
    alive = [changes[name] for name, verdict in proof.verdicts.items() if not verdict.killed]
    for one in alive:
        print(f"survived, and nobody says why: {one}  ({one.name})")
    print(f"killed {len(proof.verdicts) - len(alive)} of {len(proof.verdicts)} mutants that were tried")
    for red in proof.correct.red:
        print(f"red on the correct server: {red.case}\n{red.text}")
    return 1 if alive or proof.correct.red else 0


if __name__ == "__main__":
    sys.exit(main())
