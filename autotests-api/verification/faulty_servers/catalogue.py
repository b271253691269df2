"""The whole catalogue, ordered by rule: importing a file of faults fills it."""

from __future__ import annotations

import importlib
import pkgutil

from verification import faulty_servers
from verification.faulty_servers.registry import CATALOGUE, Fault

WITHOUT_FAULTS = {"__main__", "catalogue", "correct", "registry"}

for module in pkgutil.iter_modules(faulty_servers.__path__):
    if module.name not in WITHOUT_FAULTS:
        importlib.import_module(f"{faulty_servers.__name__}.{module.name}")

__all__ = ["CATALOGUE", "Fault"]
