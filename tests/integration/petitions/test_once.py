"""Nothing happens twice, and two at once do not both win."""

import asyncio

import pytest

from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, act, assigned, file, filing, problem


async def test_the_same_key_gets_the_same_answer_and_files_once(as_: As, sql: Connection) -> None:
    headers = {"idempotency-key": "k-1"}
    answers = await asyncio.gather(
        *(as_("portal").post("/v1/petitions", json=filing(), headers=headers) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["etag"] for answer in answers} == {'"1"'}
    assert await sql.fetchval("SELECT count(*) FROM event") == 1


async def test_a_key_is_not_taken_for_another_request(as_: As) -> None:
    headers = {"idempotency-key": "k-1"}
    await as_("portal").post("/v1/petitions", json=filing(), headers=headers)
    other = await as_("portal").post(
        "/v1/petitions", json=filing(reference="PA-2"), headers=headers
    )
    assert problem(other, 422) == "idempotency_key_reused"


async def test_the_same_reference_files_once_without_a_key(as_: As, sql: Connection) -> None:
    filed = await asyncio.gather(*(file(as_) for _ in range(8)))
    assert len({(one["id"], one["tracking_code"]) for one in filed}) == 1
    assert await sql.fetchval("SELECT count(*) FROM event") == 1
    assert await sql.fetchval("SELECT count(*) FROM petition") == 1


async def test_a_reference_is_not_taken_for_another_petition(as_: As) -> None:
    await file(as_)
    other = await as_("portal").post("/v1/petitions", json=filing(text="Việc khác."))
    assert problem(other, 409) == "reference_conflict"


async def test_an_action_with_a_reference_is_taken_once(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    answers = [
        await act(as_, petition_id, "answer", document="1/STC", reference="VB-1") for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert await sql.fetchval("SELECT count(*) FROM event") == 3
    other = await act(as_, petition_id, "answer", document="2/STC", reference="VB-1")
    assert problem(other, 409) == "reference_conflict"


async def test_an_action_with_a_key_is_taken_once(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    headers = {"idempotency-key": "k-2"}
    answers = await asyncio.gather(
        *(act(as_, petition_id, "answer", headers=headers, document="1/STC") for _ in range(4))
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert await sql.fetchval("SELECT count(*) FROM event") == 3


@pytest.mark.parametrize("officers", [2, 10, 50])
async def test_of_officers_who_act_at_once_one_wins_and_the_others_see_how_it_stands(
    as_: As, sql: Connection, officers: int
) -> None:
    petition_id = await assigned(as_)
    answers = await asyncio.gather(
        *(
            act(as_, petition_id, "answer", headers={"if-match": '"2"'}, document=f"{n}/STC")
            for n in range(officers)
        )
    )
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    for lost in (answer for answer in answers if answer not in won):
        assert problem(lost, 412) == "version_conflict"
        assert lost.headers["etag"] == '"3"'
        facts = lost.json()["facts"]
        assert facts["state"]["status"] == "answered"
        assert facts["version"] == 3
        assert facts["possible_actions"][0] == "resolve"
    assert await sql.fetchval("SELECT count(*) FROM event") == 3


async def test_without_a_version_the_second_is_told_that_the_state_is_another(as_: As) -> None:
    petition_id = await assigned(as_)
    answers = await asyncio.gather(
        *(act(as_, petition_id, "answer", document=f"{n}/STC") for n in range(2))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_a_filing_that_fails_in_the_middle_leaves_nothing(as_: As, sql: Connection) -> None:
    await sql.execute("ALTER TABLE reference RENAME TO reference_away")
    answer = await as_("portal").post("/v1/petitions", json=filing())
    assert problem(answer, 500) == "internal"
    await sql.execute("ALTER TABLE reference_away RENAME TO reference")
    for table in ("petition", "petition_private", "event", "outbox"):
        assert await sql.fetchval(f"SELECT count(*) FROM {table}") == 0
