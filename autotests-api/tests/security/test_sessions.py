"""Sessions: they end with their logout, and one user sees nothing of another's.

The session that is ended, the other user and what is private are those of the profile (docs/security.md).
"""

import contextlib

import pytest

from pytest_websocket import security
from pytest_websocket.fixtures import EnterAs, RawConnection, Target
from pytest_websocket.protocol.frames import TEXT, Frame
from pytest_websocket.raw.ending import NotReceived
from pytest_websocket.target.identities import Identity, Logout
from pytest_websocket.target.login import Conversation, LoginFailed, Step, Steps, filled
from pytest_websocket.target.patterns import Pattern

pytestmark = security(
    cwe=639,
    asvs="8.2.2",
    wstg="WSTG-ATHZ-04",
    severity="critical",
    gain="A user reads the data of all others by asking for it.",
)


async def sees(raw: RawConnection, step: Step) -> bool:
    """Returns whether a message comes that looks as a private answer does, within a fifth of the deadline."""
    wanted = Pattern(step.expect)
    with contextlib.suppress(NotReceived):
        while not wanted.matches((await raw.message(deadline=raw.deadline / 5)).content):
            pass
        return True
    return False


async def is_given(raw: RawConnection, step: Step) -> bool:
    """Sends a private request; returns whether it is answered as a private one."""
    with contextlib.suppress(NotReceived):
        await raw.send_frame(Frame(TEXT, filled(step.send, {}).encode()))
    return await sees(raw, step)


async def is_served(raw: RawConnection) -> bool:
    """Returns whether a connection is served, as the profile says; skips where it does not say how."""
    if not raw.target.answers:
        private = raw.target.identities.private
        if not private:
            pytest.skip("whether a connection is served is not known: request and reply, or exchange")
        return await is_given(raw, private[0])
    try:
        await raw.expect_served()
    except AssertionError:
        return False
    return True


async def log_out(enter_as: EnterAs, logout: Logout, raw: RawConnection) -> None:
    """Ends the session of a connection, by what the profile says."""

    async def send(message: str | bytes) -> None:
        data = message.encode() if isinstance(message, str) else message
        await raw.send_frame(Frame(TEXT, data))

    async def receive() -> str | bytes:
        return (await raw.message()).content

    try:
        await Steps(logout.steps)(Conversation(send, receive, raw.target.learn_secret))
    except LoginFailed as reason:
        pytest.skip(raw.target.mask(f"the logout of the profile fails: {reason}"))
    if logout.request:
        await enter_as.log_out(logout)


@security(
    cwe=613,
    asvs="7.4.1",
    wstg="WSTG-SESS-06",
    severity="high",
    gain="Whoever has stolen a session goes on with it after its user has logged out.",
)
async def test_session_ends_with_its_logout(enter_as: EnterAs, target: Target) -> None:
    """Its open connections end, or are no longer served; its credentials are refused, or not served."""
    logout = target.identities.logout
    if logout is None:
        pytest.skip("the profile does not say how a session is ended: [logout]")
    raw = await enter_as(logout.identity, "session to end")
    if raw is None or not await is_served(raw):
        pytest.skip("the session of [logout] is refused before its logout, too")
    await log_out(enter_as, logout, raw)
    if not (await raw.ending(deadline=raw.deadline / 5)).ended:
        assert not await is_served(raw), "a connection is served after the logout of its session"
    again = await enter_as(logout.identity, "after the logout")
    if again is not None:
        assert not await is_served(again), "the credentials of a session are accepted after its logout"


@pytest.fixture
async def other_user(enter_as: EnterAs, target: Target) -> Identity:
    """Returns the other user of the profile; skips where there is none, or nothing private."""
    other = target.identities.other_user
    if other is None or not target.identities.private:
        pytest.skip("the profile has no other user, or nothing private: [other_user] and [[private]]")
    return other


async def entered(enter_as: EnterAs, identity: Identity, name: str) -> RawConnection:
    """Returns a connection of an identity; skips the test where it is refused."""
    raw = await enter_as(identity, name)
    if raw is None:
        pytest.skip(f"the {name} of the profile is refused")
    return raw


async def expect_given(raw: RawConnection, step: Step) -> None:
    """Skips the test where the user of the options is not given what is private either."""
    if not await is_given(raw, step):
        pytest.skip(f"the user of the options is not given what is private either: expected {step.expect}")


async def test_private_data_is_not_given_to_another_user(
    enter_as: EnterAs, other_user: Identity, target: Target
) -> None:
    raw = await entered(enter_as, Identity(), "user")
    for step in target.identities.private:
        await expect_given(raw, step)
    other_raw = await entered(enter_as, other_user, "other user")
    for step in target.identities.private:
        assert not await is_given(other_raw, step), f"another user is given what is private: {step.expect}"


@security(
    cwe=488,
    asvs="8.2.2",
    wstg="WSTG-ATHZ-04",
    severity="critical",
    gain="A user is sent what belongs to others, without asking for it.",
)
async def test_private_data_is_not_sent_to_another_user(
    enter_as: EnterAs, other_user: Identity, target: Target
) -> None:
    other_raw = await entered(enter_as, other_user, "other user")
    raw = await entered(enter_as, Identity(), "user")
    for step in target.identities.private:
        await expect_given(raw, step)
        assert not await sees(other_raw, step), f"another user is sent what is private: {step.expect}"
