"""The local copy of the register: whatever order, repeat or rubbish comes, petitions go on."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import orjson
import pytest

from services.petitions.consumer import read
from services.petitions.handlers.register import RegisterCopy
from shared import contracts
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from shared.plumbing.clock import FixedClock
from shared.plumbing.kafka.offsets import Fenced, Span
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection, Database
from tests.integration.petitions.bodies import As, act, assigned, file

EXAMPLES = Path(contracts.__file__).parent / "examples" / "registry-events"
TOPIC = REGISTRY_EVENTS_TOPIC.name
CODE = "4900000017"


def event(sequence: int, status: str | None, code: str = CODE) -> RawRecord:
    """A registry event of this code, by its example: registered, ended, or voided (None)."""
    name = {
        "active": "EnterpriseRegistered",
        "ended": "EntityDissolved",
        None: "RegistrationVoided",
    }
    found = orjson.loads((EXAMPLES / f"{name[status]}.v1.json").read_bytes())
    data = found["value"]
    data |= {"subject": code, "sequence": sequence}
    kind = f"vn.caunoi.{name[status]}.v1"
    return record(orjson.dumps(data), code, kind)


def record(value: bytes | None, key: str, ce_type: str, offset: int = 0) -> RawRecord:
    headers = (("ce_type", ce_type.encode()), ("odd\x00name", None))
    return RawRecord(TOPIC, 0, offset, key.encode(), value, headers, 0)


@pytest.fixture
async def copy(dsn: str, clock: FixedClock) -> AsyncIterator[RegisterCopy]:
    async with Database(dsn, name="test") as database:
        yield RegisterCopy(database, clock)


class Reader:
    """Takes records in as the door would: offsets in order."""

    def __init__(self, copy: RegisterCopy) -> None:
        self._copy, self._next = copy, 0

    async def take(self, *records: RawRecord) -> None:
        low, self._next = self._next, self._next + len(records)
        placed: Sequence[RawRecord] = [
            RawRecord(r.topic, 0, low + n, r.key, r.value, r.headers, 0)
            for n, r in enumerate(records)
        ]
        await self._copy.take_in([Span(TOPIC, 0, low, self._next)], [read(r) for r in placed])


@pytest.fixture
def reader(copy: RegisterCopy) -> Reader:
    return Reader(copy)


async def marks(as_: As, petition_id: str) -> tuple[bool | None, bool]:
    case = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    page = (await as_("STC").get("/v1/petitions")).json()
    listed = next(item for item in page["items"] if item["id"] == petition_id)
    found = (case["entity_known"], case["entity_ended"])
    assert (listed["entity_known"], listed["entity_ended"]) == found
    return found


async def test_an_unknown_code_is_taken_marked_and_confirmed_by_its_event(
    as_: As, reader: Reader
) -> None:
    filed = await file(as_, entity=CODE)
    assert await marks(as_, filed["id"]) == (False, False)
    await reader.take(event(1, "active"))
    assert await marks(as_, filed["id"]) == (True, False)


async def test_a_petition_that_names_no_entity_has_no_mark(as_: As) -> None:
    filed = await file(as_, entity=None)
    assert await marks(as_, filed["id"]) == (None, False)


async def test_an_entity_that_ends_flags_its_open_petitions_and_closes_none(
    as_: As, reader: Reader
) -> None:
    petition_id = await assigned(as_, entity=CODE)
    settled = await assigned(as_, entity=CODE, reference="PA-2")
    await act(as_, settled, "answer", document="1/STC")
    await act(as_, settled, "resolve", document="2/STC")
    await reader.take(event(1, "active"), event(2, "ended"))
    assert await marks(as_, petition_id) == (True, True)
    assert await marks(as_, settled) == (True, False)
    case = (await as_("STC").get(f"/v1/petitions/{petition_id}")).json()
    assert case["state"]["status"] == "assigned"
    await reader.take(event(3, "active"))
    assert await marks(as_, petition_id) == (True, False)


async def test_the_highest_sequence_wins_in_any_order(
    as_: As, reader: Reader, sql: Connection
) -> None:
    filed = await file(as_, entity=CODE)
    await reader.take(event(3, "ended"), event(1, "active"), event(2, "active"))
    assert await marks(as_, filed["id"]) == (True, True)
    await reader.take(event(2, "active"))
    assert await sql.fetchval("SELECT sequence FROM known_entity WHERE code = $1", CODE) == 3
    await reader.take(event(4, None))
    assert await marks(as_, filed["id"]) == (False, False)


async def test_rubbish_is_parked_whole_and_the_next_is_applied(
    as_: As, reader: Reader, sql: Connection
) -> None:
    good = event(1, "active")
    rubbish = [
        record(None, CODE, "vn.caunoi.EnterpriseRegistered.v1"),
        record(b"\xff\x00{", CODE, "vn.caunoi.EnterpriseRegistered.v1"),
        record(b"{}", CODE, "vn.caunoi.NoSuch.v1"),
        record(good.value, "4900000070", "vn.caunoi.EnterpriseRegistered.v1"),
    ]
    await reader.take(*rubbish, good)
    rows = await sql.fetch('SELECT "offset", code, value, key FROM parked ORDER BY "offset"')
    assert [row["code"] for row in rows] == [
        "null_value",
        "invalid_data",
        "unknown_type",
        "key_mismatch",
    ]
    assert [row["value"] for row in rows] == [one.value for one in rubbish]
    assert await sql.fetchval("SELECT status FROM known_entity WHERE code = $1", CODE) == "active"
    assert "caunoi_petitions_parked 4.0" in (await as_("reader").get("/metrics")).text


async def test_a_batch_that_was_taken_is_fenced(copy: RegisterCopy, sql: Connection) -> None:
    span = [Span(TOPIC, 0, 0, 1)]
    await copy.take_in(span, [read(event(1, "active"))])
    with pytest.raises(Fenced):
        await copy.take_in(span, [read(event(2, "ended"))])
    assert await sql.fetchval("SELECT status FROM known_entity") == "active"
    assert await copy.offsets(TOPIC) == {0: 1}
