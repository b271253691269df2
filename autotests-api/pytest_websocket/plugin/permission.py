"""Keeps the security cases from servers of others: they run where the target is one's own."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import pytest

from pytest_websocket.client.proxy import is_loopback
from pytest_websocket.plugin.marks import weakness_of
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.security_options import SECURITY_OPTIONS
from pytest_websocket.plugin.target import TARGET

HOW = "--ws-i-own-this says that you may"


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options of the security cases. Raises pytest.UsageError for one that cannot be read."""
    if not config.getoption("help"):
        for option in SECURITY_OPTIONS:
            option_value(config, option.name)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Skips the security cases where the target is on the open network and nothing says that it is one's own.

    Raises pytest.UsageError where no other case was selected.
    """
    target = config.stash[TARGET]
    hostile = [item for item in items if weakness_of(item) is not None]
    if target.embedded or not hostile or option_value(config, "ws-i-own-this"):
        return
    if is_near(target.host):
        return
    where = f"{target.host} is neither this machine nor in a private network"
    if len(hostile) == len(items):
        raise pytest.UsageError(f"{where}: the security cases attack a server; {HOW}")
    for item in hostile:
        item.add_marker(pytest.mark.skip(reason=f"{where}; {HOW}"))


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Warns where the security cases go to the open network."""
    target = config.stash[TARGET]
    if target.embedded or not option_value(config, "ws-i-own-this") or is_near(target.host):
        return []
    return [f"ws warning: the security cases attack {target.host}, a server on the open network"]


def is_near(host: str) -> bool:
    """Returns whether a host is this machine, or all its addresses are in a private network.

    A name that cannot be resolved is not near.
    """
    if is_loopback(host):
        return True
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    addresses = [ipaddress.ip_address(str(address).partition("%")[0]) for address in found]
    return all(address.is_private or address.is_link_local for address in addresses)
