"""Pytest plugin: the probe listens for 0.3 s, for servers that send nothing, or send it at once."""

from __future__ import annotations

from pytest_websocket.target import listening, proposing

SECONDS = 0.3

listening.SECONDS = SECONDS
listening.EARLY = SECONDS / 2
proposing.SECONDS = SECONDS
