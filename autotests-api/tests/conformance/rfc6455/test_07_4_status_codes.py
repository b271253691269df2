"""RFC 6455 §7.4: which status codes a Close frame may carry."""

import pytest

from pytest_websocket.fixtures import RawConnection, RecordProperty
from pytest_websocket.plugin.marks import MAY, MUST, SHOULD, rfc6455
from pytest_websocket.protocol.frames import close

LEGAL = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
REGISTERED_LATER = [1012, 1013, 1014]
NEVER_SENT = [1005, 1006, 1015]
UNDEFINED = [0, 999, 1004, 1016, 1100, 2000, 2999]
BEYOND = [5000, 65535]
ERRORS = [1002, 1003, 1007, 1008, 1009, 1010, 1011]


@rfc6455(
    "7.4", MUST, "a Close frame with a defined code is answered with a Close frame", autobahn=["7.7.1-13"]
)
@pytest.mark.parametrize("code", LEGAL)
async def test_close_with_a_defined_code_is_answered(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_closed()


@rfc6455("7.4", MUST, "a Close frame with a defined code is no error, and not answered with one")
@pytest.mark.parametrize("code", LEGAL)
async def test_defined_code_is_not_called_an_error(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_ended(not_code=[error for error in ERRORS if error != code])


@rfc6455("7.4", SHOULD, "a defined code is answered with the same code, or a normal closure")
@pytest.mark.parametrize("code", LEGAL)
async def test_defined_code_is_answered_with_the_same(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_ended(code=(code, 1000, None))


@rfc6455("7.4.2", SHOULD, "codes that were registered after the RFC are taken like the others")
@pytest.mark.parametrize("code", REGISTERED_LATER)
async def test_close_with_a_code_registered_later_is_answered(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_closed(code=(code, 1000, None))


@rfc6455(
    "7.4.1",
    MUST,
    "1005, 1006 and 1015 are never sent, not even in answer to themselves",
    autobahn=["7.9.4", "7.9.5"],
)
@pytest.mark.parametrize("code", NEVER_SENT)
async def test_code_that_is_never_sent_is_not_echoed(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_ended(not_code=NEVER_SENT)


@rfc6455("7.4", MUST, "a Close frame with an undefined code ends the connection", autobahn=["7.9.1-9"])
@pytest.mark.parametrize("code", UNDEFINED)
async def test_close_with_an_undefined_code_ends_the_connection(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_ended()


@rfc6455(
    "7.4.2",
    MUST,
    "a server sends no code below 1000, and none up to 2999 that is not defined: not in answer to it either",
    autobahn=["7.9.1-9"],
)
@pytest.mark.parametrize("code", UNDEFINED)
async def test_undefined_code_is_not_echoed(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_ended(not_code=code)


@rfc6455(
    "7.4", SHOULD, "an undefined code is called a protocol error (1002), not echoed", autobahn=["7.9.1-9"]
)
@pytest.mark.parametrize("code", [*UNDEFINED, *NEVER_SENT, *BEYOND])
async def test_undefined_code_is_refused_with_1002(raw: RawConnection, code: int) -> None:
    await raw.send(close(code))
    await raw.expect_ended(code=1002, or_no_close=True)


@rfc6455(
    "7.4.2",
    MAY,
    "codes beyond 4999 have no meaning; whatever is answered, the connection ends",
    autobahn=["7.13.1", "7.13.2"],
)
@pytest.mark.parametrize("code", BEYOND)
async def test_close_with_a_code_beyond_the_ranges_ends_the_connection(
    raw: RawConnection, record_property: RecordProperty, code: int
) -> None:
    await raw.send(close(code))
    record_property("observed", str(await raw.expect_ended()))
