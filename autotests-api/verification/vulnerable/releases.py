"""The releases: where each comes from, which server shows its fault, and the case that finds it."""

from __future__ import annotations

from dataclasses import dataclass

NO_ECHO = ("--ws-no-echo", "--ws-greetings=1")

PAGE = ("--ws-origin=https://app.example", "--ws-allowed-origin=https://app.example")

GIANTS = "test_giant_handshake_is_answered_or_ended"
COSTS = "test_time_for_a_handshake_grows_no_faster_than_its_length"
ORIGINS = "test_page_of_another_origin_is_refused"


@dataclass(frozen=True)
class Vulnerability:
    """A vulnerability, and two installations: of the last release that has it, and of the first that has not.

    ``case`` is the case that is red on the first and green on the second, ``server`` a program of servers/
    that is started with the installation. ``python`` is the version that a release needs, where a current
    one does not run it.
    """

    number: str
    registry: str
    vulnerable: tuple[str, ...]
    fixed: tuple[str, ...]
    server: str
    case: str
    options: tuple[str, ...] = ()
    python: str = ""

    @property
    def is_client(self) -> bool:
        """Returns whether what is vulnerable is a client: its program is tested with ``--ws-client``."""
        return self.server.endswith("_client.cjs")

    @property
    def package(self) -> str:
        """Returns the name of the package that is vulnerable."""
        return self.versions[0].rpartition("@" if self.registry == "npm" else "==")[0].rstrip("=")

    @property
    def versions(self) -> tuple[str, str]:
        """Returns the requirement that differs, of both installations."""
        return next(pair for pair in zip(self.vulnerable, self.fixed, strict=True) if pair[0] != pair[1])


def npm(number: str, vulnerable: str, fixed: str, server: str, case: str, *options: str) -> Vulnerability:
    """Returns a vulnerability of a package of npm; requirements are separated by blanks."""
    return Vulnerability(
        number, "npm", tuple(vulnerable.split()), tuple(fixed.split()), server, case, options
    )


def pypi(
    number: str, vulnerable: str, fixed: str, server: str, case: str, *options: str, python: str = ""
) -> Vulnerability:
    """Returns a vulnerability of a package of PyPI; requirements are separated by blanks."""
    return Vulnerability(
        number, "PyPI", tuple(vulnerable.split()), tuple(fixed.split()), server, case, options, python
    )


VULNERABILITIES = (
    npm("CVE-2021-32640", "ws@7.4.5", "ws@7.4.6", "ws.cjs", f"{COSTS}[blanks in a subprotocol]"),
    npm(
        "CVE-2024-37890",
        "ws@8.17.0",
        "ws@8.17.1",
        "ws.cjs",
        f"{GIANTS}[two thousand short headers before the upgrade]",
    ),
    npm(
        "CVE-2026-48779",
        "ws@8.20.1",
        "ws@8.21.0",
        "ws.cjs",
        "test_fragments_by_the_hundred_thousand_do_not_stop_the_server[of one byte]",
    ),
    npm(
        "GHSA-5v72-xg48-5rpm",
        "ws@3.3.0",
        "ws@3.3.1",
        "ws.cjs",
        "test_name_that_every_object_has_does_not_stop_the_server[constructor]",
    ),
    npm(
        "CVE-2020-7662",
        "websocket-extensions@0.1.3 websocket-driver@0.7.4 faye-websocket@0.11.3",
        "websocket-extensions@0.1.4 websocket-driver@0.7.4 faye-websocket@0.11.3",
        "faye.cjs",
        f"{COSTS}[escapes in a parameter]",
    ),
    npm(
        "CVE-2022-21676",
        "engine.io@6.1.0",
        "engine.io@6.1.1",
        "engine.cjs",
        "test_frame_that_breaks_the_protocol_does_not_stop_the_server[RSV1]",
        *NO_ECHO,
    ),
    npm(
        "CVE-2022-41940",
        "engine.io@6.2.0",
        "engine.io@6.2.1",
        "engine.cjs",
        "test_reset_at_another_place_does_not_stop_the_server[/-after the server]",
        *NO_ECHO,
    ),
    npm(
        "CVE-2023-32695",
        "socket.io-parser@4.2.2 socket.io@4.6.1",
        "socket.io-parser@4.2.3 socket.io@4.6.1",
        "socketio.cjs",
        "test_message_that_no_parser_expects_does_not_stop_the_server[an event named by an object]",
        *NO_ECHO,
    ),
    npm(
        "CVE-2022-39386",
        "@fastify/websocket@7.1.0 fastify@4.9.2",
        "@fastify/websocket@7.1.1 fastify@4.9.2",
        "fastify.cjs",
        "test_frame_that_breaks_the_protocol_does_not_stop_the_server[RSV1]",
    ),
    npm("CVE-2025-24010", "vite@6.0.8", "vite@6.0.9", "vite.cjs", f"{ORIGINS}[another site]", "--ws-no-echo"),
    npm(
        "CVE-2025-30360",
        "webpack-dev-server@5.2.0 webpack@5.99.0",
        "webpack-dev-server@5.2.1 webpack@5.99.0",
        "webpack.cjs",
        f"{ORIGINS}[an address]",
        "--ws-no-echo",
    ),
    npm(
        "CVE-2026-2229",
        "undici@7.23.0",
        "undici@7.24.0",
        "undici_client.cjs",
        "clients/rfc6455/test_10_4_limits.py::test_window_that_does_not_exist_ends_no_client[16]",
    ),
    pypi(
        "CVE-2018-1000518",
        "websockets==4.0.1",
        "websockets==5.0",
        "websockets_server.py",
        "test_bomb_of_any_window_is_not_inflated_whole[in one frame-15]",
        python="3.6",
    ),
    pypi(
        "CVE-2024-23334",
        "aiohttp==3.9.1",
        "aiohttp==3.9.2",
        "aiohttp_server.py",
        "test_path_leads_to_no_file_of_the_server[dots after a folder of files]",
    ),
    pypi(
        "CVE-2024-52804",
        "tornado==6.4.1",
        "tornado==6.4.2",
        "tornado_server.py",
        f"{COSTS}[octal escapes in a cookie]",
    ),
    pypi(
        "CVE-2019-13611",
        "python-engineio==3.8.2 aiohttp==3.9.2",
        "python-engineio==3.9.0 aiohttp==3.9.2",
        "engineio_server.py",
        f"{ORIGINS}[another site]",
        *NO_ECHO,
    ),
    pypi(
        "CVE-2020-35678",
        "autobahn==20.7.1",
        "autobahn==20.12.3",
        "autobahn_server.py",
        "test_handshake_writes_no_header_into_the_answer[CR LF in a redirect]",
    ),
    pypi(
        "CVE-2026-21883",
        "bokeh==3.8.1",
        "bokeh==3.8.2",
        "bokeh_server.py",
        f"{ORIGINS}[the name as a prefix]",
        "--ws-no-echo",
        *PAGE,
    ),
    pypi(
        "CVE-2026-44545",
        "daphne==4.2.1",
        "daphne==4.2.2",
        "daphne_server.py",
        "test_message_of_128_mebibytes_is_above_some_limit[in fragments]",
    ),
)
