"""A mutated server is the correct one with the chosen change, and its rule is the one that its code names."""

from __future__ import annotations

import types

import pytest

from verification.proof.mutated_servers import EXPLAINED, rule_in, settle, words_only
from verification.proof.survivors import Survivor, explanations


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ("Only the opcodes that RFC 6455 §5.2 defines.", "RFC 6455 §5.2"),
        ("A window size (RFC 7692 §7.1.2). RFC 6455 §5", "RFC 7692 §7.1.2"),
        ("Codes that may stand on the wire (§7.4.2).", "RFC 6455 §7.4.2"),
        ("One message in, one reply out.", "contract"),
    ],
)
def test_rule_of_a_mutant_is_the_first_that_its_code_names(told: str, rule: str) -> None:
    assert rule_in(told) == rule


@pytest.mark.parametrize(
    ("before", "kind", "only_words"),
    [
        ("'the frame is not masked'", "", True),
        ("f'bigger than {self.limit} bytes'", "", True),
        ("'Host'", "", False),
        ("'a' not in items('b')", "", False),
        ("Violation(1002, 'half a close code')", "", False),
        ("1", "words of a message", True),
    ],
)
def test_sentences_for_people_are_told_from_what_clients_read(
    before: str, kind: str, only_words: bool
) -> None:
    assert words_only(Survivor("m.x_f__mutmut_1", "m.f", before, "None", kind)) is only_words


def variants(mangled: str, plain: str) -> dict[str, object]:
    """A function and one mutant of it, by the names that they have in a mutated file."""
    return {
        f"{mangled}__mutmut_orig": staticmethod(lambda: plain),
        f"{mangled}__mutmut_1": staticmethod(lambda: f"another {plain}"),
    }


def test_chosen_mutant_stands_in_the_place_of_the_original_and_no_other_does() -> None:
    framing = type("Framing", (), variants("xǁFramingǁstep", "step") | variants("xǁFramingǁtake", "take"))
    settle(framing, "xǁFramingǁstep__mutmut_1")
    assert (framing.step(), framing.take()) == ("another step", "take")


def test_mutant_of_a_plain_function_stands_in_its_place() -> None:
    module = types.SimpleNamespace(**variants("x_mask", "mask"))
    settle(module, "xǁFramingǁstep__mutmut_1")
    assert module.mask() == "mask"
    settle(module, "x_mask__mutmut_1")
    assert module.mask() == "another mask"


def test_explanations_of_mutated_servers_can_be_read() -> None:
    page = EXPLAINED.read_text(encoding="utf-8")
    assert [item for item in page.split("\n- `")[1:] if not explanations(f"- `{item}")] == []
