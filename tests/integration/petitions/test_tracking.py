"""What anybody sees under a tracking code, and what is left when a person is erased."""

from datetime import timedelta

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import NAME, TEXT, TITLE, As, act, file, filing, problem


async def test_the_course_of_a_case_is_public_under_its_code(as_: As) -> None:
    filed = await file(as_)
    await act(as_, filed["id"], "assign", by="VPUB")
    await act(as_, filed["id"], "answer", document="41/STC-DN", outcome="accepted")
    found = await as_("").get(f"/v1/track/{filed['tracking_code']}")
    assert found.status_code == 200
    body = found.json()
    assert (body["field"], body["agency"], body["status"]) == (
        "construction_debt",
        "STC",
        "answered",
    )
    assert body["status_vi"] == "đã trả lời"
    assert body["filed_on"] == body["answered_on"] == "2026-03-02"
    facts = [step["fact"] for step in body["course"]]
    assert facts[0] == "PetitionFiled"
    assert facts[-1] == "PetitionAnswered"
    for private in (NAME, TEXT, TITLE, filed["id"], "4900000017", "41/STC-DN", "HN-2026-03"):
        assert private not in found.text


async def test_a_code_is_found_however_it_is_written(as_: As) -> None:
    code = (await file(as_))["tracking_code"]
    for written in (code.lower(), code.replace("-", ""), code.replace("-", "%20")):
        assert (await as_("").get(f"/v1/track/{written}")).status_code == 200


async def test_a_code_that_nobody_has_and_no_code_get_the_same_answer(as_: As) -> None:
    await file(as_)
    answers = [
        await as_("").get(f"/v1/track/{code}")
        for code in ("AAAA-BBBB-CCCC-DDDD", "AAAA", "x%00y", "1111-1111-1111-1111", "'%20OR%201=1")
    ]
    codes = {
        problem(answer, answer.status_code) for answer in answers if "%00" not in answer.url.path
    }
    assert "unknown_tracking_code" in codes
    bodies = {answer.content for answer in answers if answer.status_code == 404}
    assert len(bodies) == 1


async def test_who_guesses_codes_has_to_wait_and_nobody_else_does(
    as_: As, app: FastAPI, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"/v1/track/{(await file(as_))['tracking_code']}"
    guesser, other = (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, client=(host, 1)), base_url="http://petitions"
        )
        for host in ("2001:db8::1", "203.0.113.7")
    )
    async with guesser, other:
        guesses = [f"/v1/track/AAAA-BBBB-CCCC-{n:04d}" for n in range(21)]
        answers = [await guesser.get(guess) for guess in guesses]
        assert {problem(one, 404) for one in answers[:20]} == {"unknown_tracking_code"}
        assert problem(answers[20], 429) == "too_many_guesses"
        assert answers[20].headers["retry-after"] == "30"
        # Nor may it learn now that a code is right.
        assert problem(await guesser.get(url), 429) == "too_many_guesses"
        assert (await other.get(url)).status_code == 200
        clock.set(clock.now() + timedelta(seconds=30))
        assert (await guesser.get(url)).status_code == 200
    assert "CCCC" not in capsys.readouterr().out


async def test_a_page_that_is_asked_for_as_often_as_one_likes_is_given(as_: As) -> None:
    url = f"/v1/track/{(await file(as_))['tracking_code']}"
    assert {(await as_("").get(url)).status_code for _ in range(50)} == {200}


async def test_a_page_that_asks_again_gets_no_body(as_: As) -> None:
    filed = await file(as_)
    url = f"/v1/track/{filed['tracking_code']}"
    first = await as_("").get(url)
    assert "max-age" in first.headers["cache-control"]
    seen = {"if-none-match": first.headers["etag"]}
    again = await as_("").get(url, headers=seen)
    assert (again.status_code, again.content) == (304, b"")
    await act(as_, filed["id"], "assign", by="VPUB")
    assert (await as_("").get(url, headers=seen)).status_code == 200


async def erase(
    as_: As, petition_id: str, basis: str = "12/VPUB", by: str = "operator"
) -> httpx.Response:
    return await as_(by).post(f"/v1/petitions/{petition_id}/erasure", json={"basis": basis})


async def test_erasing_removes_text_person_and_files_and_keeps_the_rest(
    as_: As, sql: Connection
) -> None:
    filed = await file(as_)
    petition_id = filed["id"]
    await act(as_, petition_id, "assign", by="VPUB")
    sent = await as_("portal").post(
        f"/v1/petitions/{petition_id}/attachments",
        content="Đơn kiến nghị".encode(),
        headers={"content-type": "text/plain"},
    )
    assert sent.status_code == 201, sent.text
    before = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    events = (await as_("reader").get(f"/v1/petitions/{petition_id}/events")).json()
    done = await erase(as_, petition_id)
    assert done.status_code == 200, done.text
    assert done.json()["attachments"] == 1
    assert done.json()["erased_by"] == "operator"
    after = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    assert after == before | {"private": None}
    assert (await as_("reader").get(f"/v1/petitions/{petition_id}/events")).json() == events
    for table in ("petition_private", "attachment", "attachment_chunk"):
        assert await sql.fetchval(f"SELECT count(*) FROM {table}") == 0
    assert await sql.fetchval("SELECT basis FROM erasure") == "12/VPUB"
    assert (await as_("").get(f"/v1/track/{filed['tracking_code']}")).status_code == 200
    # The course goes on.
    answered = await act(as_, petition_id, "answer", document="41/STC-DN")
    assert answered.status_code == 200, answered.text


async def test_erasing_again_tells_of_the_first_and_nothing_comes_back(
    as_: As, clock: FixedClock
) -> None:
    filed = await file(as_)
    first = (await erase(as_, filed["id"])).json()
    again = (await erase(as_, filed["id"], basis="99/VPUB")).json()
    assert again == first | {"repeated": True}
    repeated = await as_("portal").post("/v1/petitions", json=filing())
    assert repeated.json()["repeated"] is True
    assert (await as_("STC").get(f"/v1/petitions/{filed['id']}")).json()["private"] is None
    late = await as_("portal").post(
        f"/v1/petitions/{filed['id']}/attachments",
        content=b"x",
        headers={"content-type": "text/plain"},
    )
    assert problem(late, 409) == "person_erased"


async def test_only_the_operator_erases_and_not_in_the_persons_name(as_: As) -> None:
    filed = await file(as_)
    assert problem(await erase(as_, filed["id"], by="STC"), 403) == "forbidden"
    assert problem(await erase(as_, "KN-2026-999999"), 404) == "unknown_petition"
    named = await erase(as_, filed["id"], basis=f"{NAME} 1")
    assert problem(named, 422) == "private_in_public"


async def test_the_row_of_an_erasure_cannot_be_changed(as_: As, sql: Connection) -> None:
    await erase(as_, (await file(as_))["id"])
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await sql.execute("UPDATE erasure SET erased_by = 'nobody'")
