"""Which proxy a connection goes through."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from websockets.proxy import get_proxy
from websockets.uri import parse_uri


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


def proxy_used(url: str, setting: str | bool | None) -> str:
    """Returns the address of the proxy that a setting of `websockets` stands for; empty for none."""
    if not setting:
        return ""
    return setting if isinstance(setting, str) else get_proxy(parse_uri(url)) or ""
