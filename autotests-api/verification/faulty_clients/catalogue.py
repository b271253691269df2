"""The whole catalogue: importing the files of faults fills it."""

from __future__ import annotations

from verification.faulty_clients import (
    closing,
    compression,
    framing,
    handshake_request,
    handshake_response,
    limits_and_reports,
    losses,
    masking,
    messages,
    pace,
    unnoticed,
)
from verification.faulty_clients.registry import CATALOGUE, Fault

FILES = (
    handshake_request,
    handshake_response,
    masking,
    framing,
    messages,
    closing,
    compression,
    limits_and_reports,
    losses,
    pace,
    unnoticed,
)

__all__ = ["CATALOGUE", "FILES", "Fault"]
