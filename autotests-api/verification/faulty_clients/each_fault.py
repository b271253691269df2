"""A pytest plugin that runs each case for clients once for every fault that it is said to catch.

The cases of a fault end with the first that fails: it is caught.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

from verification.faulty_clients.catalogue import CATALOGUE

VARIABLE = "FAULTY_CLIENT"
"""Environment variable that names the client which the program shall be."""

_caught: set[str] = set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a case one parameter more: the name of the faulty client."""
    if "client_under_test" not in metafunc.fixturenames:
        return
    path = metafunc.definition.path
    case = f"{path.parent.name}/{path.name}::{metafunc.function.__name__}"
    metafunc.fixturenames.append("faulty_client")
    names = [one.name for one in CATALOGUE.values() if one.caught_by == case]
    metafunc.parametrize("faulty_client", names, ids=[f"<{name}>" for name in names])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Chooses the client, unless it is caught already."""
    name = _fault_of(item)
    if name in _caught:
        pytest.skip("caught already")
    os.environ[VARIABLE] = name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Notes which clients are caught."""
    report = yield
    if report.failed:
        _caught.add(_fault_of(item))
    return report


def _fault_of(item: pytest.Item) -> str:
    return str(item.callspec.params["faulty_client"]) if isinstance(item, pytest.Function) else ""
