"""The Kafka door: what upstream systems report, one transaction a batch, nothing dropped."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson
from faststream.kafka import KafkaBroker
from pydantic import ValidationError

from services.registry.domain import Command, Refusal, fact_of, reorganization_of
from services.registry.domain.complaints import specific
from services.registry.domain.sources import one_source
from services.registry.handlers import Outcome, Registrar, Request, Unreadable, trace_of
from services.registry.handlers.record import MAX_BATCH
from shared.contracts.envelope import SPEC_VERSION
from shared.contracts.intake import INTAKE_FACTS, IntakeFact, intake_fact_of, intake_type
from shared.contracts.reorganizations import (
    REORGANIZED,
    EntitiesReorganizedIn,
    ReorganizationIn,
)
from shared.contracts.topics import REGISTRY_INTAKE_TOPIC
from shared.plumbing.http.fields import from_pydantic
from shared.plumbing.kafka.door import Batch, BatchDoor, DoorMetrics
from shared.plumbing.kafka.offsets import Span, advance, load_offsets
from shared.plumbing.kafka.records import RawRecord
from shared.plumbing.postgres import Connection, Database

STRUCTURED: Final = "application/cloudevents+json"
_MOST_SOURCE: Final = 200
Arrival: TypeAlias = Request | Unreadable


def intake_door(
    broker: KafkaBroker,
    registrar: Registrar,
    database: Database,
    metrics: DoorMetrics,
    *,
    instance: str,
    max_records: int,
) -> BatchDoor:
    """The door of the intake topic; it begins when the broker is started."""

    async def load() -> Mapping[int, int]:
        async with database.connection() as conn:
            return await load_offsets(conn, REGISTRY_INTAKE_TOPIC.name)

    async def take(spans: Sequence[Span], arrivals: Sequence[Arrival]) -> None:
        async def work(conn: Connection) -> list[Outcome]:
            await advance(conn, spans)
            return await registrar.take_in(conn, arrivals)

        registrar.tell(await registrar.transaction(work))

    async def handle(batch: Batch) -> None:
        for spans, arrivals in in_parts(batch.spans, [read(record) for record in batch.records]):
            await take(spans, arrivals)

    return BatchDoor(
        broker,
        topic=REGISTRY_INTAKE_TOPIC.name,
        group="caunoi-registry-intake",
        instance=instance,
        load=load,
        handle=handle,
        metrics=metrics,
        max_records=max_records,
    )


def in_parts(
    spans: Sequence[Span], arrivals: Sequence[Arrival], most: int = MAX_BATCH
) -> Iterator[tuple[list[Span], list[Arrival]]]:
    """Yield a batch in parts that name at most `most` subjects each, with the offsets they move.

    Reorganizations name up to a hundred, and each family is a lock in the server's memory. Whoever
    fails between two parts finds that the offsets have moved, and goes on behind the first.
    """
    lows = {span.partition: span.low for span in spans}
    highs = {span.partition: span.high for span in spans}
    topic, named, part = spans[0].topic, 0, list[Arrival]()

    def cut() -> list[Span]:
        ends = {place.partition: place.offset + 1 for place in map(_record, part)}
        moved = [Span(topic, n, lows[n], end) for n, end in ends.items() if end > lows[n]]
        lows.update(ends)
        return moved

    for arrival in arrivals:
        more = len(arrival.codes) if isinstance(arrival, Request) else 0
        if part and named + more > most:
            yield cut(), part
            named, part = 0, []
        named += more
        part.append(arrival)
    yield [Span(topic, n, low, highs[n]) for n, low in lows.items() if highs[n] > low], part


def _record(arrival: Arrival) -> RawRecord:
    assert arrival.record is not None
    return arrival.record


def read(record: RawRecord) -> Arrival:
    """Read a reported fact out of a record, whatever it holds. Cannot fail."""
    try:
        return _read(record)
    except Refusal as refusal:
        return Unreadable(record, refusal, _reference(record.value))


def _read(record: RawRecord) -> Request:
    if record.value is None:
        raise Refusal("null_value", "Bản ghi không có nội dung.", "The record has no value")
    headers = dict(record.headers)
    kind = (headers.get("content-type") or b"").split(b";")[0].strip().lower()
    if kind == STRUCTURED.encode():
        attributes, data = _structured(record.value)
    else:
        attributes, data = _binary(headers), record.value
    if attributes.get("specversion") != SPEC_VERSION:
        raise _bad_headers("specversion", "ce_specversion không phải 1.0", "is not 1.0")
    source = attributes.get("source") or ""
    if not 1 <= len(source) <= _MOST_SOURCE or not source.isprintable():
        raise _bad_headers("source", "thiếu hoặc không hợp lệ ce_source", "is absent or no source")
    reported = _parse(attributes.get("type") or "", data)
    _check_key(record, attributes.get("subject"), reported.code)
    trace = trace_of(attributes.get("traceparent"))
    return Request(reported, one_source(source), _command(reported), trace, record)


def _binary(headers: Mapping[str, bytes | None]) -> dict[str, str]:
    found = {}
    for name in ("specversion", "type", "source", "subject"):
        raw = headers.get(f"ce_{name}")
        if raw is not None:
            found[name] = _text(name, raw)
    trace = headers.get("traceparent")
    if trace is not None:
        found["traceparent"] = trace.decode("ascii", "replace")
    return found


def _structured(value: bytes) -> tuple[dict[str, str], bytes]:
    try:
        envelope = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise _not_json() from error
    if not isinstance(envelope, dict) or "data" not in envelope:
        raise _bad_headers("data", "thiếu data", "is absent")
    attributes = {k: v for k, v in envelope.items() if k != "data" and isinstance(v, str)}
    return attributes, orjson.dumps(envelope["data"])


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise _bad_headers(name, f"ce_{name} không phải UTF-8", "is not UTF-8") from error


def _command(reported: IntakeFact | ReorganizationIn) -> Command:
    if isinstance(reported, ReorganizationIn):
        return reorganization_of(reported)
    return fact_of(reported)


def _parse(ce_type: str, data: bytes) -> IntakeFact | ReorganizationIn:
    try:
        if ce_type == intake_type(REORGANIZED):
            return EntitiesReorganizedIn.model_validate_json(data).act()
        return _model(ce_type).model_validate_json(data)
    except ValidationError as error:
        raise _refusal_of(error.errors(include_url=False, include_input=False)) from error


def _model(ce_type: str) -> type[IntakeFact]:
    fact = intake_fact_of(ce_type)
    if fact is None:
        raise Refusal(
            "unknown_type",
            f"Không có loại sự việc “{_shown(ce_type)}”.",
            f"There is no reported fact '{_shown(ce_type)}'",
        )
    return INTAKE_FACTS[fact]


def _refusal_of(errors: list[Any]) -> Refusal:
    first = errors[0]
    if first["type"] == "json_invalid":
        return _not_json()
    own = specific(first) if len(errors) == 1 else None
    entry = from_pydantic({**first, "loc": ("body", *first["loc"])})
    code, vi, en = own or ("invalid_field", str(entry["vi"]), str(entry["en"]))
    return Refusal(code, f"{entry['pointer']}: {vi}", f"{entry['pointer']}: {en}")


def _check_key(record: RawRecord, subject: str | None, code: str) -> None:
    # The key decides the partition: another key would lose the order of the subject's facts.
    if record.key != code.encode():
        raise Refusal(
            "key_mismatch",
            f"Khoá của bản ghi không phải mã số {code}.",
            f"The record's key is not the code {code}",
            {"code": code},
        )
    if subject is not None and subject != code:
        raise Refusal(
            "subject_mismatch",
            f"ce_subject không phải mã số {code}.",
            f"ce_subject is not the code {code}",
            {"code": code},
        )


def _not_json() -> Refusal:
    return Refusal(
        "malformed_json", "Nội dung không phải JSON hợp lệ.", "The value is not valid JSON"
    )


def _bad_headers(name: str, vi: str, en: str) -> Refusal:
    return Refusal("bad_headers", f"Tiêu đề CloudEvents: {vi}.", f"CloudEvents: {name} {en}")


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:100])


def _reference(value: bytes | None) -> str | None:
    """The sender's reference, where a refused value has one that can be shown."""
    try:
        body = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    inner = body.get("data", body) if isinstance(body, dict) else None
    reference = inner.get("reference") if isinstance(inner, dict) else None
    return _shown(reference) if isinstance(reference, str) and reference else None
