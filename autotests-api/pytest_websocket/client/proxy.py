"""Where a connection goes to, and through which proxy."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from websockets.exceptions import InvalidURI
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
    if wish is not None:
        return wish or None
    try:
        return None if is_loopback(urlsplit(url).hostname or "") else True
    except ValueError:
        # What is no URL is not opened, and so through no proxy.
        return None


def check_url(url: str) -> None:
    """Raises InvalidURI of websockets for what is no URL of a WebSocket server: scheme, port, host name."""
    try:
        parse_uri(url).host.encode("idna")
    except ValueError as error:
        raise InvalidURI(url, str(error)) from None


def proxy_used(url: str, setting: str | bool | None) -> str:
    """Returns the address of the proxy that a setting of `websockets` stands for; empty for none."""
    if not setting:
        return ""
    return setting if isinstance(setting, str) else get_proxy(parse_uri(url)) or ""
