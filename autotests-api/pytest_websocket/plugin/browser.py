"""A real browser: found, started, and its tabs opened for a case.

The browser lives as long as the session, and its driver belongs to one event loop; so cases that use it run
in the session's loop: ``pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ssl import SSLContext
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from pytest_websocket.plugin.browser_artifacts import Evidence
from pytest_websocket.plugin.browser_page import Tab
from pytest_websocket.plugin.options import option_value
from pytest_websocket.plugin.tls import OwnAuthority
from pytest_websocket.target.target import Target

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
NO_CHROMIUM = "no Chromium here: apt-get install chromium, or name one with --ws-chromium PATH"
NO_PLAYWRIGHT = "no Playwright here: pip install pytest-websocket[browser]"

OpenTab = Callable[..., Awaitable[Tab]]


@pytest.fixture(scope="session")
def browser_options(pytestconfig: pytest.Config) -> dict[str, Any]:
    """How Playwright starts Chromium; override it to add options. Skips where there is no Chromium."""
    path = option_value(pytestconfig, "ws-chromium") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(NO_CHROMIUM)
    arguments = [
        # A closed network: nothing is looked up, updated or reported, and no word of that is waited for.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-domain-reliability",
        "--disable-sync",
        "--no-pings",
        # Containers give /dev/shm 64 MB, which a tab can exhaust.
        "--disable-dev-shm-usage",
    ]
    # Chromium's sandbox refuses to start for root, which is who runs in a container.
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {"executable_path": path, "args": arguments}


@pytest.fixture(scope="session")
def browser_authority() -> Iterator[OwnAuthority]:
    """A certificate authority; what it has certified when the browser starts, the browser trusts."""
    with OwnAuthority() as authority:
        yield authority


@pytest.fixture(scope="session")
def trusted_tls(browser_authority: OwnAuthority) -> SSLContext:
    """TLS settings of a server on 127.0.0.1 that the browser trusts."""
    return browser_authority.server_context("127.0.0.1")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(
    browser_options: dict[str, Any],
    browser_authority: OwnAuthority,
    trusted_tls: SSLContext,
    tls_authority: OwnAuthority | None,
    target: Target,
) -> AsyncIterator[Browser]:
    """Chromium, without a window; it trusts its own store, the embedded server and `trusted_tls`."""
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        pytest.skip(NO_PLAYWRIGHT)
    if target.ca and not target.embedded:
        pytest.skip("Chromium trusts its own store, and cannot be given the authority of --ws-ca")
    # To trust an authority Chromium wants it in a store of the machine; a key can be named to it.
    pins = [*browser_authority.pins, *(tls_authority.pins if tls_authority else ())]
    trust = f"--ignore-certificate-errors-spki-list={','.join(pins)}"
    browser_options = {**browser_options, "args": [*browser_options["args"], trust]}
    async with async_playwright() as driver, await driver.chromium.launch(**browser_options) as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def window(chromium: Browser, target: Target) -> AsyncIterator[BrowserContext]:
    """The window, with its cookies and storage, of every tab that asks for none of its own."""
    async with await chromium.new_context(
        viewport={"width": 800, "height": 500}, ignore_https_errors=target.insecure
    ) as context:
        yield context


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(
    chromium: Browser, window: BrowserContext, evidence: Evidence, site: str, target: Target
) -> AsyncIterator[OpenTab]:
    """Opens tabs, by default at the site's page.

    With options, which are those of Playwright's new_context, the tab has a window of its own.
    """
    # A new page costs a process; one that an earlier case has left is as good once it has gone elsewhere.
    spare = list(window.pages)
    own: list[BrowserContext] = []
    knowledge = urlencode({"greetings": target.greetings, "offer": ",".join(target.subprotocols)})

    async def open_one(url: str | None = None, **options: Any) -> Tab:
        if options:
            own.append(await chromium.new_context(**options))
            page = await own[-1].new_page()
        else:
            page = spare.pop() if spare else await window.new_page()
        tab = Tab(page, evidence.changed, evidence.deadline)
        evidence.tabs.append(tab)
        await tab.begin(url or f"{site}/?{knowledge}")
        return tab

    yield open_one
    for tab in evidence.tabs:
        await tab.end()
    for context in own:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(open_tab: OpenTab) -> Tab:
    """One tab, at the site's page."""
    return await open_tab()
