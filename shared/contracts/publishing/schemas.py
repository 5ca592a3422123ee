"""JSON Schemas (2020-12) of the records' data and of their headers, made from the models."""

import json
from functools import cache
from typing import Any, Final

from shared.contracts.envelope import CONTENT_TYPE, SPEC_VERSION
from shared.contracts.publishing.items import Direction, Item, Json
from shared.contracts.publishing.words import describe, words_of
from shared.contracts.values import SUBJECT_PATTERN

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
HEADERS_FOLDER: Final = "headers"
# The shape that `EntityCode` checks in Python; its check digit has no JSON Schema.
_CODE_FIELDS: Final = ("code", "parent")


def dump(document: Json) -> str:
    """Write a document the one way in which it is committed."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


@cache
def schema_of(item: Item) -> Json:
    """Return the schema of an item's data, with what each field says; it is not to be changed."""
    made = item.model.model_json_schema(mode="validation")
    parts: dict[str, Json] = made.pop("$defs", {})
    for title, part in parts.items():
        describe(part, words_of(title))
    describe(made, words_of(item.model.__name__))
    if item.direction == "written":
        for name in _CODE_FIELDS:
            if name in made["properties"]:
                made["properties"][name]["pattern"] = SUBJECT_PATTERN
    del made["title"], made["description"]
    return {
        "$schema": DIALECT,
        "$id": "urn:" + item.ce_type.removeprefix("vn.").replace(".", ":"),
        "title": item.name,
        "description": item.about,
        "x-ce-type": item.ce_type,
        "x-topic": item.topic.name,
        **made,
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
    }


def _text(about: str, **more: Any) -> Json:
    return {"type": "string", **more, "description": about}


_COMMON: Final[Json] = {
    "content-type": _text("Media type of the value.", const=CONTENT_TYPE),
    "ce_specversion": _text("CloudEvents version.", const=SPEC_VERSION),
    "ce_type": _text("Name and major version of what the record says.", minLength=1, maxLength=200),
    "ce_source": _text("Who produced the record, as a URI reference.", minLength=1, maxLength=200),
    "ce_time": _text("When it was recorded, UTC, RFC 3339.", format="date-time"),
    "ce_subject": _text("Whom it is about; the same as the key.", minLength=1, maxLength=40),
}
_TRACE: Final[Json] = {
    "traceparent": _text(
        "W3C trace context; absent when nothing was traced.",
        pattern="^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    )
}
_UUID7: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
_EVENT_ONLY: Final[Json] = {
    "ce_id": _text("UUIDv7, the same on every delivery of the event.", pattern=_UUID7),
    "ce_position": _text(
        "Decimal: the event's place in its producer's log; increases within a partition.",
        pattern="^[1-9][0-9]{0,17}$",
    ),
    "ce_previous": _text(
        "Decimal: the position before it in this partition, 0 for the partition's first.",
        pattern="^(0|[1-9][0-9]{0,17})$",
    ),
}
_INTAKE_ONLY: Final[Json] = {
    "ce_id": _text("The sender's id of the record.", minLength=1, maxLength=200)
}

# The registry adds these to whatever headers the refused record came with.
_REJECTED: Final[Json] = {
    "caunoi-code": _text("Stable code of the refusal.", minLength=1, maxLength=100),
    "caunoi-reason-vi": _text("Why it was refused, in Vietnamese.", minLength=1),
    "caunoi-reason-en": _text("Why it was refused, in English.", minLength=1),
    "caunoi-origin": _text(
        "Where the record stood: topic, partition and offset, divided by slashes.", minLength=1
    ),
}
_REJECTED_MORE: Final[Json] = {
    "caunoi-reference": _text("The sender's reference, when it could be read.", minLength=1)
}
_BINARY: Final = "CloudEvents 1.0 headers in Kafka's binary mode, of "

HEADERS: Final[dict[str, Direction]] = {
    "EventHeaders": "read",
    "IntakeHeaders": "written",
    "RejectedHeaders": "read",
}
_SHAPES: Final[dict[str, tuple[Json, Json, str]]] = {
    # name: (required, optional, what they are)
    "EventHeaders": ({**_COMMON, **_EVENT_ONLY}, _TRACE, _BINARY + "every event."),
    "IntakeHeaders": (
        {**_COMMON, **_INTAKE_ONLY},
        _TRACE,
        _BINARY + "every record that an upstream system reports.",
    ),
    "RejectedHeaders": (
        _REJECTED,
        _REJECTED_MORE,
        "Headers that a refused record has besides those with which it came.",
    ),
}


def headers_schema(name: str) -> Json:
    """Return the schema of the headers of events, of the intake or of refused records.

    Values are the UTF-8 text of the header's bytes.
    """
    required, optional, about = _SHAPES[name]
    return {
        "$schema": DIALECT,
        "$id": f"urn:caunoi:{name}:v1",
        "title": name,
        "description": about,
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
    }
