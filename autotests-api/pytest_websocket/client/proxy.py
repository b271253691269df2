"""Which addresses are reached without the proxy of the environment."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Returns whether a host name or address is the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def choose_proxy(url: str, wish: str | bool | None) -> str | bool | None:
    """Returns the ``proxy`` of `websockets`: None is none, True is the one of the environment."""
    if wish is None:
        return None if is_loopback(urlsplit(url).hostname or "") else True
    return wish or None
