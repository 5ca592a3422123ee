"""A rebuild beside the live generation, while events flow in and things die."""

import asyncio
import random

import pytest

from tests.faults.rig import Rig
from tests.support.history import random_log

pytestmark = pytest.mark.faults


async def test_a_rebuild_while_events_flow_in_comes_to_the_same_figures(
    rig: Rig, dice: random.Random
) -> None:
    await rig.start().ready()
    await rig.send(rig.stamp(random_log(dice.randrange(10**6), 200, 3_000)))
    await rig.caught_up()
    stream = [rig.stamp(random_log(dice.randrange(10**6), 40, 200)) for _ in range(8)]

    async def flow() -> None:
        for part in stream:
            await rig.send(part)

    flowing = asyncio.create_task(flow())
    code, said = await rig.command("rebuild")
    assert code == 0, said
    assert "is live" in said
    await flowing
    await rig.caught_up()
    await rig.check()
    _, generations = await rig.command("generations")
    assert generations.splitlines()[0] == "1\tkept"
    assert (await rig.command("drop-generation", "1"))[0] == 0
    await rig.check()


async def test_a_rebuild_that_differs_is_refused_and_says_where(
    rig: Rig, dice: random.Random
) -> None:
    await rig.start().ready()
    await rig.send(rig.stamp(random_log(dice.randrange(10**6), 50, 500)))
    await rig.caught_up()
    # Somebody's hand in the figures: a rebuild must find it, and so must verification.
    await rig.query(
        """UPDATE cell SET n = n + 1 WHERE ctid = (SELECT ctid FROM cell WHERE dim = 'total'
           ORDER BY period, measure LIMIT 1) RETURNING n"""
    )
    code, said = await rig.command("verify")
    assert code == 1
    assert "1 differences" in said
    code, said = await rig.command("rebuild")
    assert code == 1
    assert "differ in 1 cells" in said
    assert (await rig.command("generations"))[1].splitlines()[0] == "1\tlive"


async def test_a_rebuild_that_is_killed_leaves_the_live_figures_alone(
    rig: Rig, dice: random.Random
) -> None:
    await rig.start().ready()
    await rig.send(rig.stamp(random_log(dice.randrange(10**6), 50, 2_000)))
    await rig.caught_up()
    broken = asyncio.create_task(rig.command("rebuild"))
    while len(await rig.query("SELECT number FROM public.generation")) < 2:
        await asyncio.sleep(0.01)
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)
    await rig.check()
    async with asyncio.timeout(30):
        while (code_said := await rig.command("rebuild"))[0] != 0:
            assert "another rebuild is running" in code_said[1], code_said
    await rig.check()
