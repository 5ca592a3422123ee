"""The fast decoder and the contract's models accept and refuse the same bytes."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.analytics.domain.decoder import decode
from services.analytics.domain.measured import pack, unpack
from shared.contracts.catalogue import EVENTS, Refused, event_type, parse
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC
from tests.support.ledger import AnyEvent
from tests.support.strategies import entity_states, registry_logs

TYPES = [spec.type for spec in EVENTS if spec.topic is REGISTRY_EVENTS_TOPIC]
RUBBISH: list[Any] = [
    None, True, 0, 1, -1, 1.0, 1.5, 10**15, 10**15 + 1, 10**30, 2**31, "", "x", "1", "2025-01-01",
    "2025-02-30", "2025-1-1", "2025-01-01T00:00:00", "1899-12-31", "2200-01-01", "enterprise",
    "ended", "05977", "0597", "4900000017", "4900000017\n", "49000000170", "9" * 501, [], {}, [None], [{}],
    {"scheme": "vsic2025", "code": "1"}, "٠٥٩٧٧", "٢٠٢٥-٠١-٠١",
]  # fmt: skip


def both(ce_type: str, value: bytes) -> tuple[str | None, str | None]:
    """Return the refusal codes of the contract and of the fast decoder, None where accepted."""
    codes: list[str | None] = []
    for reader in (lambda: parse(ce_type, value, REGISTRY_EVENTS_TOPIC.name),
                   lambda: decode(ce_type, value)):  # fmt: skip
        try:
            reader()
            codes.append(None)
        except Refused as refused:
            codes.append(refused.code)
    return codes[0], codes[1]


@given(registry_logs(max_subjects=2))
def test_what_the_contract_writes_the_decoder_reads(events: Sequence[AnyEvent]) -> None:
    for event in events:
        kind = event_type(type(event).__name__)
        assert both(kind, event.model_dump_json().encode()) == (None, None)
        read = decode(kind, event.model_dump_json().encode())
        assert (read.subject, read.sequence) == (event.subject, event.sequence)
        assert len(read.lines) == len(event.asserts) + len(event.retracts)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [prefix] if prefix else []
    if isinstance(value, dict):
        for key, one in value.items():
            found += paths(one, (*prefix, key))
    if isinstance(value, list):
        for place, one in enumerate(value):
            found += paths(one, (*prefix, place))
    return found


@settings(max_examples=400)
@given(st.data())
def test_what_one_refuses_the_other_refuses(data: st.DataObject) -> None:
    events = data.draw(registry_logs(max_subjects=1))
    event = data.draw(st.sampled_from(events))
    body = json.loads(event.model_dump_json())
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(paths(body)))
        holder = body
        for step in path[:-1]:
            holder = holder[step]
        if data.draw(st.booleans()) or isinstance(holder, list):
            holder[path[-1]] = data.draw(st.sampled_from(RUBBISH))
        else:
            del holder[path[-1]]
            if not paths(body):
                break
    kind = data.draw(st.sampled_from([event_type(type(event).__name__), *TYPES]))
    contract, fast = both(kind, json.dumps(body).encode())
    assert contract == fast


@pytest.mark.parametrize(
    "value",
    [
        b"", b"null", b"[]", b"{", b"{}", b"\xff\xfe", b'{"subject": "\\ud800"}', b'"x"', b"1" * 50,
        b"[" * 5000, b'{"subject": NaN}', b"\x00", b" {} ", b'{"a":1}{"b":2}', "{}".encode("utf-16"),
        b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [TYPES[0], "vn.caunoi.Nothing.v1", "vn.caunoi.PetitionFiled.v1"])
def test_rubbish_is_refused_alike(kind: str, value: bytes) -> None:
    contract, fast = both(kind, value)
    assert contract == fast is not None


VALID = (
    b'{"subject":"4900000017","sequence":1,"asserts":[{"entry":1,"fact":"EnterpriseRegistered",'
    b'"on":"2025-01-01","by":"first","before":null,"after":STATE}],"retracts":[],"state":STATE,'
    b'"corrects":null,"origin":"live","cause":null,"source":{"system":"x","reference":"1"},'
    b'"reason":null}'
).replace(
    b"STATE",
    b'{"kind":"enterprise","legal_form":"joint_stock","name":"NAME","status":"active",'
    b'"capital_vnd":CAPITAL,"commune":"05977","industry":{"scheme":"vsic2025","code":"4711"},'
    b'"registered_on":"2025-01-01","parent":null}',
)


@pytest.mark.parametrize("name", [b"A", b"\\ud83d\\ude00", b"\\ud800", b"\\u0000", b"\xc3\x28",
                                  b"\\x", b"a\tb", b"\xf0\x9f\x98\x80", b"", b"\xed\xa0\x80"])  # fmt: skip
@pytest.mark.parametrize("capital", [b"1", b"1.0", b"1e3", b"-0", b"01", b"1e400", b"9" * 400,
                                     b"true", b'"1"', b"1000000000000000", b"1000000000000001"])  # fmt: skip
def test_numbers_and_texts_at_the_edge_are_judged_alike(name: bytes, capital: bytes) -> None:
    value = VALID.replace(b"NAME", name).replace(b"CAPITAL", capital)
    contract, fast = both(TYPES[0], value)
    assert contract == fast


@pytest.mark.parametrize("edit", [
    (b'"sequence":1', b'"sequence":1,"sequence":2'), (b'"sequence":1', b'"sequence":0,"sequence":1'),
    (b'"sequence":1', b'"sequence":1,"new":{"deep":[1,2.5,null]}'), (b'"sequence":1', b'"sequence":1,"new":"\\ud800"'),
    (b'"sequence":1', b'"sequence":1,"new":1e999'), (b'"sequence":1', b'"sequence":1,"new":NaN'),
    (b'"by":"first",', b""), (b'"by":"first"', b'"by":"first","why":null'), (b'"retracts":[]', b'"retracts":null'),
    (b'"sequence":1', b'"sequence":1,"new":"\xff"'),
])  # fmt: skip
def test_odd_but_complete_documents_are_judged_alike(edit: tuple[bytes, bytes]) -> None:
    value = VALID.replace(b"NAME", b"A").replace(b"CAPITAL", b"1").replace(*edit)
    contract, fast = both(TYPES[0], value)
    assert contract == fast


@given(entity_states())
def test_a_key_gives_back_what_is_measured(state: Any) -> None:
    key = pack(
        state.kind, state.legal_form, state.status, state.commune,
        state.industry.scheme, state.industry.code,
    )  # fmt: skip
    assert key is not None
    found = unpack(key)
    assert (found.kind, found.form, found.status, found.commune) == (
        state.kind, state.legal_form or "-", state.status, state.commune,
    )  # fmt: skip
