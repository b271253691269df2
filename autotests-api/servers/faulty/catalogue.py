"""The whole catalogue: importing the files of faults fills it."""

from __future__ import annotations

from servers.faulty import (
    answers,
    closing,
    codes,
    compressed,
    contract,
    contract_binary,
    control,
    conversation,
    crosstalk,
    deflate,
    fragile,
    fragments,
    framing,
    handshake,
    heads,
    keys,
    lengths,
    limits,
    offers,
    order,
    parameters,
    resources,
    silence,
    subprotocols,
    text,
    utf8,
)
from servers.faulty.registry import CATALOGUE, Fault

FILES = (
    handshake,
    keys,
    heads,
    answers,
    silence,
    subprotocols,
    offers,
    parameters,
    framing,
    lengths,
    fragments,
    control,
    closing,
    codes,
    utf8,
    text,
    compressed,
    deflate,
    contract,
    contract_binary,
    conversation,
    order,
    limits,
    resources,
    crosstalk,
    fragile,
)

__all__ = ["CATALOGUE", "FILES", "Fault"]
