"""Records as no sender should send them, and what becomes of them."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.record.default_records import (  # type: ignore[import-untyped]
    _DefaultRecordBatchBuilderPy,
)

from shared.contracts.topics import Topic
from shared.plumbing.kafka.clients import read_ends
from shared.plumbing.kafka.records import Header, RawRecord

LARGE = 900_000


@dataclass(frozen=True)
class Sent:
    """A record to be sent, or that was: then it has an offset."""

    name: str
    code: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    offset: int = -1

    def with_header(self, name: str, value: bytes | None) -> Self:
        """Return the record with another value of a header."""
        return replace(self, headers=tuple((n, value if n == name else v) for n, v in self.headers))

    def with_data(self, edit: Callable[[dict[str, Any]], Any]) -> Self:
        """Return the record with other data."""
        data = json.loads(self.value or b"")
        edit(data)
        return replace(self, value=json.dumps(data, ensure_ascii=False).encode())


def spoilt(good: Sent, codes: dict[str, str], edits: "Edits") -> Iterator[Sent]:
    """Yield a good record spoilt in every way of `codes` {way: the code it is parked with}."""
    value = good.value or b""
    ways: dict[str, Sent] = {
        "null key": replace(good, key=None),
        "null value": replace(good, value=None),
        "empty value": replace(good, value=b""),
        "null header": good.with_header("ce_type", None),
        "header that is not UTF-8": good.with_header("ce_type", b"\xff\xfe"),
        "no headers": replace(good, headers=()),
        "other specversion": good.with_header("ce_specversion", b"0.3"),
        "not JSON": replace(good, value=b"\x00\xff rubbish"),
        "truncated": replace(good, value=value[:-20]),
        "an array": replace(good, value=b"[]"),
        "unknown type": good.with_header("ce_type", b"vn.caunoi.SomethingElse.v1"),
        "unknown version": good.with_header("ce_type", dict(good.headers)["ce_type"][:-1] + b"9"),  # type: ignore[index]
        "type of another topic": good.with_header("ce_type", edits.other_type),
        "wrong type of a field": good.with_data(edits.wrong_type),
        "value that cannot be": good.with_data(edits.impossible),
        "large": good.with_data(edits.large),
        "other key": replace(good, key=b"4900000070"),
    }
    assert ways.keys() == codes.keys()
    for name, code in codes.items():
        yield replace(ways[name], name=name, code=code)


@dataclass(frozen=True)
class Edits:
    """How the data of a kind of record are spoilt."""

    other_type: bytes
    wrong_type: Callable[[dict[str, Any]], Any]
    impossible: Callable[[dict[str, Any]], Any]
    large: Callable[[dict[str, Any]], Any]


@asynccontextmanager
async def _producer(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", max_request_size=1_000_000)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(kafka: str, topic: Topic, partition: int, records: Sequence[Sent]) -> list[Sent]:
    """Send records in order to one partition; return them with their offsets."""
    done = []
    async with _producer(kafka) as producer:
        for record in records:
            place = await producer.send_and_wait(
                topic.name,
                record.value,
                record.key,
                partition=partition,
                headers=list(record.headers),
            )
            done.append(replace(record, offset=place.offset))
    return done


class RawName(str):
    """A header name of any octets: a C client can write such, though it is against the protocol."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Return what is written."""
        return b"\xff\xfe"


async def send_raw_name(kafka: str, topic: Topic, partition: int, record: Sent) -> Sent:
    """Send a record with one more header, whose name is not UTF-8; return it as it is kept."""
    builder = _DefaultRecordBatchBuilderPy(2, 0, 0, -1, -1, -1, 1_000_000)
    async with _producer(kafka) as producer:
        batch = producer.create_batch()
        batch._builder = builder
        headers = [*record.headers, (RawName(), b"x")]
        batch.append(key=record.key, value=record.value, timestamp=None, headers=headers)
        batch.close()
        place = await (await producer.send_batch(batch, topic.name, partition=partition))
    kept = (*record.headers, ("\\xff\\xfe", b"x"))
    return replace(record, headers=kept, offset=place.offset)


async def read(kafka: str, topic: Topic) -> list[RawRecord]:
    """Return every record of a topic."""
    found = await read_ends(kafka, topic.name, topic.partitions, depth=10_000_000)
    return [record for share in found.values() for record in share]
