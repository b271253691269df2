"""The tables: as many cases as the reference suite has, with its numbers."""

from collections import Counter

from pytest_websocket.protocol.frames import TEXT
from pytest_websocket.wstest.case import Behavior, RoundTrips, Send, SendFragments
from pytest_websocket.wstest.cases import reference_cases
from pytest_websocket.wstest.payloads import KINDS, SIZE, data_of, messages_of

CASES = {case.number: case for case in reference_cases()}


def test_there_are_517_cases_in_the_order_of_their_numbers() -> None:
    numbers = [case.order for case in reference_cases()]
    assert len(numbers) == 517
    assert numbers == sorted(set(numbers))


def test_chapters_have_as_many_cases_as_in_the_reference_suite() -> None:
    chapters = Counter(case.order[0] for case in reference_cases())
    assert chapters == {1: 16, 2: 11, 3: 7, 4: 10, 5: 20, 6: 145, 7: 37, 9: 54, 10: 1, 12: 90, 13: 126}
    assert sum(chapters.values()) - chapters[12] - chapters[13] == 301
    assert 301 - chapters[9] == 247


def test_what_is_utf8_comes_back_and_what_is_not_fails_the_connection() -> None:
    for case in reference_cases():
        step = case.steps[0]
        if case.group.startswith("6.") and isinstance(step, Send) and len(case.steps) == 1:
            valid = step.frame.payload.decode(errors="ignore").encode() == step.frame.payload
            assert case.ends.by_us is valid, case.number
            assert case.ends.codes == ((1000,) if valid else (1007,))


def test_four_cases_let_a_peer_find_the_wrong_character_early_or_late() -> None:
    for number in ("6.4.1", "6.4.2", "6.4.3", "6.4.4"):
        assert set(CASES[number].outcomes) == {Behavior.OK, Behavior.NON_STRICT}


def test_three_cases_judge_nothing() -> None:
    assert [case.number for case in reference_cases() if not case.judges] == ["7.1.6", "7.13.1", "7.13.2"]


def test_fragments_of_10_1_1_are_of_1300_bytes() -> None:
    step = CASES["10.1.1"].steps[0]
    assert isinstance(step, SendFragments)
    assert (step.opcode, len(step.data), step.size) == (TEXT, 65536, 1300)


def test_count_of_messages_can_be_chosen() -> None:
    for case in reference_cases(7):
        step = case.steps[0]
        if isinstance(step, RoundTrips) and case.order[0] > 10:
            assert step.count == 7
            assert len(list(step.messages(step.count))) == 7


def test_data_is_the_same_each_time_and_has_the_length_that_was_asked_for() -> None:
    for kind in KINDS:
        assert len(data_of(kind)) == SIZE
        messages = list(messages_of(kind, 131072, 5))
        assert {len(one) for one in messages} == {131072}
        assert messages[0] != messages[1]
        assert messages[0] == messages[2]
        if not kind.binary:
            assert data_of(kind).isascii()
