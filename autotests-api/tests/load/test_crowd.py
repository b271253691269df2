"""Many connections at an even rate: everybody is answered, with his own replies, in order."""

from __future__ import annotations

import pytest

from pytest_websocket.load.workload import Mix

pytestmark = [pytest.mark.load, pytest.mark.needs("echo")]


async def test_everybody_in_a_crowd_hears_only_himself(load) -> None:
    crowd = await load.crowd()
    assert not crowd.errors
    load.judge(await load.run(crowd, "Steady load"))


@pytest.mark.needs("binary")
async def test_mix_of_sizes_and_kinds_comes_back_whole(load) -> None:
    crowd = await load.crowd()
    mix = Mix.parse("text:20=4,binary:100=4,text:1k=2,binary:16k=1")
    load.judge(await load.run(crowd, "Mixed messages", mix=mix, duration=load.size.duration / 2))
