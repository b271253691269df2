"""What a surviving mutant changes is found by itself, and an explanation is found by what is changed."""

from __future__ import annotations

import pytest

from verification.proof import mutants
from verification.proof.survivors import Survivor, explanations, survivor

ORIGINAL = """\
    __tracebackhide__ = True
    name = cast(str, head.decode("latin-1"))
    size = int.from_bytes(head[:2], "big")
    if size > 125 and size > 0:
        self.violations.append(f"{name} is longer than 125 bytes")
        found.append(("label", name))
    pairs = zip(name, name, strict=False)
    if name in {"x", "y"}:
        raise ValueError("no such name")
    return name
"""

CHANGES = [
    ("True", "False", "whether pytest shows a helper in a traceback"),
    ("cast(str,", "cast(None,", "a type that only a type checker reads"),
    ('"latin-1"', '"LATIN-1"', "upper and lower case in the name of a codec"),
    ('"latin-1"', '"XXlatin-1XX"', ""),
    (', "big")', ")", "an argument that is the default anyway"),
    (", strict=False", "", "an argument that is the default anyway"),
    ("strict=False", "strict=None", "None in place of False, which is as false"),
    (" is longer", " IS LONGER", "words of a message"),
    ('"no such name"', '"XXno such nameXX"', "words of a message"),
    ('"no such name"', "None", ""),
    ('"label"', '"LABEL"', ""),
    ('{"x",', '{"X",', ""),
    ("size > 125", "size >= 125", ""),
    ("and size", "or size", ""),
]


def survived(tmp_path, before: str, after: str) -> Survivor:
    text = ""
    for name, body in (("orig", ORIGINAL), ("7", ORIGINAL.replace(before, after, 1))):
        text += f"    def xǁReaderǁjudge__mutmut_{name}(self, head):\n" + body.replace("    ", "        ")
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "reader.py").write_text(f"class Reader:\n{text}", encoding="utf-8")
    return survivor("pytest_websocket.protocol.reader.xǁReaderǁjudge__mutmut_7", tmp_path)


@pytest.mark.parametrize(("before", "after", "kind"), CHANGES)
def test_class_of_a_change_is_found_by_its_place(tmp_path, before, after, kind):
    assert survived(tmp_path, before, after).kind == kind


def test_survivor_is_named_by_its_function_and_the_smallest_change_that_is_there_once(tmp_path):
    found = survived(tmp_path, "size > 0", "size > 1")
    assert str(found) == "`pytest_websocket.protocol.reader.Reader.judge`: `0` → `1`"
    (tmp_path / "other").mkdir()
    found = survived(tmp_path / "other", "head[:2]", "head[:None]")
    assert str(found) == "`pytest_websocket.protocol.reader.Reader.judge`: `2` → `None`"


def test_change_below_a_condition_is_named_with_the_condition(tmp_path):
    functions = [
        f"def x_f__mutmut_{name}(a):\n    if a:\n        {way}\n    return\n"
        for name, way in (("orig", "return"), ("1", "pass"))
    ]
    (tmp_path / "rfc.py").write_text("\n".join(functions), encoding="utf-8")
    assert str(survivor("rfc.x_f__mutmut_1", tmp_path)) == "`rfc.f`: `if a: … return` → `if a: … pass`"


def test_function_of_a_module_is_named_by_the_module(tmp_path):
    (tmp_path / "rfc.py").write_text(
        "def x_one__mutmut_orig(a=1):\n    b = 1\n\ndef x_one__mutmut_1(a=2):\n    b = 1\n", encoding="utf-8"
    )
    assert survivor("rfc.x_one__mutmut_1", tmp_path).key == ("rfc.one", "a=1", "a=2")
    with pytest.raises(ValueError, match=r"'rfc\.one' is no name of a mutant"):
        survivor("rfc.one", tmp_path)


def test_explanations_are_read_with_their_changes():
    page = (
        "Words, and `a` → `b`.\n\n## wire\n\n"
        "- `wire.a.b`: `1` →\n  `2`, `x == 3` → `x != 3`. Nothing can tell.\n"
        "- `wire.c`: `1` → `2`. Why.\n"
    )
    assert explanations(page) == {
        ("wire.a.b", "1", "2"),
        ("wire.a.b", "x == 3", "x != 3"),
        ("wire.c", "1", "2"),
    }


def test_explanations_of_the_page_can_be_read():
    page = mutants.EXPLAINED.read_text(encoding="utf-8")
    unread = [item for item in page.split("\n- `")[1:] if not explanations(f"- `{item}")]
    assert unread == []


def test_fates_are_read_from_what_mutmut_prints():
    printed = "    pytest_websocket.protocol.frames.x_mask__mutmut_3: survived\n    pytest_websocket.protocol.frames.x_ping__mutmut_1: not checked\n"
    assert mutants.read_fates(printed) == {
        "pytest_websocket.protocol.frames.x_mask__mutmut_3": "survived",
        "pytest_websocket.protocol.frames.x_ping__mutmut_1": "not checked",
    }


@pytest.mark.parametrize(
    ("kind", "fate", "partial", "status"),
    [
        ("", "survived", True, 1),
        ("words of a message", "survived", False, 0),
        ("words of a message", "no tests", False, 0),
        ("", "not checked", False, 1),
        ("", "not checked", True, 0),
        ("", "timeout", False, 0),
    ],
)
def test_status_is_that_of_the_least_explained_survivor(monkeypatch, capsys, kind, fate, partial, status):
    monkeypatch.setattr(mutants, "survivor", lambda name, _: Survivor(name, "a.b", "1", "2", kind))
    assert mutants.report({"a.x_b__mutmut_1": fate}, partial=partial) == status
    assert ("nobody says why: `a.b`: `1` → `2`" in capsys.readouterr().out) is (
        fate == "survived" and not kind
    )
