"""The published files as tests read them: golden examples, and validators of the schemas."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from shared.contracts.publishing.examples import Example, load, paths_of
from shared.contracts.publishing.items import HERE, ITEMS, Item


@dataclass(frozen=True)
class Published:
    """A golden example and the kind of record that it is."""

    item: Item
    example: Example

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.item.folder}/{self.example.path.name}"


def published() -> tuple[Published, ...]:
    """Return every golden example."""
    return tuple(
        Published(item, load(path, item))
        for item in ITEMS
        for path in paths_of(item, HERE.examples)
    )


def event_log(folder: str) -> tuple[Published, ...]:
    """Return the examples of one events topic as its producer's log, in order of position."""
    found = (p for p in published() if p.item.folder == folder)
    return tuple(sorted(found, key=lambda p: int(p.example.headers["ce_position"])))


@cache
def validator(folder: str, stem: str) -> Draft202012Validator:
    """Return a validator of the committed schema."""
    schema = json.loads((HERE.schemas / folder / f"{stem}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker(["date"]))


def complaints(folder: str, stem: str, document: Any) -> list[str]:
    """Return what a committed schema has against a document."""
    return [error.message for error in validator(folder, stem).iter_errors(document)]
