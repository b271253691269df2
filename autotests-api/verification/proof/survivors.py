"""What a mutant that survived changes, told by comparing two syntax trees."""

from __future__ import annotations

import ast
import codecs
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MUTANT = re.compile(r"(?P<module>[\w.]+?)\.x(?:ǁ(?P<owner>\w+)ǁ|_)(?P<name>\w+)__mutmut_\d+")

_TELLS = re.compile(
    r"(self\.(journal\.(note|end)|_blame|_failed|_ended)|(self\.violations|found|faults)\.append|broken)\("
)
"""Calls whose strings are read by people alone: journal notes, lists of violations, failures."""

_PARTS = ast.expr | ast.stmt | ast.keyword | ast.comprehension | ast.ExceptHandler | ast.arguments
"""Nodes that read as a piece of code by themselves; an operator does not."""

_CODECS = {"encode", "decode", "getincrementaldecoder"}
_DEFAULTS = {
    ("from_bytes", "'big'"),
    ("to_bytes", "'big'"),
    ("zip", "strict=False"),
    ("decode", "final=False"),
}
_HEADERS = {"value", "values", "tokens", "get_all"}


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed.

    ``function`` is the full name of what was changed, ``before`` and ``after`` the smallest piece of code
    that differs and stands in the function only once. ``kind`` is the class of changes that it belongs to,
    and is empty for a change that needs an explanation of its own.
    """

    name: str
    function: str
    before: str
    after: str
    kind: str

    def __str__(self) -> str:
        return f"`{self.function}`: `{self.before}` → `{self.after}`"

    @property
    def key(self) -> tuple[str, str, str]:
        """By which an explanation is found; it stays when the mutants of a function are numbered anew."""
        return self.function, self.before, self.after


def survivor(name: str, folder: Path) -> Survivor:
    """What the mutant of this name changes; ``folder`` holds the mutated files."""
    found = MUTANT.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is no name of a mutant")
    functions = _functions(folder / f"{found['module'].replace('.', '/')}.py")
    own = name.removeprefix(f"{found['module']}.")
    original = functions[re.sub(r"_\d+$", "_orig", own)]
    before, after = _difference([original], functions[own])
    where = ".".join(filter(None, (found["module"], found["owner"], found["name"])))
    shown = _shown(before, after)
    return Survivor(name, where, *shown, kind=_kind(before, after[-1]))


def explanations(page: str) -> set[tuple[str, str, str]]:
    """Function, before and after of every change that a page explains."""
    return {
        (function, before, after)
        for item in re.findall(r"^- (.+?)(?=^- |^#|\Z)", page, re.MULTILINE | re.DOTALL)
        for function in re.findall(r"\A`([^`]+)`:", item)
        for before, after in re.findall(r"`([^`]*)` → `([^`]*)`", " ".join(item.split()))
    }


@cache
def _functions(path: Path) -> dict[str, ast.AST]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _difference(before: list[ast.AST], after: ast.AST) -> tuple[list[ast.AST], list[ast.AST]]:
    """The ways from both functions down to the smallest nodes that differ."""
    ways = before, [after]
    while (below := _only_change(ways[0][-1], ways[1][-1])) is not None:
        ways[0].append(below[0])
        ways[1].append(below[1])
    return ways


def _only_change(before: ast.AST, after: ast.AST) -> tuple[ast.AST, ast.AST] | None:
    """The only two children that differ; None where the nodes themselves do."""
    if type(before) is not type(after):
        return None
    changed = []
    for field in before._fields:
        if field == "name":
            continue
        ours, theirs = getattr(before, field, None), getattr(after, field, None)
        pairs = [(ours, theirs)]
        if isinstance(ours, list) and isinstance(theirs, list):
            if len(ours) != len(theirs):
                return None
            pairs = list(zip(ours, theirs, strict=True))
        changed += [pair for pair in pairs if not _same(*pair)]
    if len(changed) == 1:
        ours, theirs = changed[0]
        if isinstance(ours, _PARTS) and isinstance(theirs, _PARTS):
            return ours, theirs
    return None


def _same(ours: object, theirs: object) -> bool:
    if isinstance(ours, ast.AST) and isinstance(theirs, ast.AST):
        return ast.dump(ours) == ast.dump(theirs)
    return ours == theirs


def _shown(before: list[ast.AST], after: list[ast.AST]) -> tuple[str, str]:
    parts = [ast.unparse(node) for node in ast.walk(before[0]) if isinstance(node, _PARTS)]
    for ours, theirs in zip(reversed(before[1:]), reversed(after[1:]), strict=True):
        if parts.count(ast.unparse(ours)) == 1:
            shown = _head(ours), _head(theirs)
            if shown[0] != shown[1]:
                return shown
            return f"{shown[0]} … {_head(before[-1])}", f"{shown[1]} … {_head(after[-1])}"
    return _head(before[-1]), _head(after[-1])


def _head(node: ast.AST) -> str:
    return ast.unparse(node).partition("\n")[0]


def _kind(way: list[ast.AST], after: ast.AST) -> str:
    """The class of a change that needs no explanation of its own."""
    for below, above in zip(reversed(way[1:]), reversed(way[:-1]), strict=True):
        if isinstance(above, ast.Assign) and ast.unparse(above.targets[0]) == "__tracebackhide__":
            return "whether pytest shows a helper in a traceback"
        if _called(above) == "cast" and isinstance(above, ast.Call) and above.args[0] is below:
            return "a type that only a type checker reads"
    if isinstance(way[-1], ast.Call) and isinstance(after, ast.Call):
        ours, theirs = (
            [ast.unparse(part) for part in (*call.args, *call.keywords)] for call in (way[-1], after)
        )
        if len(theirs) < len(ours) and (_called(after), *(set(ours) - set(theirs))) in _DEFAULTS:
            return "an argument that is the default anyway"
    if [ast.unparse(node) for node in (way[-1], after)] == ["False", "None"]:
        return "None in place of False, which is as false"
    old, new = (node.value if isinstance(node, ast.Constant) else None for node in (way[-1], after))
    if isinstance(old, str) and isinstance(new, str):
        return _kind_of_text(way, old, same_letters=old.lower() == new.lower())
    return ""


def _kind_of_text(way: list[ast.AST], text: str, *, same_letters: bool) -> str:
    """The class of a change in ``text``, by the nearest call around it."""
    for at in range(len(way) - 2, 0, -1):
        above = way[at]
        called = _called(above)
        if same_letters and called in _CODECS and _is_codec(text):
            return "upper and lower case in the name of a codec"
        if same_letters and called in _HEADERS:
            return "upper and lower case in the name of a header"
        if called and (isinstance(way[at - 1], ast.Raise) or _TELLS.match(ast.unparse(above))):
            return "words of a message"
        if isinstance(above, ast.Call | ast.Compare | ast.Subscript | ast.Dict | ast.Tuple):
            return ""
    return ""


def _is_codec(text: str) -> bool:
    try:
        codecs.lookup(text)
    except LookupError:
        return False
    return True


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
