"""Origin: a page of another site does not affect other clients (RFC 6455 §10.2)."""

from pytest_websocket import ConnectFailed, security
from pytest_websocket.fixtures import Connect, Echo, RecordProperty

pytestmark = security(
    cwe=1385,
    asvs="4.4.2",
    wstg="WSTG-CLNT-10",
    severity="medium",
    gain="A page of another site disturbs the connections of honest clients.",
)


async def test_page_of_another_origin_does_not_affect_other_clients(
    connect: Connect, echo: Echo, record_property: RecordProperty
) -> None:
    """Whether another origin is accepted is the server's choice; clients with the right one are."""
    try:
        stranger = await connect(origin="https://evil.example", name="stranger")
    except ConnectFailed as refusal:
        record_property("observed", str(refusal.response and refusal.response.status_code))
    else:
        record_property("observed", "every origin is let in")
        await stranger.close()
    await echo.expect_healthy(await connect(name="friend"))
