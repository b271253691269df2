"""A server that is started again on its port, after an end and after a crash."""

from collections.abc import Awaitable, Callable

import pytest

from pytest_websocket.fixtures import OwnServer


async def it_was_terminated(server: OwnServer) -> None:
    server.terminate()
    if await server.end() is None:
        pytest.skip("the server does not end after SIGTERM, which another case judges")


async def it_crashed(server: OwnServer) -> None:
    await server.kill()


@pytest.mark.parametrize(
    "ends", [it_was_terminated, it_crashed], ids=lambda one: one.__name__.replace("_", " ")
)
async def test_restart_on_the_same_port_works_at_once(
    own_server: OwnServer, ends: Callable[[OwnServer], Awaitable[None]]
) -> None:
    # The server's side of connections that it closed first keeps the port for a minute, unless it is reused.
    connections = await own_server.open_many(5)
    await connections[0].expect_served()
    await ends(own_server)
    await own_server.start_again()
    await (await own_server.open("new client")).expect_served()
