"""Every case of the Autobahn test suite that the house names stands on a case of ours."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFORMANCE = Path(__file__).parents[1] / "conformance"


def deflate_groups() -> Iterator[str]:
    """Groups 12 and 13: kinds of content and agreements, in eighteen shapes each."""
    for group, parts in ((12, 5), (13, 7)):
        for part in range(1, parts + 1):
            for number in range(1, 19):
                yield f"{group}.{part}.{number}"


EXPECTED = {
    "12 and 13 (compression)": list(deflate_groups()),
}


def marks_in(path: Path) -> Iterator[pytest.Mark]:
    """The marks of a file's cases, those of single parameters included."""
    spec = importlib.util.spec_from_file_location(f"coverage_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, case in vars(module).items():
        if name.startswith("test_"):
            for mark in getattr(case, "pytestmark", []):
                yield mark
                for values in mark.args[1] if mark.name == "parametrize" else ():
                    yield from (getattr(mark, "mark", mark) for mark in getattr(values, "marks", ()))


@pytest.fixture(scope="module")
def covered() -> set[str]:
    """The numbers that the cases of the conformance folder name in their marks."""
    return {
        number
        for path in sorted(CONFORMANCE.rglob("test_*.py"))
        for mark in marks_in(path)
        if mark.name == "rfc"
        for number in mark.args[0].autobahn
    }


@pytest.mark.parametrize("group", EXPECTED)
def test_every_autobahn_case_stands_on_a_case(covered, group):
    missing = [number for number in EXPECTED[group] if number not in covered]
    assert not missing, f"no case names Autobahn's {', '.join(missing)}"


def test_compression_groups_count_216_cases():
    assert len(set(deflate_groups())) == 216
