"""Options of the target: where they are read from, what they accept, how they refuse."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_websocket.plugin.options import OPTIONS, option_value, read_option
from pytest_websocket.plugin.target import target_from

ROOT = Path(__file__).parents[4]


class Configured:
    """What the options read of a pytest.Config."""

    def __init__(
        self, options: Mapping[str, Any] | None = None, ini: Mapping[str, Any] | None = None
    ) -> None:
        self.options = dict(options or {})
        self.ini = dict(ini or {})
        self.rootpath = ROOT
        self.inipath = ROOT / "pytest.ini"
        self.stash = pytest.Stash()
        self.invocation_params = pytest.Config.InvocationParams(args=(), plugins=None, dir=ROOT)

    def getoption(self, name: str, default: Any = None) -> Any:
        return self.options.get(name, default)

    def getini(self, name: str) -> Any:
        return self.ini.get(name)


def configured(
    options: Mapping[str, Any] | None = None, ini: Mapping[str, Any] | None = None
) -> pytest.Config:
    return cast("pytest.Config", Configured(options, ini))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for option in OPTIONS:
        monkeypatch.delenv(option.variable, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_command_line_beats_environment_beats_ini(monkeypatch: pytest.MonkeyPatch) -> None:
    in_ini = configured(ini={"ws_url": "ws://ini.test"})
    assert option_value(in_ini, "ws-url") == "ws://ini.test"
    monkeypatch.setenv("WS_URL", "ws://environment.test")
    assert option_value(in_ini, "ws-url") == "ws://environment.test"
    on_command_line = configured({"ws_url": "ws://line.test"}, {"ws_url": "ws://ini.test"})
    assert option_value(on_command_line, "ws-url") == "ws://line.test"


def test_empty_environment_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_URL", " ")
    assert option_value(configured(ini={"ws_url": "ws://ini.test"}), "ws-url") == "ws://ini.test"


def test_repeatable_option_has_one_value_per_line_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_HEADER", "Accept: a, b\n\nX-Y: z\n")
    assert option_value(configured(), "ws-header") == (("Accept", "a, b"), ("X-Y", "z"))


def test_blanks_of_a_template_survive_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WS_REPLY", " > {message} ")
    assert option_value(configured(), "ws-reply") == " > {message} "


@pytest.mark.parametrize("text, value", [("1", True), ("Yes", True), ("off", False), ("0", False)])
def test_switch_can_be_turned_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, text: str, value: bool
) -> None:
    monkeypatch.setenv("WS_STRICT", text)
    assert option_value(configured(), "ws-strict") is value


def test_file_named_in_ini_is_found_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert option_value(configured(ini={"ws_ca": "LICENSE"}), "ws-ca") == str(ROOT / "LICENSE")


@pytest.mark.parametrize("source", ["command line", "environment"])
def test_relative_file_is_found_where_pytest_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"ws_ca": "LICENSE"} if source == "command line" else {}
    monkeypatch.setenv("WS_CA", "" if given else "LICENSE")
    assert option_value(configured(given), "ws-ca") == str(ROOT / "LICENSE")


@pytest.mark.parametrize(
    "text, url",
    [
        ("http://a.test:81/p?q=1", "ws://a.test:81/p?q=1"),
        ("https://a.test", "wss://a.test"),
        ("WSS://a.test/x", "wss://a.test/x"),
        ("ws://a.test/чат?имя=я", "ws://a.test/%D1%87%D0%B0%D1%82?%D0%B8%D0%BC%D1%8F=%D1%8F"),
        ("ws://пример.test/", "ws://xn--e1afmkfd.test/"),
        ("ws://[::1]:8765", "ws://[::1]:8765"),
        ("ws://a.test/%20a", "ws://a.test/%20a"),
    ],
)
def test_url_is_kept_but_for_what_no_request_can_carry(text: str, url: str) -> None:
    assert read_option("ws-url", "--ws-url", text) == url


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("ws-url", "localhost:8765", "begins with ws://"),
        ("ws-url", "ftp://a.test", "begins with ws://"),
        ("ws-url", "ws://", "expected a host"),
        ("ws-url", "ws://a.test:port", "'ws://a.test:port'"),
        ("ws-url", "ws://a.test:99999", "expected a port from 1 to 65535"),
        ("ws-url", "ws://a.test:0", "port 0"),
        ("ws-url", "ws://a.test/a b", "without spaces"),
        ("ws-url", "ws://a.test/#part", "fragment"),
        ("ws-reply", "hello", "exactly once"),
        ("ws-reply", "{message}{message}", "exactly once"),
        ("ws-binary", "hex", "same, plain, none or text:TEMPLATE"),
        ("ws-binary", "text:hello", "exactly once"),
        ("ws-header", "Authorization", "expected 'Name: value'"),
        ("ws-header", "Bad Name: x", "expected 'Name: value'"),
        ("ws-header", "X: a\r\nY: b", "control character"),
        ("ws-origin", "https://a.test\r\nX: y", "as a browser sends it"),
        ("ws-subprotocol", "a b", "letters, digits"),
        ("ws-ca", "no-such-file.pem", "no such file"),
        ("ws-proxy", "socks5://a.test:1080", "HTTP proxy"),
        ("ws-max-message", "1 MiB", "number of bytes"),
        ("ws-max-message", "0", "1 or more"),
        ("ws-timeout", "0", "above 0"),
        ("ws-timeout", "nan", "above 0"),
        ("ws-time-scale", "-1", "above 0"),
        ("ws-time-scale", "fast", "above 0"),
        ("ws-max-dead", "-1", "0 or more"),
        ("ws-strict", "maybe", "1/true/yes/on"),
    ],
)
def test_value_that_cannot_be_is_refused_in_words(name: str, text: str, words: str) -> None:
    with pytest.raises(pytest.UsageError, match=words) as refusal:
        read_option(name, f"--{name}", text)
    assert str(refusal.value).startswith(f"--{name}")
    assert "\n" not in str(refusal.value)


def test_refusal_repeats_no_credentials() -> None:
    for name, text in [
        ("ws-header", "Authorization Bearer open-sesame"),
        ("ws-url", "ws://user:open-sesame@a.test:port"),
        ("ws-url", "ws://user:open-sesame/1@a.test/"),
        ("ws-url", "ws://user:1#open-sesame@a.test/"),
        ("ws-url", "ws://user:open-sesame@[a.test/"),
        ("ws-proxy", "http://user:open-sesame/1@a.test:3128"),
        ("ws-url", "ftp://a.test/?token=open-sesame"),
    ]:
        with pytest.raises(pytest.UsageError) as refusal:
            read_option(name, "--" + name, text)
        assert "open-sesame" not in str(refusal.value)


def test_user_information_of_the_url_becomes_a_header() -> None:
    target = target_from(configured({"ws_url": "ws://us%40er:pass@a.test/x"}))
    assert target.url == "ws://a.test/x"
    assert target.headers == (("Authorization", "Basic dXNAZXI6cGFzcw=="),)


def test_base_url_of_another_plugin_is_used_where_no_url_is_given() -> None:
    assert target_from(configured({"base_url": "https://a.test/x"})).url == "wss://a.test/x"
    assert target_from(configured(ini={"base_url": "http://a.test"})).url == "ws://a.test"
    both = {"base_url": "https://a.test/x", "ws_url": "ws://b.test"}
    assert target_from(configured(both)).url == "ws://b.test"


@pytest.mark.parametrize(
    "options, words",
    [
        ({"ws_url": "ws://a.test", "ws_tls": True}, "--ws-tls is for the embedded server"),
        ({"ws_key": str(ROOT / "LICENSE")}, "--ws-key needs the certificate"),
        ({"ws_url": "wss://a.test", "ws_ca": str(ROOT / "LICENSE")}, "cannot be used"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(pytest.UsageError, match=words):
        target_from(configured(options))


@pytest.mark.parametrize(
    "url, proxy",
    [
        ("ws://a.test", "http://plain.test:3128"),
        ("wss://a.test", "http://secure.test:3128"),
        ("ws://inside.test", None),
        ("ws://localhost:8765", None),
        ("ws://127.0.0.2", None),
        ("ws://[::1]", None),
    ],
)
def test_proxy_of_the_environment_is_for_others_than_loopback(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None
) -> None:
    monkeypatch.setenv("http_proxy", "http://plain.test:3128")
    monkeypatch.setenv("https_proxy", "http://secure.test:3128")
    monkeypatch.setenv("no_proxy", "inside.test")
    assert target_from(configured({"ws_url": url})).proxy == proxy
    assert target_from(configured({"ws_url": url, "ws_proxy": "none"})).proxy is None
    explicit = {"ws_url": url, "ws_proxy": "http://mine.test:1"}
    assert target_from(configured(explicit)).proxy == "http://mine.test:1"


def test_embedded_server_has_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://plain.test:3128")
    assert target_from(configured()).proxy is None


def test_proxy_of_the_environment_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://a.test:1080")
    with pytest.raises(pytest.UsageError, match="proxy of the environment"):
        target_from(configured({"ws_url": "ws://a.test"}))
