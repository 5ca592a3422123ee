"""The AsyncAPI document is whole: its references lead somewhere, its channels are our topics."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema.operations import Operation

from shared.contracts.publishing.asyncapi import LISTENERS
from shared.contracts.publishing.items import HERE, ITEMS, Json, short
from shared.contracts.topics import DAYS_30_MS, TOPICS
from tests.support.published import complaints

DOCUMENT: Json = json.loads(HERE.asyncapi.read_text(encoding="utf-8"))
MESSAGES: Json = DOCUMENT["components"]["messages"]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for name, part in node.items():
            if name not in {"examples"}:
                yield from _references(part)
    elif isinstance(node, list):
        for part in node:
            yield from _references(part)


def _resolve(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    node = DOCUMENT
    if file:
        node = json.loads((HERE.contracts / file).read_text(encoding="utf-8"))
    for part in pointer.strip("/").split("/") if pointer else []:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


@pytest.mark.parametrize("reference", sorted(set(_references(DOCUMENT))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    assert _resolve(reference)


def test_it_says_that_it_is_of_version_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"


def test_the_channels_are_the_topics_of_the_catalogue() -> None:
    channels = DOCUMENT["channels"].values()
    assert {c["address"] for c in channels} == {t.name for t in TOPICS}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda t: t.name)
def test_a_channel_says_key_partitions_and_how_long_it_keeps(topic: Any) -> None:
    channel = DOCUMENT["channels"][short(topic)]
    kafka = channel["bindings"]["kafka"]
    assert kafka["topic"] == topic.name
    assert kafka["partitions"] == topic.partitions
    assert kafka["topicConfiguration"]["retention.ms"] in {-1, DAYS_30_MS}
    assert (kafka["topicConfiguration"]["retention.ms"] == -1) == (topic.retention_ms is None)
    assert topic.key in channel["description"]


def test_every_record_of_the_contract_is_a_message_of_its_topic() -> None:
    for item in ITEMS:
        ids = [k for k, m in MESSAGES.items() if m["name"] == item.ce_type]
        assert len(ids) == 1
        assert ids[0] in DOCUMENT["channels"][short(item.topic)]["messages"]


def test_every_message_of_an_operation_is_one_of_its_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        assert all(m["$ref"].startswith(f"{channel}/messages/") for m in operation["messages"])
        assert {m["$ref"].rsplit("/", 1)[-1] for m in operation["messages"]} == set(
            _resolve(channel)["messages"]
        )


def test_each_service_sends_and_receives_what_the_contract_says() -> None:
    assert {name: o["action"] for name, o in DOCUMENT["operations"].items()} == {
        "registry-send-registry-events": "send",
        "analytics-receive-registry-events": "receive",
        "upstream-send-registry-intake": "send",
        "registry-receive-registry-intake": "receive",
        "registry-send-registry-rejected": "send",
        "petitions-send-petitions-events": "send",
        "analytics-receive-petitions-events": "receive",
    }
    assert set(LISTENERS) <= {t.name for t in TOPICS}


def test_its_operations_are_read_by_another_implementation() -> None:
    for operation in DOCUMENT["operations"].values():
        assert Operation.model_validate(operation).action.value == operation["action"]


@pytest.mark.parametrize("item", ITEMS, ids=lambda i: i.ce_type)
def test_the_example_of_a_message_fits_its_payload_and_headers(item: Any) -> None:
    message = next(m for m in MESSAGES.values() if m["name"] == item.ce_type)
    [example] = message["examples"]
    assert _resolve(message["payload"]["$ref"])["x-ce-type"] == item.ce_type
    assert complaints(item.folder, item.stem, example["payload"]) == []
    assert complaints("headers", item.headers_stem, example["headers"]) == []
    assert example["headers"]["ce_type"] == message["headers"]["properties"]["ce_type"]["const"]
