"""The golden examples are whole, real records, and together one log that can be folded."""

import itertools
from collections import defaultdict
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from aiokafka.partitioner import DefaultPartitioner  # type: ignore[import-untyped]
from pydantic import TypeAdapter

from shared.contracts.catalogue import EVENTS, parse
from shared.contracts.communes import communes
from shared.contracts.envelope import chains
from shared.contracts.publishing.items import ITEMS
from shared.contracts.values import UNKNOWN_SECTION, EntityCode, section_of
from tests.support.ledger import Json, to_bytes
from tests.support.published import Published, complaints, event_log, published

ALL = published()
EVENT_FOLDERS = ("registry-events", "petitions-events")
each = pytest.mark.parametrize("found", ALL, ids=lambda p: p.name)


def test_every_kind_of_record_has_one() -> None:
    assert {p.item.ce_type for p in ALL if not p.example.case} == {i.ce_type for i in ITEMS}


@each
def test_it_fits_its_committed_schemas(found: Published) -> None:
    item, example = found.item, found.example
    assert complaints(item.folder, item.stem, example.value) == []
    assert complaints("headers", item.headers_stem, dict(example.headers)) == []


@pytest.mark.parametrize(
    "found", [p for p in ALL if p.item.direction == "read"], ids=lambda p: p.name
)
def test_an_event_is_read_by_the_catalogue_and_written_again_the_same(found: Published) -> None:
    event = parse(found.item.ce_type, found.example.raw_value, found.item.topic.name)
    assert to_bytes(event.model_dump(mode="json", exclude_defaults=True)) == found.example.raw_value


@each
def test_its_codes_communes_and_industries_are_real(found: Published) -> None:
    code = TypeAdapter(EntityCode)
    if found.item.folder != "petitions-events":
        code.validate_python(found.example.key)
    for state in _objects(found.example.value):
        for name in ("parent", "entity"):
            if state.get(name):
                code.validate_python(state[name])
        if "commune" in state:
            assert state["commune"] in communes()
        if "scheme" in state:
            assert section_of(state["scheme"], state["code"]) != UNKNOWN_SECTION


def _objects(value: object) -> list[Json]:
    if isinstance(value, dict):
        return [value, *(o for v in value.values() for o in _objects(v))]
    return [o for v in value for o in _objects(v)] if isinstance(value, list) else []


@each
def test_nothing_is_recorded_before_it_happened(found: Published) -> None:
    at = datetime.fromisoformat(found.example.headers["ce_time"])
    assert at.tzinfo == UTC
    dates = [o["on"] for o in _objects(found.example.value) if "on" in o]
    assert all(date.fromisoformat(on) <= date(at.year, at.month, at.day) for on in dates) or (
        max(dates) == str(datetime.fromtimestamp(at.timestamp() + 7 * 3600, UTC).date())
    )


@pytest.mark.parametrize("folder", EVENT_FOLDERS)
def test_ids_are_uuid7_of_their_time_and_never_twice(folder: str) -> None:
    log = event_log(folder)
    ids = [UUID(p.example.headers["ce_id"]) for p in log]
    assert len(set(ids)) == len(ids)
    for found, id_ in zip(log, ids, strict=True):
        at = datetime.fromisoformat(found.example.headers["ce_time"])
        assert id_.version == 7
        assert id_.int >> 80 == int(at.timestamp() * 1000)


@pytest.mark.parametrize("folder", EVENT_FOLDERS)
def test_positions_chain_in_each_partition_of_the_key(folder: str) -> None:
    partitions = list(range(12))
    last: dict[int, int] = defaultdict(int)
    for number, found in enumerate(event_log(folder), start=1):
        headers = found.example.headers
        partition = DefaultPartitioner()(found.example.key.encode(), partitions, partitions)
        assert int(headers["ce_position"]) == number
        assert int(headers["ce_previous"]) == last[partition]
        last[partition] = number


@pytest.mark.parametrize("folder", EVENT_FOLDERS)
def test_the_log_folds_every_subject_to_its_state(folder: str) -> None:
    standing: dict[str, list[Json]] = defaultdict(list)
    sequences: dict[str, int] = defaultdict(int)
    for found in event_log(folder):
        value = found.example.value
        subject, entries = value["subject"], standing[value["subject"]]
        assert value["sequence"] == sequences[subject] + 1, found.name
        for entry in value["retracts"]:
            entries.remove(entry)
        entries.extend(value["asserts"])
        entries.sort(key=lambda e: (e["on"], e["entry"]))
        event = parse(found.item.ce_type, found.example.raw_value)
        assert chains(event.asserts)
        assert all(a["after"] == b["before"] for a, b in itertools.pairwise(entries))
        assert (entries[-1]["after"] if entries else None) == value["state"], found.name
        sequences[subject] = value["sequence"]


def test_the_correction_is_the_one_that_the_contract_tells() -> None:
    [found] = [p for p in ALL if p.name == "registry-events/RegistrationCorrected.v1.json"]
    value = found.example.value
    amounts = {
        side: [(e["before"] and e["before"]["capital_vnd"], e["after"]["capital_vnd"]) for e in es]
        for side, es in (("retracts", value["retracts"]), ("asserts", value["asserts"]))
    }
    billion = 10**9
    assert value["corrects"] == 1
    assert amounts["retracts"] == [(None, 10 * billion), (10 * billion, 15 * billion)]
    assert amounts["asserts"] == [(None, 12 * billion), (12 * billion, 15 * billion)]


def test_events_of_one_act_share_their_cause_and_no_other_event_has_one() -> None:
    log = event_log("registry-events")
    acts: dict[str, set[str]] = defaultdict(set)
    for found in log:
        if found.example.value["cause"]:
            acts[found.example.value["cause"]].add(found.example.key)
    assert {frozenset(keys) for keys in acts.values()} == {
        frozenset({"4900000070", "4900000070-001", "4900000070-002"}),
        frozenset({"4900000088", "4900000095", "4900000105"}),
        frozenset({"4900000112", "4900000105"}),
    }


def test_the_examples_show_every_fact_every_end_and_both_origins() -> None:
    log = [p.example.value for folder in EVENT_FOLDERS for p in event_log(folder)]
    entries = [e for value in log for e in value["asserts"]]
    facts = {s.model.__name__ for s in EVENTS} - {
        "RegistrationCorrected", "RegistrationVoided", "PetitionCorrected",
    }  # fmt: skip
    assert {e["fact"] for e in entries} == facts
    assert {e["why"] for e in entries if "why" in e} >= {
        "dissolved", "bankrupt", "revoked", "merged", "consolidated", "moved_out", "parent_ended",
    }  # fmt: skip
    assert {value["origin"] for value in log} == {"live", "backfill"}
