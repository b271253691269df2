"""What a page sends reaches the server, and what the server answers reaches the page."""

from __future__ import annotations

import pytest

from pytest_websocket.fixtures import Target
from pytest_websocket.plugin.browser_artifacts import Until
from pytest_websocket.plugin.browser_page import BrowserPage, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.needs("echo")]

ECHO_TEXT = """async (url, text) => {
    const socket = await connect(url);
    socket.send(text);
    return message(socket);
}"""


async def test_page_of_the_lesson_shows_the_reply_in_its_console(
    browser_page: BrowserPage, target: Target, until: Until
) -> None:
    await browser_page.run(
        """async (url) => {
            const socket = await connect(url);
            socket.send("Привет из браузера!");
            socket.onmessage = (event) => console.log(`Получили сообщение от сервера: "${event.data}"`);
        }""",
        target.url,
    )
    await until(lambda: browser_page.console)
    assert browser_page.console == [
        f'Получили сообщение от сервера: "{target.answer("Привет из браузера!")!s}"'
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("e\u0301 и\u0306 — not composed", id="combining marks"),
        pytest.param("\U0001f468\u200d\U0001f469\u200d\U0001f467 𝄞 𠀀", id="astral and joined"),
        pytest.param("\u202eabc\u2066אבג\u2069", id="bidirectional"),
        pytest.param("\x00\x1b\x7f\ufeff\ufffe\uffff", id="NUL, ESC and noncharacters"),
        pytest.param("\ufefftext", id="a byte order mark first"),
        pytest.param("\r\n \t\u00a0\u2003\u2028 ", id="white space of all kinds"),
        pytest.param("<script>alert(1)</script> ${1+1} {{7*7}} %s", id="what looks like code"),
        pytest.param("я" * 32_768, id="65536 bytes"),
    ],
)
async def test_text_arrives_in_the_page_unchanged(
    browser_page: BrowserPage, target: Target, text: str
) -> None:
    assert await browser_page.run(ECHO_TEXT, target.url, text) == target.answer(text)


async def test_lone_surrogate_leaves_the_browser_as_a_replacement_character(
    browser_page: BrowserPage, target: Target
) -> None:
    reply = await browser_page.run(
        """async (url) => {
            const socket = await connect(url);
            socket.send("a\\ud800b");
            return message(socket);
        }""",
        target.url,
    )
    assert reply == target.answer("a\ufffdb")


BINARY = {
    "ArrayBuffer": "bytes.buffer",
    "typed array that views a part of its buffer": "new Uint8Array([7, ...bytes, 7]).subarray(1, -1)",
    "DataView": "new DataView(bytes.buffer)",
    "Blob": "new Blob([bytes.slice(0, 2), bytes.slice(2)])",
}


@pytest.mark.needs("binary")
@pytest.mark.parametrize("expression", BINARY.values(), ids=BINARY)
async def test_bytes_arrive_in_the_page_unchanged(
    browser_page: BrowserPage, target: Target, expression: str
) -> None:
    data = bytes([0, 255, *range(254)])
    seen = await browser_page.run(
        f"""async (url, given) => {{
            const bytes = Uint8Array.from(given);
            const socket = await connect(url);
            const replies = [];
            for (const kind of ["arraybuffer", "blob"]) {{
                socket.binaryType = kind;
                socket.send({expression});
                const data = await message(socket);
                const buffer = data instanceof Blob ? await data.arrayBuffer() : data;
                replies.push([data.constructor.name, Array.from(new Uint8Array(buffer))]);
            }}
            return replies;
        }}""",
        target.url,
        list(data),
    )
    expected = target.answer(data)
    if not isinstance(expected, bytes):
        pytest.skip("the target answers bytes with text")
    assert seen == [["ArrayBuffer", list(expected)], ["Blob", list(expected)]]


async def test_thousand_messages_come_back_in_order(browser_page: BrowserPage, target: Target) -> None:
    replies = await browser_page.run(
        """async (url) => {
            const socket = await connect(url);
            const replies = messages(socket, 1000);
            for (let number = 0; number < 1000; number++) socket.send(`message ${number}`);
            return replies;
        }""",
        target.url,
    )
    assert replies == [target.answer(f"message {number}") for number in range(1000)]


async def test_buffered_amount_falls_to_zero_when_everything_is_sent(
    browser_page: BrowserPage, target: Target
) -> None:
    seen = await browser_page.run(
        """async (url, size) => {
            const socket = await connect(url);
            const replies = messages(socket, 16);
            for (let number = 0; number < 16; number++) socket.send("a".repeat(size));
            const atOnce = socket.bufferedAmount;
            await replies;
            return { atOnce, afterReplies: socket.bufferedAmount };
        }""",
        target.url,
        100_000,
    )
    assert seen == {"atOnce": 16 * 100_000, "afterReplies": 0}


async def test_two_tabs_do_not_hear_each_other(open_page: OpenPage, target: Target) -> None:
    first = await open_page()
    second = await open_page()
    for browser_page in (first, second):
        await browser_page.run(
            """async (url) => {
                window.heard = [];
                window.socket = await connect(url);
                socket.addEventListener("message", ({ data }) => heard.push(data));
            }""",
            target.url,
        )
    say = "(text) => { socket.send(text); return message(socket); }"
    for number in range(3):
        await first.run(say, f"first {number}")
        await second.run(say, f"second {number}")
    assert await first.run("() => heard") == [target.answer(f"first {number}") for number in range(3)]
    assert await second.run("() => heard") == [target.answer(f"second {number}") for number in range(3)]
