"""An older portal's history, through the import, Kafka and the figures; and nobody's name with it."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]

from shared.contracts.topics import PETITION_EVENTS_TOPIC
from tests.e2e.house import House, numbers

# Years that nobody else writes about.
YEAR, NEXT = 2018, 2019
NAME, PHONE, EMAIL = "Lương Thị Mẫu Đơn", "0977 123 456", "maudon@example.vn"
TITLE, TEXT = "Việc riêng của bà Mẫu Đơn", "Gia đình tôi ở Mẫu Sơn xin được xem xét hoàn cảnh."
PRIVATE = (NAME, PHONE, PHONE.replace(" ", ""), EMAIL, TITLE, TEXT, "Mẫu Đơn")


def told(number: int, filed_on: str, *course: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "reference": f"LS-{number}", "filed_on": filed_on, "field": "land",
        "petitioner_kind": "cooperative", "title": TITLE, "text": TEXT, "name": NAME,
        "phone": PHONE, "email": EMAIL, "course": list(course), **more,
    }  # fmt: skip


def did(action: str, on: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "on": on, **more}


def assign(on: str) -> dict[str, Any]:
    return did("assign", on)


ROWS = [
    told(
        1, "2018-03-05", assign("2018-03-06"),
        did("transfer", "2018-03-08", agency="SXD", reason="thẩm quyền xây dựng"),
        did("transfer", "2018-03-12", agency="STNMT", reason="đúng là việc đất đai"),
        did("answer", "2018-03-20", document="1/STNMT", outcome="accepted"),
        did("resolve", "2018-04-02", document="2/STNMT"),
    ),
    told(
        2, "2018-11-05", assign("2018-11-06"),
        did("request_supplement", "2018-11-08", reason="thiếu sơ đồ"),
        did("receive_supplement", "2018-11-15"),
        did("extend", "2018-11-20", days=10, reason="phức tạp", legal_basis="Điều 28"),
        did("answer", "2018-12-17", document="3/STNMT"),
        did("resolve", "2018-12-28", document="4/STNMT"),
        did("reopen", "2019-02-11", reason="chưa thi hành"),
        did("review", "2019-02-18", recommendation="thi hành ngay", due_on="2019-03-15"),
        did("answer", "2019-03-04", document="5/STNMT"),
        did("confirm", "2019-03-11"),
    ),
    told(3, "2018-06-04", did("reject", "2018-06-05", reason="đơn khiếu nại")),
    told(4, "2018-07-02", assign("2018-07-03"), did("refer", "2018-07-05", reason="của Bộ")),
    told(5, "2018-08-06", assign("2018-08-07"), did("withdraw", "2018-08-08")),
    told(6, "2018-09-03", assign("2018-09-04"), petitioner_kind="enterprise"),
    told(7, "2018-09-10", assign("2018-09-11"), did("mark_duplicate", "2018-09-12", original="LS-6")),
]  # fmt: skip


async def bring(house: House, *, dry_run: bool = False) -> dict[str, Any]:
    content = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
    async with house.client("petitions") as client:
        answer = await client.post(
            f"/v1/imports?dry_run={str(dry_run).lower()}",
            content=content,
            headers={"content-type": "application/x-ndjson"},
        )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def of_petitions(house: House, as_of: date | None) -> dict[str, int]:
    figures = await house.figures(as_of)
    return {name: n for name, n in figures.items() if name.startswith("petitions_") and n}


async def whole_topic(house: House) -> list[Any]:
    """Return every record of the petitions' topic."""
    ends = await house.ends(PETITION_EVENTS_TOPIC)
    consumer = AIOKafkaConsumer(bootstrap_servers=house.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(PETITION_EVENTS_TOPIC.name, number) for number in ends]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        found: list[Any] = []
        while any([await consumer.position(p) < ends[p.partition] for p in places]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                found += records
        return found
    finally:
        await consumer.stop()


async def test_history_lands_in_the_figures_of_its_own_year_without_an_alarm(
    standing: House,
) -> None:
    await standing.settled()
    today = await standing.figures()
    assert (await bring(standing, dry_run=True))["refused"] == []
    assert await bring(standing) == {"rows": 7, "filed": 7, "repeated": 0, "refused": []}
    await standing.settled()
    assert await of_petitions(standing, date(YEAR, 12, 31)) == {
        "petitions_filed": 7,
        "petitions_answered": 2,
        "petitions_resolved": 2,
        "petitions_rejected": 1,
        "petitions_transferred": 2,
        "petitions_ping_pong": 1,
        "petitions_open": 2,
        "petitions_settled": 2,
        "petitions_overdue": 1,
        "petitions_on_time_share.numerator": 1,
        "petitions_on_time_share.denominator": 2,
        "petitions_settled_share.numerator": 2,
        "petitions_settled_share.denominator": 6,
        "petitions_days_to_resolve.count": 2,
    }
    assert await of_petitions(standing, date(NEXT, 2, 28)) == {
        "petitions_reopened": 1,
        "petitions_reviewed": 1,
        "petitions_open": 3,
        "petitions_settled": 1,
        "petitions_overdue": 1,
        "petitions_settled_share.numerator": 1,
        "petitions_settled_share.denominator": 6,
    }
    parts = (await standing.indicators(date(NEXT, 12, 31), by="petitioner"))["breakdown"]
    assert numbers({"a": parts["petitions_settled"]["cooperative"]}) == {"a": 2}
    assert numbers({"a": parts["petitions_overdue"]["enterprise"]}) == {"a": 1}
    led = (await standing.indicators(date(YEAR, 12, 31), by="agency"))["breakdown"]
    assert led["petitions_resolved"]["STNMT"]["value"] == 2
    assert led["petitions_ping_pong"]["STNMT"]["value"] == 1
    # This year's acts are what they were; what is open of the past is open, and late, today.
    now = await standing.figures()
    flows = ("filed", "answered", "resolved", "rejected", "reopened", "reviewed", "transferred")
    for name in (f"petitions_{flow}" for flow in flows):
        assert now[name] == today[name]
    assert now["petitions_open"] - today["petitions_open"] == 2
    assert now["petitions_overdue"] - today["petitions_overdue"] == 1


async def test_no_alarm_is_set_for_history_and_all_of_it_says_that_it_is_history(
    standing: House,
) -> None:
    await bring(standing)
    mine = await standing.sql(
        "petitions",
        "SELECT DISTINCT p.id, p.alarm_on, p.alarms FROM petition p JOIN reference r"
        " ON r.petition_id = p.id WHERE r.reference LIKE 'LS-%'",
    )
    assert len(mine) == 7
    assert {(row["alarm_on"], row["alarms"]) for row in mine} == {(None, 0)}
    await standing.settled()
    keys = {row["id"].encode() for row in mine}
    events = [json.loads(r.value) for r in await whole_topic(standing) if r.key in keys]
    assert {event["origin"] for event in events} == {"backfill"}
    assert len(events) == sum(1 + len(row["course"]) for row in ROWS)


async def test_no_record_no_log_and_no_metric_names_anybody(standing: House) -> None:
    await bring(standing)
    person = {"name": NAME, "phone": PHONE, "email": EMAIL}
    body = {
        "field": "land", "petitioner_kind": "household", "title": TITLE, "text": TEXT,
        "petitioner": person, "reference": "LS-LIVE",
    }  # fmt: skip
    filed = (await standing.post("petitions", "/v1/petitions", body)).json()
    await standing.post("petitions", "/v1/petitions", {**body, "reference": f"Của {NAME}"})
    await standing.post("petitions", "/v1/petitions", {**body, "field": NAME})
    path = f"/v1/petitions/{filed['id']}"
    await standing.post("petitions", f"{path}/actions/assign", {}, by="VPUB")
    await standing.post("petitions", f"{path}/comments", {"text": f"Đã gọi {PHONE}"}, by="VPUB")
    await standing.post("petitions", f"{path}/actions/reject", {"reason": NAME}, by="VPUB")
    await standing.settled()
    seen: list[bytes] = []
    for record in await whole_topic(standing):
        seen += [record.key, record.value, *(value or b"" for _, value in record.headers)]
    logs = [path for path in Path(standing.stack.logs).rglob("*") if path.is_file()]
    assert any("petitions" in path.name for path in logs)
    seen += [path.read_bytes() for path in logs]
    for service in ("registry", "petitions", "analytics"):
        async with standing.client(service, None) as client:
            seen.append((await client.get("/metrics")).content)
    forms = [form for word in PRIVATE for form in (word, json.dumps(word)[1:-1])]
    text = b"\n".join(seen).decode("utf-8", "replace")
    assert [form for form in forms if form in text] == []
