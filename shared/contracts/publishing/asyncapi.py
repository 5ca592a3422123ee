"""The AsyncAPI 3.0 document: topics, who sends and receives, every record with an example."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.contracts.publishing.examples import Example
from shared.contracts.publishing.items import Item, Json, short
from shared.contracts.publishing.schemas import HEADERS_FOLDER, dump
from shared.contracts.topics import (
    PETITION_EVENTS_TOPIC,
    REGISTRY_EVENTS_TOPIC,
    REGISTRY_INTAKE_TOPIC,
    REGISTRY_REJECTED_TOPIC,
    Owner,
    Topic,
)

BINDING: Final = "0.5.0"
# Who listens; who sends is the owner, but for the intake, where upstream systems send.
LISTENERS: Final[Mapping[str, Sequence[Owner]]] = {
    REGISTRY_INTAKE_TOPIC.name: ("registry",),
    REGISTRY_EVENTS_TOPIC.name: ("analytics",),
    PETITION_EVENTS_TOPIC.name: ("analytics",),
}
_ABOUT: Final = (
    "Live and provable figures of a province's enterprises, co-operatives and petitions. "
    "An event carries entries, as a ledger does: what it adds to any figure is the sum of the "
    "entries that it asserts less the sum of those that it retracts. Records are CloudEvents 1.0 "
    "in binary mode; the contract changes only by adding."
)
_REJECTED: Final[Json] = {
    "name": "RejectedRecord",
    "title": "RejectedRecord",
    "summary": "A refused intake record, whole: its key and value as they came.",
    "description": (
        "It keeps the headers with which it came and has those that say why it was refused. "
        "What came may be anything, so its data has no schema."
    ),
    "headers": {
        "type": "object",
        "allOf": [{"$ref": f"./schemas/{HEADERS_FOLDER}/RejectedHeaders.v1.json"}],
    },
    "payload": {},
}


def document(
    items: Sequence[Item], topics: Sequence[Topic], examples: Mapping[str, Sequence[Example]]
) -> str:
    """Return the document as it is committed; `examples` by `ce_type`, the first one is shown."""
    made: Json = {
        "asyncapi": "3.0.0",
        "info": {"title": "Cầu Nối", "version": "1.0.0", "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {"kafka": _SERVER},
        "channels": {short(topic): _channel(topic, _of(items, topic)) for topic in topics},
        "operations": _operations(items, topics),
        "components": {
            "messages": {
                **{_id(i): _message(i, examples.get(i.ce_type, ())) for i in items},
                "RejectedRecord": _REJECTED,
            }
        },
    }
    return dump(made)


_SERVER: Final[Json] = {
    "host": "{bootstrap}",
    "protocol": "kafka",
    "description": "The cluster; topics are created by the project, auto-creation is off.",
    "variables": {
        "bootstrap": {
            "default": "127.0.0.1:19092",
            "description": "Host and port of a broker; the default is that of the embedded stack.",
        }
    },
}


def _id(item: Item) -> str:
    return item.ce_type.removeprefix("vn.caunoi.")


def _of(items: Sequence[Item], topic: Topic) -> list[str]:
    if topic == REGISTRY_REJECTED_TOPIC:
        return ["RejectedRecord"]
    return [_id(item) for item in items if item.topic == topic]


def _channel(topic: Topic, messages: Sequence[str]) -> Json:
    kept = -1 if topic.retention_ms is None else topic.retention_ms
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.about}. The key is the {topic.key}; it decides the partition.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": kept},
                "bindingVersion": BINDING,
            }
        },
    }


def _operations(items: Sequence[Item], topics: Sequence[Topic]) -> Json:
    made: Json = {}
    for topic in topics:
        messages = _of(items, topic)
        sender = "upstream" if topic == REGISTRY_INTAKE_TOPIC else topic.owner
        if messages:
            made[f"{sender}-send-{short(topic)}"] = _operation("send", sender, topic, messages)
        for listener in LISTENERS.get(topic.name, ()):
            name = f"{listener}-receive-{short(topic)}"
            made[name] = _operation("receive", listener, topic, messages)
    return made


def _operation(action: str, who: str, topic: Topic, messages: Sequence[str]) -> Json:
    channel = f"#/channels/{short(topic)}"
    return {
        "action": action,
        "title": f"{who} {action}s {short(topic)}",
        "summary": topic.about + ".",
        "channel": {"$ref": channel},
        "tags": [{"name": who}],
        "messages": [{"$ref": f"{channel}/messages/{name}"} for name in messages],
    }


def _message(item: Item, examples: Sequence[Example]) -> Json:
    shown = [
        {
            "name": item.stem,
            "summary": item.about,
            "headers": dict(example.headers),
            "payload": example.value,
        }
        for example in examples[:1]
    ]
    return {
        "name": item.ce_type,
        "title": item.name,
        "summary": item.about,
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [{"$ref": f"./schemas/{HEADERS_FOLDER}/{item.headers_stem}.json"}],
            "properties": {"ce_type": {"type": "string", "const": item.ce_type}},
        },
        "payload": {"$ref": f"./schemas/{item.folder}/{item.stem}.json"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": item.topic.key},
                "bindingVersion": BINDING,
            }
        },
        **({"examples": shown} if shown else {}),
    }
