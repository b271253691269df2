"""Property-based tests: any text and bytes are answered, any sequence of them in order."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_websocket.fixtures import Abilities, Client, Connect, Echo
from pytest_websocket.target.target import Message

OpenConversation = Callable[[], AbstractAsyncContextManager[Client]]

pytestmark = pytest.mark.needs("text")

deterministic = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    print_blob=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

fewer = settings(deterministic, max_examples=50)

any_text = st.text()
any_bytes = st.binary()
short_text = st.text(alphabet=st.sampled_from("\x00\t\n\r \u00a0\u0301\ufeff\u200d\u202eaAж€😀<&\"'\\%{}$"))


@pytest.fixture
def conversation(connect: Connect) -> OpenConversation:
    """Returns a connection for all examples; after a failure a new one, so that none affects another."""
    current: Client | None = None

    @asynccontextmanager
    async def open_or_go_on() -> AsyncIterator[Client]:
        nonlocal current
        client, current = current or await connect(), None
        yield client
        current = client

    return open_or_go_on


@deterministic
@given(message=any_text | short_text)
async def test_any_text_comes_back_untouched(
    conversation: OpenConversation, echo: Echo, message: str
) -> None:
    async with conversation() as client:
        await echo.expect_replies(client, message)


@pytest.mark.needs("binary")
@deterministic
@given(message=any_bytes)
async def test_any_bytes_come_back_untouched(
    conversation: OpenConversation, echo: Echo, message: bytes
) -> None:
    async with conversation() as client:
        await echo.expect_replies(client, message)


@fewer
@given(messages=st.lists(short_text | any_text, max_size=12))
async def test_any_sequence_of_texts_keeps_its_order(
    conversation: OpenConversation, echo: Echo, messages: list[str]
) -> None:
    async with conversation() as client:
        await echo.expect_burst(client, messages)


@pytest.mark.needs("binary")
@fewer
@given(messages=st.lists(short_text | any_bytes, max_size=12))
@example(messages=["", b"", "", b""])
async def test_any_sequence_of_texts_and_bytes_keeps_its_order(
    conversation: OpenConversation, echo: Echo, messages: list[Message]
) -> None:
    async with conversation() as client:
        await echo.expect_burst(client, messages)


@fewer
@given(fragments=st.lists(short_text, min_size=1, max_size=8))
async def test_any_text_in_any_fragments_comes_back_whole(
    conversation: OpenConversation, echo: Echo, fragments: list[str]
) -> None:
    async with conversation() as client:
        await client.send(fragments)
        await client.expect(echo.target.answer("".join(fragments)))
        await echo.expect_silence(client)


@fewer
@given(
    size=st.integers(0, 70_000),
    letter=st.characters(exclude_categories=["Cs"]),
    ending=st.text(max_size=3),
)
async def test_any_long_text_comes_back_whole(
    conversation: OpenConversation, echo: Echo, abilities: Abilities, size: int, letter: str, ending: str
) -> None:
    message = letter * min(size // len(letter.encode()), (abilities.max_message - 16) // 4) + ending
    async with conversation() as client:
        await echo.expect_replies(client, message)
