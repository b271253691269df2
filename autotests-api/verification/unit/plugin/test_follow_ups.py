"""A fault is red in the cases about it: a case whose premise is kept from it by the fault is skipped."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_websocket.protocol.frames import Header
from pytest_websocket.server.background import run_in_background
from verification.faulty_servers.catalogue import CATALOGUE
from verification.faulty_servers.correct import Connection, EchoServer

CLOSING = "conformance/rfc6455/test_05_5_1_close.py"
OFFERS = "conformance/rfc7692/test_07_1_parameters.py"
MASKING = "conformance/rfc6455/test_05_1_masking.py"


class WaitsAtALongLength(Connection):
    """Waits for more where a length is not in its shortest form, as it never is in what may be sent."""

    def parse_header(self) -> Header | None:
        """Returns the header of the next frame, None where it is not whole."""
        header = super().parse_header()
        return header if header is None or header.is_minimal else None


class WaitingServer(EchoServer):
    connection_class = WaitsAtALongLength


def test_frame_that_is_neither_refused_nor_answered_breaks_no_may(run_suite: Any) -> None:
    case = (
        "conformance/rfc6455/test_05_2_base_framing.py::test_length_in_a_longer_form_is_refused_or_read_right"
    )
    with run_in_background(lambda: WaitingServer().serve()) as server:
        options = ("--ws-url", server.url, "--ws-reply", "Сервер получил: {message}", "--ws-timeout", "1")
        run = run_suite(*options, f"{case}[5-16]")
    assert run.counts == {"passed": 1}, run.output[-3000:]


@pytest.mark.parametrize(
    ("name", "about_it", "about_something_else"),
    [
        (
            "accepts-unmasked-frames",
            f"{MASKING}::test_unmasked_frame_ends_the_connection[text]",
            f"{CLOSING}::test_failed_connection_answers_nothing_more[not masked]",
        ),
        (
            "accepts-unknown-parameters",
            f"{OFFERS}::test_illegal_offer_is_not_accepted[unknown parameter]",
            f"{OFFERS}::test_compressed_message_after_a_declined_offer_fails_the_connection",
        ),
    ],
    ids=lambda value: value if "::" not in value else "",
)
def test_fault_is_red_where_it_is_judged_and_a_skip_elsewhere(
    run_suite: Any, name: str, about_it: str, about_something_else: str
) -> None:
    with run_in_background(lambda: CATALOGUE[name].server().serve()) as server:
        options = ("--ws-url", server.url, "--ws-reply", "Сервер получил: {message}", "--ws-timeout", "1.5")
        run = run_suite(*options, about_it, about_something_else)
    assert run.counts == {"failed": 1, "skipped": 1}, run.output[-3000:]
