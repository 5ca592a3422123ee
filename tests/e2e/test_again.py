"""Started again, the house goes on with its data; the order of starting does not matter."""

import asyncio

from deploy.local.services import SERVICES
from tests.e2e.audit import assert_sound
from tests.e2e.facts import BILLION, enterprise, petition
from tests.e2e.house import House, finish, moved


async def test_stopped_and_started_again_it_goes_on_with_its_data(fragile: House) -> None:
    loaded = await finish(await fragile.start_load())
    assert loaded.code == 0, loaded.said
    first = await fragile.post("registry", "/v1/enterprises", enterprise())
    filed = await fragile.post("petitions", "/v1/petitions", petition())
    assert (first.status_code, filed.status_code) == (201, 201)
    await fragile.settled()
    before, token = await fragile.figures(), fragile.stack.token
    await fragile.close()

    await asyncio.to_thread(fragile.stack.stop)
    await asyncio.to_thread(fragile.stack.start)

    assert fragile.stack.token == token
    assert await fragile.figures() == before
    assert (await fragile.check_report()).code == 0
    again = await finish(await fragile.start_load())
    assert again.code == 0, again.said
    assert "9723" in again.said, "the sample was sent twice"
    body = enterprise(capital_vnd=BILLION)
    answer = await fragile.post("registry", "/v1/enterprises", body)
    assert answer.status_code == 201, answer.text
    petition_id = filed.json()["id"]
    path = f"/v1/petitions/{petition_id}/actions/assign"
    assert (await fragile.post("petitions", path, {}, "VPUB")).status_code == 200
    await fragile.settled()
    assert moved(before, await fragile.figures()) == {
        "enterprises": 1,
        "enterprises_new": 1,
        "enterprises_capital": BILLION,
        "enterprises_new_capital": BILLION,
    }
    await assert_sound(fragile)


async def test_each_service_restarted_cleanly_in_turn_loses_nothing(fragile: House) -> None:
    for expected, service in enumerate((*SERVICES, "postgres", "kafka"), 1):
        await asyncio.to_thread(fragile.stack.restart, service)
        answer = await fragile.post("registry", "/v1/enterprises", enterprise())
        assert answer.status_code == 201, (service, answer.text)
        await fragile.settled()
        assert (await fragile.figures())["enterprises_new"] == expected, service
    await assert_sound(fragile)
