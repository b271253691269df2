"""Where this run aims: the options, the embedded server, the probe, and what is skipped and why."""

from __future__ import annotations

import base64
import ipaddress
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest
from websockets.asyncio.server import Server

from pytest_websocket.plugin.options import add_options, option_value, read_option
from pytest_websocket.plugin.selection import is_listing
from pytest_websocket.plugin.tls import OwnAuthority
from pytest_websocket.server import echo as websocket_server
from pytest_websocket.server.background import BackgroundServer, run_in_background
from pytest_websocket.target.dial import Unusable
from pytest_websocket.target.probe import describe, probe
from pytest_websocket.target.target import DEFAULT_TIMEOUT, ECHO_TEMPLATE, Abilities, Target

TARGET = pytest.StashKey[Target]()
ABILITIES = pytest.StashKey[Abilities]()
PROBED = pytest.StashKey[bool]()
AIMED_AT = pytest.StashKey[Target]()
"""The target with its address, once a test has asked for it."""

NOT_STARTED = "127.0.0.1:0"
"""Address of an embedded server before it listens."""

OWN_TESTS = ("verification", "examples")
"""Folders of tests/ that test our own tools and never the target."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options of the target."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Read the target from the options."""
    config.addinivalue_line(
        "markers",
        "needs(*abilities, size=0): skip the case, with the reason, on a target that lacks one of them: "
        "echo, text, binary, deflate, embedded; or that takes no message of size bytes",
    )
    if config.option.help:
        return
    config.stash[TARGET] = target_from(config)
    config.stash[ABILITIES] = _abilities_from_controller(config) or Abilities(deflate=True)


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """With ``--ws-probe`` print what the target can do, and stop."""
    if not option_value(config, "ws-probe"):
        return None
    target, abilities = _probe(target_from(config))
    for name, fact in describe(target, abilities).items():
        print(f"{name}: {fact}")  # noqa: T201
    return 0


def pytest_sessionstart(session: pytest.Session) -> None:
    """Probe the target, once: before the first test, and before any xdist worker starts."""
    config = session.config
    if hasattr(config, "workerinput") or _needs_no_target(config):
        return
    shown, config.stash[ABILITIES] = _probe(config.stash[TARGET])
    config.stash[PROBED] = True
    if not shown.embedded:
        config.stash[TARGET] = shown


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say at the top of the run where it aims and what was found."""
    if not config.stash.get(PROBED, False):
        return []
    facts = describe(config.stash[TARGET], config.stash[ABILITIES])
    return [f"ws {name}: {fact}" for name, fact in facts.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the controller's findings to an xdist worker."""
    node.workerinput["ws_abilities"] = node.config.stash[ABILITIES].to_json()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests of our own tools where a foreign target is tested."""
    if config.stash[TARGET].embedded:
        return
    gone = [item for item in items if _is_own_test(item.path)]
    if gone:
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if not _is_own_test(item.path)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a case whose needs the target cannot meet."""
    needs: set[str] = set()
    size = 0
    for mark in item.iter_markers("needs"):
        needs.update(mark.args)
        size = max(size, mark.kwargs.get("size", 0))
    if needs or size:
        reason = missing(needs, size, item.config.stash[TARGET], item.config.stash[ABILITIES])
        if reason:
            raise pytest.skip.Exception(reason, _use_item_location=True)


def missing(needs: set[str], size: int, target: Target, abilities: Abilities) -> str:
    """Why a case with these ``needs`` cannot run against this target; empty when it can.

    Raises pytest.UsageError for a need that nobody knows.
    """
    unknown = needs - {"echo", "text", "binary", "deflate", "embedded"}
    if unknown:
        raise pytest.UsageError(f"@pytest.mark.needs: unknown ability {', '.join(sorted(unknown))}")
    if "embedded" in needs and not target.embedded:
        return "the case is about the embedded server"
    if (needs & {"echo", "text", "binary"} or size) and not target.echo:
        return "the target does not echo (--ws-no-echo)"
    if needs & {"echo", "text"} and not abilities.text:
        return "the target takes no text messages"
    if "binary" in needs and (target.binary == "none" or not abilities.binary):
        return "the target does not answer binary messages"
    if "deflate" in needs and not abilities.deflate:
        return "the target does not offer permessage-deflate"
    if size > abilities.max_message:
        return f"a message of {size} bytes is above the target's limit of {abilities.max_message}"
    return ""


def target_from(config: pytest.Config) -> Target:
    """The target that the options name. Raises pytest.UsageError for options that do not fit together."""
    url = option_value(config, "ws-url") or _base_url(config)
    in_tls = bool(option_value(config, "ws-tls"))
    if url and in_tls:
        raise pytest.UsageError("--ws-tls is for the embedded server; a foreign one has wss:// in --ws-url")
    headers = option_value(config, "ws-header") or ()
    if url:
        url, credentials = _without_userinfo(url)
        headers = (*credentials, *headers)
    target = Target(
        url=url or f"{'wss' if in_tls else 'ws'}://{NOT_STARTED}",
        embedded=not url,
        reply=option_value(config, "ws-reply") or ECHO_TEMPLATE,
        binary=option_value(config, "ws-binary") or "same",
        binary_promised=option_value(config, "ws-binary") is not None,
        echo=not option_value(config, "ws-no-echo"),
        greetings=option_value(config, "ws-greetings") or 0,
        headers=headers,
        origin=option_value(config, "ws-origin"),
        subprotocols=option_value(config, "ws-subprotocol") or (),
        ca=option_value(config, "ws-ca"),
        cert=option_value(config, "ws-cert"),
        key=option_value(config, "ws-key"),
        insecure=bool(option_value(config, "ws-insecure")),
        proxy=_proxy(url, option_value(config, "ws-proxy")) if url else None,
        max_message=option_value(config, "ws-max-message"),
        timeout=option_value(config, "ws-timeout") or DEFAULT_TIMEOUT,
        time_scale=option_value(config, "ws-time-scale") or 1.0,
        strict=bool(option_value(config, "ws-strict")),
    )
    if target.key and not target.cert:
        raise pytest.UsageError("--ws-key needs the certificate that belongs to it: --ws-cert FILE")
    try:
        target.tls  # noqa: B018
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error
        raise pytest.UsageError(f"--ws-ca, --ws-cert or --ws-key cannot be used: {reason}") from None
    return target


def run_embedded(
    target: Target, authority: OwnAuthority | None
) -> AbstractContextManager[BackgroundServer[Server]]:
    """The embedded server in the background; over TLS where there is an authority for its certificate."""
    context = authority.server_context("127.0.0.1") if authority else None
    return run_in_background(lambda: websocket_server.serve(ssl=context), secure=target.secure)


@pytest.fixture(scope="session")
def tls_authority(request: pytest.FixtureRequest) -> Iterator[OwnAuthority | None]:
    """The certificate authority of this run with ``--ws-tls``; None without."""
    with _authority_for(request.config.stash[TARGET]) as authority:
        yield authority


@pytest.fixture(scope="session")
def echo_server(
    request: pytest.FixtureRequest, tls_authority: OwnAuthority | None
) -> Iterator[BackgroundServer[Server]]:
    """The embedded echo server, on a free port, in an event loop and a thread of its own."""
    with run_embedded(request.config.stash[TARGET], tls_authority) as server:
        yield server


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """The server under test: the embedded one unless ``--ws-url`` names another."""
    chosen = request.config.stash[TARGET]
    if chosen.embedded:
        server = request.getfixturevalue("echo_server")
        authority = request.getfixturevalue("tls_authority")
        chosen = replace(chosen, url=server.url, ca=authority.ca_file if authority else chosen.ca)
    request.config.stash[AIMED_AT] = chosen
    return chosen


@pytest.fixture(scope="session")
def abilities(request: pytest.FixtureRequest) -> Abilities:
    """What the probe found the target able to do."""
    return request.config.stash[ABILITIES]


@pytest.fixture
def deadline(target: Target) -> float:
    """Seconds that any single wait of a test may take."""
    return target.deadline


def _probe(target: Target) -> tuple[Target, Abilities]:
    try:
        if not target.embedded:
            return target, probe(target)
        # The session's own server belongs to the tests, and with xdist to each worker; the probe's is brief.
        with _authority_for(target) as authority, run_embedded(target, authority) as server:
            started = replace(target, url=server.url, ca=authority.ca_file if authority else target.ca)
            return started, probe(started)
    except Unusable as error:
        raise pytest.UsageError(str(error)) from None


def _authority_for(target: Target) -> AbstractContextManager[OwnAuthority | None]:
    return OwnAuthority() if target.embedded and target.secure else nullcontext()


def _abilities_from_controller(config: pytest.Config) -> Abilities | None:
    given = getattr(config, "workerinput", {}).get("ws_abilities")
    return Abilities.from_json(given) if given else None


def _needs_no_target(config: pytest.Config) -> bool:
    if config.option.collectonly or is_listing(config):
        return True
    named = [Path(config.invocation_params.dir, str(arg).partition("::")[0]) for arg in config.args]
    return bool(named) and all(_is_own_test(path) for path in named)


def _is_own_test(path: Path) -> bool:
    tests = Path(__file__).resolve().parents[2]
    return any((tests / folder) in (path.resolve(), *path.resolve().parents) for folder in OWN_TESTS)


def _base_url(config: pytest.Config) -> str | None:
    """The URL of pytest-base-url, where that plugin is installed and was given one."""
    given: str | None = config.getoption("base_url", None)
    if given is None:
        try:
            given = config.getini("base_url")
        except (KeyError, ValueError):
            return None
    if not given:
        return None
    return str(read_option("ws-url", "--base-url", given))


def _without_userinfo(url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Turn ``user:password@`` into a header, so that the URL can be shown and every client sends it."""
    parts = urlsplit(url)
    userinfo, at, address = parts.netloc.rpartition("@")
    if not at:
        return url, ()
    credentials = base64.b64encode(unquote(userinfo).encode()).decode()
    return urlunsplit(parts._replace(netloc=address)), (("Authorization", f"Basic {credentials}"),)


def _proxy(url: str, given: str | None) -> str | None:
    if given is not None:
        return given or None
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_loopback(host) or urllib.request.proxy_bypass(parts.netloc):
        return None
    known = urllib.request.getproxies()
    found = known.get(parts.scheme) or known.get("https" if parts.scheme == "wss" else "http")
    found = found or known.get("all")
    if not found:
        return None
    return read_option("ws-proxy", "proxy of the environment", found) or None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
