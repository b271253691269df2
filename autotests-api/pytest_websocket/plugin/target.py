"""Makes the target of the options, probes it before the first test that needs it, skips what it cannot do."""

from __future__ import annotations

import base64
import ssl
import urllib.request
from collections.abc import Generator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import pytest
from websockets.asyncio.server import Server

from pytest_websocket.client.proxy import is_loopback
from pytest_websocket.plugin.activation import is_xdist_controller
from pytest_websocket.plugin.options import option_value, profile_of, read_option, started_in
from pytest_websocket.plugin.server_options import pace_of, url_of_started
from pytest_websocket.plugin.server_under_test import start_once, stop
from pytest_websocket.plugin.tls import OwnAuthority
from pytest_websocket.server import echo as websocket_server
from pytest_websocket.server.background import BackgroundServer, run_in_background
from pytest_websocket.target.description import describe
from pytest_websocket.target.dial import Unusable
from pytest_websocket.target.identities import Identities
from pytest_websocket.target.login import Login, load_login
from pytest_websocket.target.probe import probe
from pytest_websocket.target.target import DEFAULT_TIMEOUT, ECHO_TEMPLATE, Abilities, Target
from pytest_websocket.target.written import is_binary

TARGET = pytest.StashKey[Target]()
"""The target as the options name it; an embedded one has no address yet."""

ABILITIES = pytest.StashKey[Abilities]()
PROBED = pytest.StashKey[bool]()

TESTED = pytest.StashKey[Target]()
"""The target with its address, once a test has asked for it."""

NOT_STARTED = "127.0.0.1:0"
"""Address of an embedded server before it listens."""


def pytest_sessionstart(session: pytest.Session) -> None:
    """Probes the target of the options before xdist starts its workers: the controller collects no tests."""
    config = session.config
    if is_xdist_controller(config) and TARGET in config.stash and not config.getoption("collectonly"):
        probe_once(config)
        # Each worker starts a server of its own.
        stop(config)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says in the header of a run with xdist what was found out about the target."""
    return facts_found(config)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hands what the controller of xdist found out to a worker."""
    if node.config.stash.get(PROBED, False):
        node.workerinput["ws_abilities"] = node.config.stash[ABILITIES].to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes over what a worker of xdist found out, where the controller has probed nothing."""
    found = (getattr(node, "workeroutput", None) or {}).get("ws_abilities")
    if found and not node.config.stash.get(PROBED, False):
        configured_target(node.config)
        node.config.stash[ABILITIES] = Abilities.from_json(found)
        node.config.stash[PROBED] = True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Probes the target before the first test, if a test needs one, and marks the tests it cannot run."""
    config = session.config
    collected = [] if is_xdist_controller(config) else session.items
    cannot_run = session.testsfailed and not config.getoption("continue_on_collection_errors")
    if not config.getoption("collectonly") and not cannot_run and any(map(_needs_target, collected)):
        is_first = not config.stash.get(PROBED, False)
        probe_once(config)
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        if is_first and terminal is not None and config.get_verbosity() >= 0:
            for line in facts_found(config):
                terminal.write_line(line)
        for item in collected:
            _skip_without_abilities(item)
    return (yield)


def configured_target(config: pytest.Config) -> Target:
    """Returns the target that the options name, read once. Raises pytest.UsageError."""
    if TARGET not in config.stash:
        config.stash[TARGET] = target_from(config)
        config.stash[ABILITIES] = Abilities(deflate=True)
        config.stash[PROBED] = False
        if given := getattr(config, "workerinput", {}).get("ws_abilities"):
            _take(config, Abilities.from_json(given))
    return config.stash[TARGET]


def probe_once(config: pytest.Config) -> None:
    """Probes the target if that was not done yet. Raises pytest.UsageError where it cannot be tested."""
    target = configured_target(config)
    start_once(config, target)
    if not config.stash[PROBED]:
        config.stash[_SHOWN], abilities = probed(target)
        _take(config, abilities)
        if hasattr(config, "workeroutput"):
            config.workeroutput["ws_abilities"] = config.stash[ABILITIES].to_json()


def _take(config: pytest.Config, abilities: Abilities) -> None:
    """Keeps what a probe has found out, and the target with it."""
    config.stash[TARGET] = config.stash[TARGET].informed_by(abilities)
    config.stash[ABILITIES] = abilities
    config.stash[PROBED] = True


def facts_found(config: pytest.Config) -> list[str]:
    """Returns what the probe of this process found, a line each; nothing where another process printed it."""
    if _SHOWN not in config.stash or hasattr(config, "workerinput"):
        return []
    facts = describe(config.stash[_SHOWN], config.stash[ABILITIES])
    return [f"ws {name}: {fact}" for name, fact in facts.items()]


_SHOWN = pytest.StashKey[Target]()
"""The target that was probed: an embedded one with the address that it had then."""


def _needs_target(item: pytest.Item) -> bool:
    return "_probed_target" in getattr(item, "fixturenames", ()) or _needs_of(item) != (set(), 0)


def _needs_of(item: pytest.Item) -> tuple[set[str], int]:
    needs: set[str] = set()
    size = 0
    for mark in item.iter_markers("needs"):
        needs.update(mark.args)
        size = max(size, mark.kwargs.get("size", 0))
    return needs, size


def needs_answers(item: pytest.Item) -> bool:
    """Returns whether a test looks at what the target answers to texts of the suite, by mark or fixture."""
    needs, size = _needs_of(item)
    return bool(needs & _ANSWERED) or size > 0 or "echo" in getattr(item, "fixturenames", ())


_ANSWERED = {"echo", "answer", "text", "binary"}


def _skip_without_abilities(item: pytest.Item) -> None:
    needs, size = _needs_of(item)
    reason = missing(needs, size, item.config.stash[TARGET], item.config.stash[ABILITIES])
    if reason:
        item.add_marker(pytest.mark.skip(reason=reason))


def missing(needs: set[str], size: int, target: Target, abilities: Abilities) -> str:
    """Returns why a test with these ``needs`` cannot run against this target; empty when it can.

    Raises pytest.UsageError for an unknown need.
    """
    unknown = needs - {*_ANSWERED, "deflate", "embedded", "order"}
    if unknown:
        raise pytest.UsageError(f"@pytest.mark.needs: unknown ability {', '.join(sorted(unknown))}")
    if "embedded" in needs and not target.embedded:
        return "the case is about the embedded server"
    if (needs & _ANSWERED or size) and not target.answers:
        return NO_ANSWERS
    if (needs & {"echo", "text", "binary"} or size) and not target.echo:
        return NO_ECHO
    if needs & {"echo", "text", "answer"} and not abilities.text:
        return "the target takes no text messages"
    if "binary" in needs and (target.binary == "none" or not abilities.binary):
        return NO_BINARY
    if "order" in needs and target.any_order:
        return "the target answers requests in any order (--ws-any-order)"
    if "deflate" in needs and not abilities.deflate:
        return "the target does not offer permessage-deflate"
    if size > abilities.max_message:
        return f"a message of {size} bytes is above the target's limit of {abilities.max_message}"
    return ""


NO_ANSWERS = "the target does not echo (--ws-no-echo), and no exchange is known (--ws-exchange)"
NO_ECHO = "the case compares what is said, and an exchange (--ws-exchange) always says the same"
NO_BINARY = "the target does not answer binary messages"


def target_from(config: pytest.Config) -> Target:
    """Makes the target of the options. Raises pytest.UsageError for options that exclude each other."""
    url = url_of_started(config, option_value(config, "ws-url") or _base_url(config))
    in_tls = bool(option_value(config, "ws-tls"))
    if url and in_tls:
        raise pytest.UsageError("--ws-tls is for the embedded server; a foreign one has wss:// in --ws-url")
    headers = option_value(config, "ws-header") or ()
    if url:
        url, credentials = _without_userinfo(url)
        headers = (*credentials, *headers)
    request, exchange = option_value(config, "ws-request"), option_value(config, "ws-exchange")
    reply = option_value(config, "ws-reply")
    profile = profile_of(config)
    identities = profile.identities if profile else Identities()
    target = Target(
        url=url or f"{'wss' if in_tls else 'ws'}://{NOT_STARTED}",
        embedded=not url,
        reply=reply or request or ECHO_TEMPLATE,
        binary=option_value(config, "ws-binary") or ("none" if request or is_binary(reply or "") else "same"),
        binary_promised=option_value(config, "ws-binary") is not None,
        echo=not option_value(config, "ws-no-echo") and (exchange is None or bool(reply or request)),
        request=request or "",
        exchange=exchange,
        any_order=bool(option_value(config, "ws-any-order")),
        login=_login(config),
        identities=identities,
        greetings=option_value(config, "ws-greetings") or 0,
        greetings_given=option_value(config, "ws-greetings") is not None,
        ignore=option_value(config, "ws-ignore") or (),
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
        show_secrets=bool(option_value(config, "ws-show-secrets")),
        learned={*(option_value(config, "ws-secret") or ()), *identities.secrets()},
        pace=pace_of(config),
    )
    if target.key and not target.cert:
        raise pytest.UsageError("--ws-key needs the certificate that belongs to it: --ws-cert FILE")
    try:
        target.tls  # noqa: B018
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, ssl.SSLError) else error
        raise pytest.UsageError(f"--ws-ca, --ws-cert or --ws-key cannot be used: {reason}") from None
    return target


def _login(config: pytest.Config) -> Login | None:
    name = option_value(config, "ws-login")
    profile = profile_of(config)
    if name is None:
        return profile.login if profile else None
    try:
        return load_login(name, started_in(config))
    except ValueError as error:
        raise pytest.UsageError(f"--ws-login {name}: {error}") from None


def run_embedded(
    target: Target, authority: OwnAuthority | None
) -> AbstractContextManager[BackgroundServer[Server]]:
    """Runs the embedded server in the background; over TLS where there is an authority to certify it."""
    context = authority.server_context("127.0.0.1") if authority else None
    return run_in_background(lambda: websocket_server.serve(ssl=context), secure=target.secure)


def probed(target: Target) -> tuple[Target, Abilities]:
    """Returns the target with its address, and what it can do. Raises pytest.UsageError."""
    try:
        if not target.embedded:
            return target, probe(target)
        # The session's own server belongs to the tests, and with xdist to each worker; the probe's is brief.
        with authority_for(target) as authority, run_embedded(target, authority) as server:
            started = replace(target, url=server.url, ca=authority.ca_file if authority else target.ca)
            return started, probe(started)
    except Unusable as error:
        raise pytest.UsageError(str(error)) from None


def authority_for(target: Target) -> AbstractContextManager[OwnAuthority | None]:
    """Returns a certificate authority where the embedded server needs one."""
    return OwnAuthority() if target.embedded and target.secure else nullcontext()


def _base_url(config: pytest.Config) -> str | None:
    """Returns the URL of pytest-base-url, where that plugin is installed and was given one."""
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
    """Turns ``user:password@`` into a header, so that the URL can be shown and every client sends it."""
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
    if is_loopback(host) or urllib.request.proxy_bypass(parts.netloc):
        return None
    known = urllib.request.getproxies()
    found = known.get(parts.scheme) or known.get("https" if parts.scheme == "wss" else "http")
    found = found or known.get("all")
    if not found:
        return None
    return read_option("ws-proxy", "proxy of the environment", found) or None
