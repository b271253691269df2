"""Every faulty client is caught by the test that its entry names; the correct ones are never accused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from verification.conftest import CASES, RunSuite
from verification.faulty_clients.catalogue import CATALOGUE, FILES
from verification.faulty_clients.correct import EchoClient
from verification.faulty_clients.pace import Hasty

FOLDER = Path(__file__).parent
PATH = str(FOLDER.parents[1])
CLIENTS = str(CASES / "clients")
OWN = f"{sys.executable} -m verification.faulty_clients {{url}}"
ON_WEBSOCKETS = f"{sys.executable} {FOLDER / 'websockets_client.py'} {{url}}"


def test_catalogue_is_complete() -> None:
    defined = {
        value
        for file in FILES
        for value in vars(file).values()
        if isinstance(value, type) and issubclass(value, EchoClient) and value not in (EchoClient, Hasty)
    }
    assert {fault.client for fault in CATALOGUE.values()} == defined
    assert len(CATALOGUE) >= 150


def test_every_faulty_client_is_caught_by_its_test(run_suite: RunSuite) -> None:
    plugin = ("-p", "verification.faulty_clients.each_fault")
    options = ("-n", "4", "--ws-strict", "--ws-client", OWN)
    run = run_suite(*plugin, *options, CLIENTS, limit=600, WS_TIMEOUT="1", PYTHONPATH=PATH)
    assert run.status == 1, run.output
    failed = " ".join(name for name, outcome in run.cases.items() if outcome == "failed")
    missed = [f"{one.name}: {one.caught_by}" for one in CATALOGUE.values() if f"<{one.name}>" not in failed]
    assert not missed
    # A client that does not even start proves nothing.
    assert "Traceback (most recent call last)" not in run.output
    assert "did not connect" not in run.output


@pytest.mark.parametrize("client", [OWN, ON_WEBSOCKETS], ids=["own", "websockets"])
def test_correct_client_is_not_accused(client: str, run_suite: RunSuite) -> None:
    run = run_suite("-n", "4", "--ws-strict", "--ws-client", client, CLIENTS, PYTHONPATH=PATH, limit=600)
    assert run.status == 0, run.output
    assert run.counts["passed"] > 400


def test_cases_for_clients_do_not_change_a_run_for_servers(run_suite: RunSuite) -> None:
    run = run_suite("--collect-only", "-q", CLIENTS)
    assert run.status == 5, run.output
    assert "deselected" in run.output
