"""Bodies and records to send."""

import json
from typing import Any

from shared.contracts.communes import communes
from shared.contracts.topics import REGISTRY_INTAKE_TOPIC
from shared.plumbing.kafka.clients import partition_of
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection

CODE = "4900000017"
OTHER = "4900000070"
BRANCH = f"{CODE}-001"
COMMUNE = sorted(communes())[0]
COMMON: dict[str, Any] = {
    "name": "Công ty Mẫu",
    "commune": COMMUNE,
    "industry": {"scheme": "vsic2025", "code": "4711"},
}
TABLES = ("entity", "reference", "event", "outbox", "idempotency", "rejected", "waiting")


def enterprise(code: str = CODE, reference: str = "R-1", **fields: Any) -> dict[str, Any]:
    """Return the body of a registration."""
    return {
        "code": code,
        "on": "2025-03-10",
        "reference": reference,
        "legal_form": "joint_stock",
        "capital_vnd": 10_000_000_000,
        **COMMON,
        **fields,
    }


def branch(code: str = BRANCH, reference: str = "R-2", **fields: Any) -> dict[str, Any]:
    """Return the body of a dependent unit's registration."""
    body = {"code": code, "on": "2025-03-11", "reference": reference, "parent": code[:10]}
    return {**body, **COMMON, **fields}


def change(fact: str, on: str, reference: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a change."""
    return {"fact": fact, "on": on, "reference": reference, **fields}


class Topic:
    """Makes records of the intake topic, with offsets as Kafka would give them."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}

    def raw(
        self, key: bytes | None, value: bytes | None, headers: dict[str, bytes] | None = None
    ) -> RawRecord:
        """Return a record of any content."""
        partition = partition_of(key or b"", REGISTRY_INTAKE_TOPIC.partitions)
        offset = self._ends.get(partition, 0)
        self._ends[partition] = offset + 1
        named = tuple((headers or {}).items())
        return RawRecord(REGISTRY_INTAKE_TOPIC.name, partition, offset, key, value, named, 0)

    def fact(self, fact: str, body: dict[str, Any], source: str = "/vn/lang-son/dkkd") -> RawRecord:
        """Return a reported fact in binary mode."""
        code = str(body["code"])
        data = {name: value for name, value in body.items() if name != "fact"}
        return self.raw(code.encode(), json.dumps(data).encode(), headers_of(fact, code, source))


def headers_of(fact: str, code: str, source: str = "/vn/lang-son/dkkd") -> dict[str, bytes]:
    """Return the headers of a reported fact."""
    return {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": b"1",
        "ce_type": f"vn.caunoi.intake.{fact}.v1".encode(),
        "ce_source": source.encode(),
        "ce_subject": code.encode(),
    }


async def rows(conn: Connection) -> dict[str, int]:
    """Count the rows of every table."""
    return {t: int(await conn.fetchval(f"SELECT count(*) FROM {t}")) for t in TABLES}
