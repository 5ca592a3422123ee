"""The committed schemas say what the models say: another implementation checks them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.publishing.items import ITEMS, Item
from shared.contracts.publishing.schemas import HEADERS, headers_schema, schema_of
from shared.contracts.publishing.words import FIELDS
from tests.support.ledger import AnyEvent, Json
from tests.support.published import complaints, published, validator
from tests.support.strategies import petition_events, registry_events

every_item = pytest.mark.parametrize("item", ITEMS, ids=lambda i: i.ce_type)


@every_item
def test_it_is_a_valid_schema_of_2020_12(item: Item) -> None:
    assert validator(item.folder, item.stem).schema == schema_of(item)


@every_item
def test_it_says_which_record_on_which_topic_it_is_of(item: Item) -> None:
    schema = schema_of(item)
    assert (schema["x-ce-type"], schema["x-topic"]) == (item.ce_type, item.topic.name)
    assert schema["description"] == item.about


@pytest.mark.parametrize("name", HEADERS)
def test_the_headers_have_a_valid_schema(name: str) -> None:
    assert validator("headers", f"{name}.v1").schema == headers_schema(name)


@given(st.one_of(registry_events(), petition_events()))
def test_whatever_the_models_accept_the_schema_accepts(event: AnyEvent) -> None:
    folder = (
        "registry-events" if type(event).__module__.endswith("registry") else "petitions-events"
    )
    document = json.loads(event.model_dump_json())
    assert complaints(folder, f"{type(event).__name__}.v1", document) == []


def _plain(name: str) -> Json:
    found = next(p for p in published() if p.name == f"registry-events/{name}.v1.json")
    copy: Json = json.loads(found.example.raw_value)
    return copy


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subject", "4900000017x"),
        ("sequence", 0),
        ("sequence", "3"),
        ("sequence", True),
        ("origin", "import"),
        ("cause", ""),
        ("asserts", {}),
        ("source", None),
        ("corrects", -1),
    ],
)
def test_what_the_model_refuses_by_shape_the_schema_refuses(field: str, value: object) -> None:
    document = _plain("CapitalChanged") | {field: value}
    assert complaints("registry-events", "CapitalChanged.v1", document)


def test_a_reader_tolerates_new_optional_fields_of_an_event() -> None:
    document = _plain("CapitalChanged") | {"seen_first_in_version": "1.1"}
    assert complaints("registry-events", "CapitalChanged.v1", document) == []


@pytest.mark.parametrize(
    "item", [i for i in ITEMS if i.direction == "written"], ids=lambda i: i.name
)
def test_the_intake_refuses_unknown_fields(item: Item) -> None:
    assert schema_of(item)["additionalProperties"] is False


def test_no_words_stand_for_a_field_that_is_gone() -> None:
    known: dict[str, set[str]] = {}
    for item in ITEMS:
        schema = schema_of(item)
        title = "Event" if item.direction == "read" else item.model.__name__
        for name, part in {title: schema, **schema.get("$defs", {})}.items():
            known.setdefault(name, set()).update(part["properties"])
    assert {title: set(words) for title, words in FIELDS.items()} == known
