"""The console page of `python -m websocket_server --console`: what it shows, to whom, and how safely."""

from __future__ import annotations

import itertools
import re
import socket
from typing import TYPE_CHECKING, Any, Literal

import pytest
import pytest_asyncio
from websockets.asyncio.server import Server

from pytest_websocket.plugin.browser_artifacts import Until
from pytest_websocket.plugin.browser_page import BrowserPage, OpenPage
from pytest_websocket.plugin.server_log import ServerLog
from pytest_websocket.server.background import BackgroundServer, run_in_background
from pytest_websocket.server.echo import serve

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

HOSTILE = (
    "<img src=x onerror='window.harmed = true'>",
    "<script>window.harmed = true</script>",
    "</span></summary><iframe src='javascript:parent.harmed = true'></iframe>",
    "\x1b[2J\u202eforged\u2066 \x00\u2028",
    '{"__proto__": {"kind": "event"}, "html": "<b>bold</b>"}',
)


async def text_of(element: Locator) -> str:
    return await element.text_content() or ""


class Console:
    """The page as its user sees it: elements are found by their text."""

    def __init__(self, browser_page: BrowserPage) -> None:
        self.browser_page = browser_page
        self.page = browser_page.page
        self.rows = self.page.locator("#log > li")
        self.sent = self.page.locator("#log > li.sent")
        self.received = self.page.locator("#log > li.received")
        self.events = self.page.locator("#log > li.event")
        self.message = self.page.get_by_label("Message", exact=True)
        self.totals = self.page.locator("#totals")
        self.status = self.page.get_by_role("status")

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    async def connect(self) -> None:
        await self.button("Connect").click()
        await self.says("Connected")

    async def says(self, state: str) -> None:
        await self.status.get_by_text(state, exact=True).wait_for()

    async def send(self, text: str) -> None:
        before = await self.received.count()
        await self.message.fill(text)
        await self.message.press("Enter")
        await self.received.nth(before).wait_for()


@pytest.fixture
def server(server_log: ServerLog) -> Any:
    with run_in_background(lambda: serve(console=True)) as running, server_log.watch(running):
        yield running


def page_of(running: BackgroundServer[Server]) -> str:
    return f"http://{running.host}:{running.port}/"


@pytest_asyncio.fixture(loop_scope="session")
async def console(open_page: OpenPage, server: BackgroundServer[Server]) -> Any:
    return Console(await open_page(page_of(server)))


async def test_message_and_reply_are_shown_with_direction_size_and_time(console: Console) -> None:
    await console.connect()
    await console.send("Привет, сервер!")
    clock = r"\d\d:\d\d:\d\d\.\d{3}"
    reply = "Сервер получил: Привет, сервер!"
    for row, words, size in (
        (console.sent, "Sent: Привет, сервер!", len("Привет, сервер!".encode())),
        (console.received, f"Received: {reply}", len(reply.encode())),
    ):
        assert re.fullmatch(rf"{re.escape(words)}{size}\u00a0B{clock}", await text_of(row))
    assert await console.totals.inner_text() == "Sent: 1 · 27\u00a0B\nReceived: 1 · 56\u00a0B"


async def test_page_speaks_the_language_of_its_reader_and_the_chosen_one(
    open_page: OpenPage, server: BackgroundServer[Server]
) -> None:
    browser_page = await open_page(page_of(server), locale="ru-RU")
    page = browser_page.page
    await page.get_by_role("button", name="Подключиться", exact=True).click()
    await page.get_by_label("Сообщение", exact=True).fill("Привет!")
    await page.get_by_role("button", name="Отправить", exact=True).click()
    await page.get_by_text("Получено: 1").wait_for()
    await page.get_by_role("button", name="EN").click()
    assert await page.title() == "WebSocket console"
    assert await page.get_by_role("status").inner_text() == "Connected"
    await page.reload()
    await page.get_by_role("button", name="Connect", exact=True).wait_for()
    assert await page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_page_has_every_word_in_both_languages(console: Console, language: str) -> None:
    words = await console.browser_page.run(
        """(language) => {
            speak(language);
            const texts = [...document.querySelectorAll("[data-text]")].map(({ textContent }) => textContent);
            const names = [...document.querySelectorAll("[aria-label]")].map((one) => one.ariaLabel);
            return [...texts, ...names, Object.keys(WORDS[language]).sort().join()];
        }""",
        language,
    )
    assert not [word for word in words if word in ("", "undefined")]
    other = await console.browser_page.run("() => Object.keys(WORDS.en).sort().join()")
    assert words[-1] == other


async def test_what_a_server_sends_is_shown_as_text_and_never_run(
    open_page: OpenPage, server_log: ServerLog
) -> None:
    async def hostile(connection: Any) -> None:
        for message in HOSTILE:
            await connection.send(message)
        await connection.close(4000, HOSTILE[0])

    with (
        run_in_background(lambda: serve(console=True, handler=hostile)) as running,
        server_log.watch(running),
    ):
        console = Console(await open_page(page_of(running)))
        await console.button("Connect").click()
        await console.says("Closed")
        await console.received.nth(len(HOSTILE) - 1).wait_for()
        for number in range(len(HOSTILE)):
            await console.received.nth(number).locator("summary").click()
    shown = [await row.locator("pre").text_content() for row in await console.received.all()]
    assert shown[:3] == list(HOSTILE[:3])
    assert shown[3] == r"\x1b[2J\u202eforged\u2066 \x00\u2028"
    assert await console.events.nth(1).locator(".data").text_content() == f"Closed: 4000 · «{HOSTILE[0]}»"
    assert await console.page.locator("main").locator("img, script, iframe, b").count() == 0
    assert await console.browser_page.run("() => window.harmed") is None


async def test_page_refuses_to_run_a_script_that_gets_into_it(console: Console, until: Until) -> None:
    await console.browser_page.run(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.harmed = true";
            document.body.append(script);
        }"""
    )
    assert await until(
        lambda: any("Content Security Policy" in line for line in console.browser_page.console)
    )
    assert await console.browser_page.run("() => window.harmed") is None


async def test_flood_is_counted_in_full_and_shown_in_part(open_page: OpenPage, server_log: ServerLog) -> None:
    async def flood(connection: Any) -> None:
        for number in range(1100):
            await connection.send(f"message {number}")
        await connection.wait_closed()

    with run_in_background(lambda: serve(console=True, handler=flood)) as running, server_log.watch(running):
        console = Console(await open_page(page_of(running)))
        await console.connect()
        await console.totals.get_by_text("Received: 1,100").wait_for()
        assert await console.rows.count() == 1000
        assert "message 1099" in await text_of(console.rows.last)
        await console.totals.get_by_text("the oldest are not shown").wait_for()


async def test_bytes_are_written_and_shown_in_hexadecimal(console: Console) -> None:
    await console.connect()
    await console.page.get_by_label("As", exact=True).select_option(label="Hex bytes")
    await console.send("00 ff 1b 41")
    assert "binary00 ff 1b 41" in await text_of(console.sent)
    await console.sent.locator("summary").click()
    assert await console.sent.locator("pre").text_content() == f"000000  {'00 ff 1b 41':47}  ...A"
    await console.message.fill("0 ff no")
    await console.message.press("Enter")
    hint = "Bytes in hexadecimal, for example: 48 65 6c 6c 6f"
    assert await console.message.evaluate("(field) => field.validationMessage") == hint
    assert await console.sent.count() == 1


async def test_long_message_is_cut_and_says_so(open_page: OpenPage, server_log: ServerLog) -> None:
    async def long(connection: Any) -> None:
        await connection.send("я" * 500_000)
        await connection.wait_closed()

    with run_in_background(lambda: serve(console=True, handler=long)) as running, server_log.watch(running):
        console = Console(await open_page(page_of(running)))
        await console.connect()
        await console.received.locator("summary").click()
        await console.received.get_by_text("The first 65.5\u00a0kB of 1\u00a0MB").wait_for()
        assert await console.received.locator("pre").text_content() == "я" * 32_768


async def test_empty_message_is_a_message(console: Console) -> None:
    await console.connect()
    await console.send("")
    assert re.match("Sent: empty message0\u00a0B", await text_of(console.sent))


async def test_json_is_laid_out_when_it_is_opened(console: Console) -> None:
    await console.connect()
    await console.send('{"id":1,"tags":["a"]}')
    await console.sent.locator("summary").click()
    pre = console.sent.locator("pre")
    assert await text_of(pre) == '{\n  "id": 1,\n  "tags": [\n    "a"\n  ]\n}'


async def test_messages_can_be_searched_and_filtered(console: Console) -> None:
    await console.connect()
    for text in ("apple", "pear"):
        await console.send(text)
    await console.page.get_by_label("Find in messages").fill("APPLE")
    assert await console.page.locator("#log > li:visible").count() == 2
    await console.button("Sent").click()
    visible = console.page.locator("#log > li:visible")
    assert await visible.count() == 1
    assert "Sent: apple" in await text_of(visible)
    await console.button("Clear").click()
    assert await console.totals.inner_text() == "Sent: 0 · 0\u00a0B\nReceived: 0 · 0\u00a0B"


async def test_chosen_code_reason_and_subprotocol_reach_the_server(
    console: Console, server_log: ServerLog, until: Until
) -> None:
    await console.page.get_by_text("Subprotocols and closing").click()
    await console.page.get_by_label("Subprotocols to offer").fill("mqtt, echo")
    await console.page.get_by_label("Close code").fill("4001")
    await console.page.get_by_label("Close reason").fill("причина")
    await console.connect()
    assert "subprotocol echo, permessage-deflate" in await text_of(console.events)
    await console.button("Disconnect").click()
    await console.says("Closed")
    assert "Closed: 4001 · «причина»" in await text_of(console.events.nth(1))
    (entry,) = server_log.entries
    assert await until(lambda: entry.over)
    assert (entry.connection.subprotocol, entry.close_code, entry.close_reason) == ("echo", 4001, "причина")


async def test_failures_are_said_in_words(console: Console) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        await console.page.get_by_label("Address").fill(f"ws://127.0.0.1:{unused.getsockname()[1]}/")
        await console.button("Connect").click()
        await console.says("Connection lost")
    await console.events.nth(1).wait_for()
    said = await console.events.locator(".data").all_text_contents()
    assert said == [
        "The connection failed; the browser's console may say why",
        "Closed: 1006 · no Close frame came",
    ]


async def test_page_needs_no_mouse(console: Console) -> None:
    keyboard = console.page.keyboard
    await keyboard.press("Enter")
    await console.says("Connected")
    await keyboard.type("first line")
    await keyboard.press("Shift+Enter")
    await keyboard.type("second line")
    await keyboard.press("Enter")
    await console.received.wait_for()
    assert await console.message.input_value() == ""
    await keyboard.press("ArrowUp")
    assert await console.message.input_value() == "first line\nsecond line"
    await console.received.locator("summary").focus()
    await keyboard.press("Enter")
    opened = console.received.locator("pre")
    assert await text_of(opened) == "Сервер получил: first line\nsecond line"


async def test_page_has_a_name_for_everything_a_screen_reader_meets(console: Console) -> None:
    await console.connect()
    await console.send("hello")
    unnamed = await console.browser_page.run(
        """() => [...document.querySelectorAll("button, input, select, textarea, [role]")]
            .filter((one) => !one.closest("[hidden]") && one.getAttribute("role") !== "status")
            .filter((one) => ![one.ariaLabel, one.labels?.[0]?.textContent, one.textContent].join("").trim())
            .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    log = console.page.get_by_role("log", name="Messages")
    assert await log.get_by_role("listitem").count() == 3


CONTRAST = """() => {
    const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    const luminance = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const bytes = [...canvas.getImageData(0, 0, 1, 1).data];
        const [red, green, blue] = bytes.map((byte) => channel(byte / 255));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element) => {
        const color = getComputedStyle(element).backgroundColor;
        return color === "rgba(0, 0, 0, 0)" && element.parentElement ? behind(element.parentElement) : color;
    };
    const poor = [];
    for (const element of document.body.querySelectorAll("*")) {
        const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!text || !element.checkVisibility() || element.disabled) continue;
        const pair = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort();
        const ratio = (pair[1] + 0.05) / (pair[0] + 0.05);
        if (ratio < 4.5) poor.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 80)}`);
    }
    return poor;
}"""


async def test_page_can_be_read_in_light_and_dark_wide_and_narrow(
    open_page: OpenPage, server: BackgroundServer[Server], subtests: pytest.Subtests
) -> None:
    browser_page = await open_page(page_of(server), locale="en-US")
    console = Console(browser_page)
    await console.connect()
    await console.send("x\x1b" * 200)
    schemes: list[Literal["light", "dark"]] = ["light", "dark"]
    for scheme, width in itertools.product(schemes, (320, 1080)):
        await browser_page.page.emulate_media(color_scheme=scheme)
        await browser_page.page.set_viewport_size({"width": width, "height": 700})
        with subtests.test(f"{scheme}, {width} pixels"):
            assert await browser_page.run(CONTRAST) == []
            assert await browser_page.run("() => document.documentElement.scrollWidth") <= width


async def test_page_asks_no_server_but_its_own(open_page: OpenPage, server: BackgroundServer[Server]) -> None:
    asked = []
    browser_page = await open_page(locale="en-US")
    browser_page.page.on("request", lambda request: asked.append(request.url))
    await browser_page.page.goto(page_of(server))
    await Console(browser_page).connect()
    home = page_of(server)
    assert asked == [home, f"{home}console.css", f"{home}console.js"]
