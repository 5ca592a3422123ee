"""Each kind of change of a schema: which break a promise to whom, and which do not."""

import copy
from collections.abc import Callable

import pytest

from shared.contracts.publishing.compare import broken_promises
from shared.contracts.publishing.items import Json

OLD: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Sample",
    "description": "A sample.",
    "x-topic": "t",
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$", "maxLength": 10},
        "amount": {"anyOf": [{"type": "integer", "minimum": 0, "maximum": 9}, {"type": "null"}]},
        "word": {"enum": ["a", "b"], "type": "string", "default": "a"},
        "version": {"const": "1.0", "type": "string"},
        "on": {"type": "string", "format": "date"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "minItems": 1, "maxItems": 5},
        "line": {"anyOf": [{"$ref": "#/$defs/Line"}, {"type": "null"}]},
    },
    "required": ["id", "amount", "lines"],
    "additionalProperties": False,
    "$defs": {
        "Line": {
            "type": "object",
            "properties": {"n": {"type": "integer"}, "note": {"type": "string"}},
            "required": ["n"],
        }
    },
}
Change = Callable[[Json], object]


def after(change: Change) -> Json:
    new = copy.deepcopy(OLD)
    change(new)
    return new


def found(change: Change, direction: str) -> list[tuple[str, str]]:
    lost = broken_promises(OLD, after(change), "read" if direction == "read" else "written")
    return [(broken.where, broken.code) for broken in lost]


def p(s: Json) -> Json:
    properties: Json = s["properties"]
    return properties


def line(s: Json) -> Json:
    part: Json = s["$defs"]["Line"]
    return part


BREAKS_BOTH: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "a property is removed": (lambda s: p(s).pop("word"), [("$.word", "property_removed")]),
    "a property is renamed": (
        lambda s: p(s).update(verb=p(s).pop("word")),
        [("$.word", "property_removed")],
    ),
    "a property deep down is removed": (
        lambda s: line(s)["properties"].pop("note"),
        [("$.lines[].note", "property_removed"), ("$.line.note", "property_removed")],
    ),
    "a required property comes": (
        lambda s: (p(s).update(new={"type": "string"}), s["required"].append("new")),
        [("$.new", "required_property_added")],
    ),
    "a property becomes required": (
        lambda s: s["required"].append("on"),
        [("$.on", "property_now_required")],
    ),
    "a word is removed": (lambda s: p(s)["word"]["enum"].remove("b"), [("$.word", "word_removed")]),
    "a word is added": (lambda s: p(s)["word"]["enum"].append("c"), [("$.word", "word_added")]),
    "a vocabulary is opened": (
        lambda s: p(s)["word"].pop("enum"),
        [("$.word", "vocabulary_changed")],
    ),
    "a vocabulary is closed": (
        lambda s: p(s)["on"].update(enum=["2025-01-01"]),
        [("$.on", "vocabulary_changed")],
    ),
    "a constant changes": (
        lambda s: p(s)["version"].update(const="2.0"),
        [("$.version", "word_removed"), ("$.version", "word_added")],
    ),
    "a type changes": (
        lambda s: p(s)["id"].update(type="integer"),
        [("$.id", "type_changed"), ("$.id", "type_changed")],
    ),
    "null is not allowed any more": (
        lambda s: p(s)["amount"]["anyOf"].pop(1),
        [("$.amount", "type_changed")],
    ),
    "a list becomes one": (
        lambda s: p(s).update(lines={"$ref": "#/$defs/Line"}),
        [("$.lines", "type_changed"), ("$.lines", "type_changed")],
    ),
    "a maximum is lowered": (
        lambda s: p(s)["amount"]["anyOf"][0].update(maximum=8),
        [("$.amount", "bound_tightened")],
    ),
    "a minimum is raised": (
        lambda s: p(s)["amount"]["anyOf"][0].update(minimum=1),
        [("$.amount", "bound_tightened")],
    ),
    "a bound comes": (lambda s: p(s)["id"].update(minLength=1), [("$.id", "bound_tightened")]),
    "fewer items are allowed": (
        lambda s: p(s)["lines"].update(maxItems=4),
        [("$.lines", "bound_tightened")],
    ),
    "a pattern changes": (lambda s: p(s)["id"].update(pattern="^x$"), [("$.id", "rule_changed")]),
    "a pattern comes": (lambda s: p(s)["on"].update(pattern="^2"), [("$.on", "rule_changed")]),
    "a format changes": (lambda s: p(s)["on"].update(format="date-time"), [("$.on", "rule_changed")]),
    "a default changes": (lambda s: p(s)["word"].update(default="b"), [("$.word", "default_changed")]),
    "a default goes": (lambda s: p(s)["word"].pop("default"), [("$.word", "default_changed")]),
    "the topic changes": (lambda s: s.update({"x-topic": "u"}), [("$", "rule_changed")]),
    "an unknown rule comes": (lambda s: s.update(minProperties=9), [("$", "rule_changed")]),
    "the type of items is not said any more": (
        lambda s: p(s)["lines"].pop("items"),
        [("$.lines", "rule_changed")],
    ),
}  # fmt: skip
BREAKS_READERS: dict[str, tuple[Change, list[tuple[str, str]]]] = {
    "a property becomes optional": (
        lambda s: s["required"].remove("amount"),
        [("$.amount", "property_now_optional")],
    ),
    "null is allowed": (
        lambda s: p(s).update(on={"anyOf": [p(s)["on"], {"type": "null"}]}),
        [("$.on", "type_changed")],
    ),
    "a maximum is raised": (
        lambda s: p(s)["amount"]["anyOf"][0].update(maximum=10),
        [("$.amount", "bound_loosened")],
    ),
    "a bound goes": (lambda s: p(s)["id"].pop("maxLength"), [("$.id", "bound_loosened")]),
    "a pattern goes": (lambda s: p(s)["id"].pop("pattern"), [("$.id", "rule_changed")]),
    "other properties are let in": (
        lambda s: s.pop("additionalProperties"),
        [("$", "rule_changed")],
    ),
}
BREAKS_NOBODY: dict[str, Change] = {
    "nothing": lambda s: None,
    "an optional property comes": lambda s: p(s).update(new={"type": "string"}),
    "an optional property comes deep down": lambda s: line(s)["properties"].update(
        new={"type": "null"}
    ),
    "words are put better": lambda s: (s.update(description="?"), p(s)["id"].update(title="Id")),
    "it is said of what it is": lambda s: s.update({"x-owner": "registry"}),
    "properties change places": lambda s: s.update(properties=dict(reversed(p(s).items()))),
    "required ones change places": lambda s: s["required"].reverse(),
    "words change places": lambda s: p(s)["word"]["enum"].reverse(),
    "a part is written out instead of referred to": lambda s: p(s).update(
        line={"anyOf": [line(s), {"type": "null"}]}
    ),
    "a part has another name": lambda s: (
        s["$defs"].update(Row=line(s)),
        p(s).update(line={"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Row"}]}),
    ),
}


@pytest.mark.parametrize("direction", ["read", "written"])
@pytest.mark.parametrize("what", BREAKS_BOTH)
def test_it_breaks_readers_and_writers(what: str, direction: str) -> None:
    change, lost = BREAKS_BOTH[what]
    assert found(change, direction) == lost


@pytest.mark.parametrize("what", BREAKS_READERS)
def test_it_breaks_readers_but_lets_writers_do_more(what: str) -> None:
    change, lost = BREAKS_READERS[what]
    assert found(change, "read") == lost
    assert found(change, "written") == []


@pytest.mark.parametrize("direction", ["read", "written"])
@pytest.mark.parametrize("what", BREAKS_NOBODY)
def test_it_breaks_nobody(what: str, direction: str) -> None:
    assert found(BREAKS_NOBODY[what], direction) == []


def test_a_broken_promise_says_where_and_what_in_one_line() -> None:
    [lost] = broken_promises(OLD, after(lambda s: p(s)["word"]["enum"].append("c")), "read")
    assert str(lost) == ("$.word: word_added: 'c': vocabularies are closed per major version")
