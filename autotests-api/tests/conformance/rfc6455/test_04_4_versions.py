"""RFC 6455 §4.4: negotiating the version of the protocol."""

import pytest

from pytest_websocket.fixtures import Dial, RecordProperty
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.handshake import Request, Response

UNKNOWN = ["0", "12", "14", "99", "255"]
MALFORMED = ["", "x", "-13", "13.0", "013", "13x", "0x0d", "1 3", "256", "999999999999999999999"]


async def ask(dial: Dial, opening: Request, *versions: str) -> Response | None:
    connection = await dial()
    await connection.send_bytes(opening.having("Sec-WebSocket-Version", *versions).encode())
    return await connection.refusal()


@rfc6455("4.4", MUST, "a version that the server does not know is refused")
@pytest.mark.parametrize("version", UNKNOWN)
async def test_unknown_version_is_refused(dial: Dial, opening: Request, version: str) -> None:
    response = await ask(dial, opening, version)
    assert response is None or not response.accepted, f"version {version} was accepted: {response}"


@rfc6455("4.2.1", MUST, "a version that is no number up to 255 is refused")
@pytest.mark.parametrize("version", MALFORMED)
async def test_malformed_version_is_refused(dial: Dial, opening: Request, version: str) -> None:
    response = await ask(dial, opening, version)
    assert response is None or not response.accepted, f"version {version!r} was accepted: {response}"


@rfc6455("11.3.5", SHOULD, "a request that names several versions is refused")
@pytest.mark.parametrize(
    "versions", [["13", "8"], ["8", "13"], ["13, 8"], ["8, 13"], ["13", "13"]], ids=" | ".join
)
async def test_several_versions_are_refused(dial: Dial, opening: Request, versions: list[str]) -> None:
    response = await ask(dial, opening, *versions)
    assert response is None or not response.accepted, f"versions {versions} were accepted: {response}"


@rfc6455("4.4", MAY, "versions 7 and 8, drafts of the protocol, are accepted or refused")
@pytest.mark.parametrize("version", ["7", "8"])
async def test_draft_version_is_accepted_or_refused(
    dial: Dial, opening: Request, record_property: RecordProperty, version: str
) -> None:
    response = await ask(dial, opening, version)
    record_property("observed", str(response or "closed without a response"))


@rfc6455("4.2.2", MUST, "a refused version is answered with the list of versions that the server knows")
@pytest.mark.parametrize("version", UNKNOWN)
async def test_refusal_of_a_version_lists_the_known_ones(dial: Dial, opening: Request, version: str) -> None:
    response = await ask(dial, opening, version)
    assert response is not None, "the server closed the connection without an HTTP response"
    if response.accepted:
        pytest.skip("the server accepts the version, which another case judges")
    assert "13" in response.tokens("Sec-WebSocket-Version"), (
        f"expected a header Sec-WebSocket-Version with 13, got {response.value('Sec-WebSocket-Version')!r}"
    )


@rfc6455("4.2.2", SHOULD, "a refused version is answered with 426 Upgrade Required")
@pytest.mark.parametrize("version", ["0", "14", "255"])
async def test_unknown_version_is_refused_with_426(dial: Dial, opening: Request, version: str) -> None:
    response = await ask(dial, opening, version)
    assert response is not None, "the server closed the connection without an HTTP response"
    assert response.status == 426, f"expected 426, got {response}"
