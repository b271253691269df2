"""Short listening for the tests of the probe: their servers send what they send at once."""

from __future__ import annotations

import pytest

from pytest_websocket.target import listening, proposing


@pytest.fixture(autouse=True)
def short_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "SECONDS", 0.3)
    monkeypatch.setattr(listening, "EARLY", 0.15)
    monkeypatch.setattr(proposing, "SECONDS", 0.3)
