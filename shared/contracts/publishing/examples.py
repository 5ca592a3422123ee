"""Golden examples: whole records as they stand on a topic, committed and never generated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shared.contracts.catalogue import Refused
from shared.contracts.headers import place_of, type_of
from shared.contracts.publishing.items import Item, Json
from shared.contracts.publishing.schemas import headers_schema


@dataclass(frozen=True)
class Example:
    """A record of one example file; `case` is "" for the plain one, else what it shows."""

    path: Path
    case: str
    headers: Mapping[str, str]
    key: str
    value: Json

    @property
    def raw_headers(self) -> list[tuple[str, bytes | None]]:
        """The headers as Kafka carries them."""
        return [(name, text.encode()) for name, text in self.headers.items()]

    @property
    def raw_value(self) -> bytes:
        """The value as Kafka carries it."""
        return json.dumps(self.value, ensure_ascii=False, separators=(",", ":")).encode()


class Unfit(Exception):
    """An example is not what it claims to be; the text says why."""


def paths_of(item: Item, folder: Path) -> list[Path]:
    """Return an item's example files, the plain one first."""
    found = (folder / item.folder).glob(f"{item.stem}*.json")
    return sorted(
        (p for p in found if p.name == f"{item.stem}.json" or p.name.startswith(f"{item.stem}.")),
        key=lambda p: (len(p.name.split(".")), p.name),
    )


def load(path: Path, item: Item) -> Example:
    """Read an example file. Raises Unfit when it is no {"headers", "key", "value"}."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        headers, key, value = document["headers"], document["key"], document["value"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unfit(f"is no record of headers, key and value ({error!r})") from error
    if not isinstance(headers, dict) or not isinstance(key, str) or not isinstance(value, dict):
        raise Unfit("headers and value are objects, key is a text")
    case = path.name.removeprefix(item.stem).removesuffix(".json").lstrip(".")
    return Example(path, case, headers, key, value)


def fit(example: Example, item: Item) -> None:
    """Check a record by the present models: old bytes stay readable. Raises Unfit."""
    wanted = headers_schema(item.headers_stem.removesuffix(".v1"))["required"]
    absent = [name for name in wanted if name not in example.headers]
    if absent:
        raise Unfit(f"headers are absent: {', '.join(absent)}")
    try:
        found = type_of(example.raw_headers)
        if item.direction == "read":
            place_of(example.raw_headers)
    except Refused as error:
        raise Unfit(str(error)) from error
    if found != item.ce_type:
        raise Unfit(f"ce_type is {found}, its name says {item.ce_type}")
    subject = example.value.get("subject" if item.direction == "read" else "code")
    if not example.key == subject == example.headers["ce_subject"]:
        raise Unfit("key, ce_subject and the subject in the value differ")
    _parse(example, item)


def _parse(example: Example, item: Item) -> None:
    try:
        parsed = item.model.model_validate_json(example.raw_value)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unfit(f"does not parse: {where}: {first['msg']}") from error
    if parsed.model_dump(mode="json", exclude_unset=True) != example.value:
        raise Unfit("has fields that the model does not know")
