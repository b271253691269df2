"""Text: the reply is the template with the message in it, unchanged, whatever its characters are."""

import sys
import unicodedata

import pytest

from pytest_websocket.fixtures import Client, Connect, Echo

pytestmark = pytest.mark.needs("text")

PLAIN = {
    "greeting": "Привет, сервер!",
    "empty": "",
    "one letter": "x",
    "one space": " ",
    "latin": "The quick brown fox jumps over the lazy dog",
    "the reply's own words": "Сервер получил: ",
    "the reply to a reply": "Сервер получил: Сервер получил: x",
    "ё is not е": "Ёжик, мёд, ещё",
    "long": "слово " * 5_000,
}

WHITE_SPACE = {
    "leading and trailing spaces": "  x  ",
    "trailing space": "x ",
    "tabs": "\ta\tb\t",
    "line feed": "a\nb",
    "trailing line feed": "x\n",
    "only line feeds": "\n\n\n",
    "carriage return": "a\rb\r",
    "CR LF": "a\r\nb\r\n",
    "LF CR": "a\n\rb",
    "mixed line ends": "a\r\nb\nc\rd\n\r\r\n",
    "empty lines": "a\n\n\nb",
    "many lines": "".join(f"line {number}\r\n" for number in range(2_000)),
    "vertical tab and form feed": "\va\fb\v\f",
    "runs of spaces": "a   b          c",
    "separators of Python": "\x1ca\x1d\x1e\x1f",
    "next line": "\u0085a\u0085",
    "line and paragraph separator": "\u2028a\u2029",
    "no-break space": "\u00a0a\u00a0",
    "ideographic space": "\u3000a\u3000",
    "every Unicode space": "".join(c for c in map(chr, range(0x3001)) if c.isspace()),
    "ten thousand spaces": " " * 10_000,
    "spaces around a word": " " * 5_000 + "x" + " " * 5_000,
    "a hundred thousand spaces before a word": " " * 100_000 + "x",
}

UNICODE = {
    "NUL": "\x00",
    "NUL inside": "before\x00after",
    "NUL at both ends": "\x00x\x00",
    "only NULs": "\x00" * 100,
    "BOM": "\ufeff",
    "BOM first": "\ufeffabc",
    "BOM inside": "abc\ufeffdef",
    "two BOMs": "\ufeff\ufeffabc",
    "swapped BOM": "\ufffeabc",
    "C0 controls": "".join(map(chr, range(0x20))),
    "C1 controls": "".join(map(chr, range(0x7F, 0xA0))),
    "escape sequences": "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "backspace": "ab\b\bcd",
    "end of file": "a\x04b\x1ac",
    "precomposed": "é ü й Å ế",
    "combining": "e\u0301 u\u0308 и\u0306 A\u030a e\u0302\u0301",
    "marks out of order": "a\u0301\u0323 a\u0323\u0301",
    "combining mark first": "\u0301a",
    "a tower of marks": "Z" + "\u0351\u0327\u034f" * 50,
    "angstrom and ohm signs": "\u212b \u2126 \u212a",
    "compatibility forms": "ﬁ ﬀ ² ½ ① Ⅷ ｆｕｌｌ ﾊﾝｶｸ ㎏",
    "hangul jamo": "\u1112\u1161\u11ab 한",
    "case pairs": "AaBbЖжẞßſıİǅΣσςﬀ",
    "look-alikes": "раypal pаypal раураl HΗН 0OО",
    "astral": "😀𝔘𠀀𐍈",
    "a flag": "\N{REGIONAL INDICATOR SYMBOL LETTER F}\N{REGIONAL INDICATOR SYMBOL LETTER R}",
    "a family": "👩\u200d👩\u200d👧\u200d👦 👍🏽 ❤\ufe0f ❤\ufe0e",
    "tags": "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "bidi": "abc \u05d0\u05d1\u05d2 123 \u0645\u0631\u062d\u0628\u0627",
    "bidi controls": "\u202eevil\u202c \u2066a\u2069 \u200e\u200f\u061c",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e",
    "soft hyphen": "co\u00adoperate",
    "scripts": "नमस्ते สวัสดี გამარჯობა 你好 こんにちは",
    "non-characters": "\ufdd0\ufffe\uffff\U0001fffe\U0010ffff",
    "replacement character": "\ufffd\ufffda\ufffd",
    "beside the surrogates": "\ud7ff\ue000",
    "private use": "\ue000\uf8ff\U000f0000\U0010fffd",
    "annotations": "\ufff9a\ufffab\ufffb",
    "first and last of each length": "\x00\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff",
    "typography": "\"straight\" 'quotes' -- ... (c) “curly” — … ©",
}

LOOKS_LIKE = {
    "HTML": "<b>bold</b> & \"quoted\" 'single' <br/>",
    "a script": "<script>alert('x')</script>",
    "entities": "&lt;b&gt; &amp;amp; &#60; &nbsp; &quot;",
    "a comment": "<!-- hidden --><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///dev/null'>]>&e;",
    "CDATA": "<![CDATA[ x ]]><?php echo 1 ?>",
    "JSON object": '{"b": 1,  "a":[ ], "a": 1.0}',
    "JSON string": '"quoted \\u0041 \\n \\/"',
    "JSON number": "1.0",
    "big number": "123456789012345678901234567890",
    "exponent": "1e400",
    "leading zeros": "007",
    "plus sign": "+1",
    "negative zero": "-0",
    "JSON words": "null",
    "true": "true",
    "not a number": "NaN",
    "empty object": "{}",
    "empty list": "[]",
    "broken JSON": '{"a": ',
    "quoted": "'x'",
    "percent-encoded": "a%20b%2Fc%D0%96%21",
    "form-encoded": "a=1&b=x+y%21&c=%2B",
    "hexadecimal": "d09fd180d0b8d0b2d0b5d182",
    "percent format": "%s %d %n %x %% %(message)s %1$s %",
    "brace format": "{} {0} {message} {{}} {message!r:>10} { }",
    "prototype format": "{0.__class__.__mro__} {message.__init__}",
    "dollar template": "$message ${message} $$ ${7*7} $",
    "replacement pattern": "$& $` $' $1 \\1 \\g<0> \\0 &",
    "mustache": "{{7*7}} {{message}} {% raw %} {# x #}",
    "ERB": "<%= 7*7 %> #{7*7} @(1+1) [[${7*7}]]",
    "lookup": "${jndi:ldap://127.0.0.1/x} ${env:HOME} %HOME% ~",
    "shell": "$(id) `id` ; ls | cat && true > /dev/null !! *",
    "SQL": "'; DROP TABLE messages; -- ' OR 1=1",
    "escapes": "\\ \\\\ \\n \\t \\x41 \\u0041 \\0 \\",
    "percent encoding": "%41%20a+b%2B%00%zz",
    "base64": "0J/RgNC40LLQtdGC",
    "hex": "0x41 41424344",
    "quoted-printable": "=41=\r\nx",
    "punycode": "xn--e1afmkfd",
    "markdown": "**bold** _x_ [link](http://example.com) :smile: # title",
    "path": "../../etc/passwd C:\\Windows\\system32",
    "URL": "http://example.com/?a=1&b=2#c",
    "YAML": "a: &x 1\nb: *x\n- no\n- 1_000",
    "CSV": 'a,"b ""c""",;d|e\tf',
    "HTTP": "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header": "x\r\nSet-Cookie: a=b\r\n\r\n",
    "socket.io": '42["message",{"a":1}]',
    "STOMP": "SEND\ndestination:/a\n\nbody\x00",
    "a slash command": "/quit",
    "a dot": ".",
    "a comment line": "# not a comment",
    "a pickle": "cos\nsystem\n(S'true'\ntR.",
}

WORDS = [
    *("ping", "pong", "PING", "close", "quit", "exit", "stop", "bye", "help", "hello", "echo", "test"),
    *(
        "error",
        "undefined",
        "None",
        "null",
        "nil",
        "false",
        "0",
        "1",
        "-1",
        "inf",
        "__proto__",
        "constructor",
    ),
    *("message", "data", "binary", "text", "subscribe", "login", "admin", "EOF", "end", "shutdown", "reset"),
    *("\x03", "\x04", "\x1b", "?", "!", "@all", "*", "/", "\\", "%", "&", "<", '"', "'", "{", "}", "$", "#"),
]


@pytest.mark.parametrize("message", PLAIN.values(), ids=PLAIN.keys())
async def test_reply_is_the_template_around_the_message(client: Client, echo: Echo, message: str) -> None:
    await echo.expect_replies(client, message)
    await echo.expect_silence(client)


@pytest.mark.parametrize("message", WHITE_SPACE.values(), ids=WHITE_SPACE.keys())
async def test_white_space_comes_back_untouched(client: Client, echo: Echo, message: str) -> None:
    echo.needs_size(len(message.encode()))
    await echo.expect_replies(client, message)


@pytest.mark.parametrize("message", UNICODE.values(), ids=UNICODE.keys())
async def test_unicode_comes_back_untouched(client: Client, echo: Echo, message: str) -> None:
    await echo.expect_replies(client, message)


@pytest.mark.parametrize("message", LOOKS_LIKE.values(), ids=LOOKS_LIKE.keys())
async def test_text_that_looks_like_code_comes_back_as_written(
    client: Client, echo: Echo, message: str
) -> None:
    await echo.expect_replies(client, message)


async def test_word_that_means_something_elsewhere_is_only_a_message(client: Client, echo: Echo) -> None:
    await echo.expect_burst(client, WORDS, window=1)


async def test_every_code_point_comes_back_untouched(connect: Connect, echo: Echo) -> None:
    echo.needs_size(1 << 14)
    client = await connect(compression=False)
    step = 1 << 12
    everything = (range(first, first + step) for first in range(0, sys.maxunicode + 1, step))
    messages = ["".join(chr(p) for p in points if not 0xD800 <= p < 0xE000) for points in everything]
    await echo.expect_burst(client, messages, window=4)


async def test_invisible_character_survives_at_either_end(client: Client, echo: Echo) -> None:
    """A trim takes characters from the ends only, and which ones differs from library to library."""
    # The planes that have such characters.
    points = (*range(0x20000), *range(0xE0000, 0xE0100))
    invisible = [chr(p) for p in points if unicodedata.category(chr(p)) in {"Cc", "Cf", "Zs", "Zl", "Zp"}]
    messages = [f"{character}x{character}" for character in invisible] + invisible
    await echo.expect_burst(client, messages, window=64)


@pytest.mark.parametrize("filler", ["x", "ж", "€", "😀"], ids=["1 byte", "2 bytes", "3 bytes", "4 bytes"])
@pytest.mark.parametrize("shift", range(4))
async def test_wide_character_is_not_torn_at_a_buffer_end(
    client: Client, echo: Echo, filler: str, shift: int
) -> None:
    """Some character crosses the end of a server's buffer, whatever its size."""
    size = 140_000
    echo.needs_size(size)
    message = "x" * shift + filler * ((size - shift) // len(filler.encode()))
    await echo.expect_replies(client, message)


async def test_similar_messages_have_replies_of_their_own(client: Client, echo: Echo) -> None:
    """A cache whose key is the length, a prefix, or ignores case or white space returns wrong replies."""
    body = "одинаковое начало " * 50
    await echo.expect_replies(
        client,
        *("abcd", "abce", "abcd", "ABCD", "abcd ", " abcd", "dcba", "abc", ""),
        *("\u00e9", "e\u0301", "\u00e9", "Aa", "BB", "1", "1.0", "01", "true", "1"),
        *(body + "1", body + "2", body + "1", "1" + body, "2" + body, body + "1" + body, body + "2" + body),
    )


async def test_repeated_message_is_answered_every_time(client: Client, echo: Echo) -> None:
    await echo.expect_replies(client, *["the same again"] * 20)
    await echo.expect_burst(client, ["the same in a burst"] * 20)


async def test_shorter_message_shows_nothing_of_a_longer_one(client: Client, echo: Echo) -> None:
    echo.needs_size(100_000)
    await echo.expect_replies(client, "x" * 100_000, "y", "", "z" * 5_000, "ы", "w" * 4_999, "")
