"""`check` holds on what is committed, and each of its guards is seen to fail."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.__main__ import main
from shared.contracts.intake import EntitySuspendedIn
from shared.contracts.publishing.check import check
from shared.contracts.publishing.generate import generate, rendered
from shared.contracts.publishing.items import HERE, ITEMS, Item, Tree
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC

CAPITAL = Path("registry-events/CapitalChanged.v1.json")
SUSPENDED = Path("registry-intake/EntitySuspended.v1.json")
Spoil = Callable[[dict[str, Any]], object]


def codes(tree: Tree, items: tuple[Item, ...] = ITEMS) -> set[str]:
    return {problem.code for problem in check(tree, items)}


def edit(path: Path, spoil: Spoil) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    spoil(document)
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def contents(tree: Tree) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in tree.root.rglob("*") if path.is_file()}


def test_the_contract_holds_as_it_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr().out


def test_what_is_generated_is_the_same_every_time() -> None:
    assert rendered(HERE) == rendered(HERE)


def test_generating_over_a_good_tree_changes_nothing(tree: Tree) -> None:
    before = contents(tree)
    assert main(["--root", str(tree.root), "generate"]) == 0
    assert contents(tree) == before


def test_a_good_copy_passes(tree: Tree) -> None:
    assert codes(tree) == set()


@pytest.mark.parametrize(
    "file",
    [
        Path("shared/contracts/schemas") / CAPITAL,
        Path("shared/contracts/schemas/headers/EventHeaders.v1.json"),
        Path("shared/contracts/asyncapi.json"),
        Path("docs/events.md"),
    ],
    ids=str,
)
def test_a_generated_file_that_is_gone_or_edited_is_stale_and_named(
    tree: Tree, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tree.root / file
    good = path.read_text(encoding="utf-8")
    for text in (good.replace("the", "teh", 1), None):
        path.unlink() if text is None else path.write_text(text, encoding="utf-8")
        assert main(["--root", str(tree.root), "check"]) == 1
        assert f"stale: {file.as_posix()}" in capsys.readouterr().out
    assert main(["--root", str(tree.root), "generate"]) == 0
    assert path.read_text(encoding="utf-8") == good


def test_a_schema_of_no_event_is_an_orphan(tree: Tree) -> None:
    (tree.schemas / "registry-events" / "CapitalDoubled.v1.json").write_text("{}", "utf-8")
    assert codes(tree) == {"orphan_schema", "breaking"}


def test_a_schema_that_is_no_json_is_said(tree: Tree) -> None:
    (tree.schemas / CAPITAL).write_text("<<<<<<<", "utf-8")
    assert codes(tree) == {"unreadable_schema"}


@pytest.mark.parametrize("name", ["registry-events/CapitalDoubled.v1.json", "notes.txt"])
def test_an_example_of_no_event_is_an_orphan(tree: Tree, name: str) -> None:
    (tree.examples / name).write_text("{}", "utf-8")
    assert codes(tree) == {"orphan_example"}


def test_an_example_does_not_pass_for_one_of_a_longer_version(tree: Tree) -> None:
    path = tree.examples / CAPITAL
    path.rename(path.with_name("CapitalChanged.v11.json"))
    assert codes(tree) == {"no_example", "orphan_example", "stale"}


@pytest.mark.parametrize("file", [CAPITAL, SUSPENDED], ids=str)
def test_a_record_without_an_example_is_said(tree: Tree, file: Path) -> None:
    (tree.examples / file).unlink()
    assert "no_example" in codes(tree)


SPOILT: dict[str, Spoil] = {
    "a field is gone": lambda d: d["value"].pop("state"),
    "a value is wrong": lambda d: d["value"].update(sequence=0),
    "entries do not chain": lambda d: d["value"]["asserts"].append(d["value"]["asserts"][0]),
    "a field is unknown": lambda d: d["value"].update(note="x"),
    "a field deep down is unknown": lambda d: d["value"]["state"].update(note="x"),
    "a header is gone": lambda d: d["headers"].pop("ce_id"),
    "the place is none": lambda d: d["headers"].update(ce_previous="99999"),
    "it says another type": lambda d: d["headers"].update(ce_type="vn.caunoi.EntityMovedIn.v1"),
    "the version of CloudEvents": lambda d: d["headers"].update(ce_specversion="0.3"),
    "the key is another's": lambda d: d.update(key="4900000024"),
    "the subject is another's": lambda d: d["headers"].update(ce_subject="4900000024"),
    "it is no record": lambda d: d.pop("value"),
    "its parts are no objects": lambda d: d.update(value=[]),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_an_example_that_is_not_what_it_claims_is_said(tree: Tree, spoil: Spoil) -> None:
    edit(tree.examples / CAPITAL, spoil)
    found = [p for p in check(tree) if p.code == "bad_example"]
    assert [p.where for p in found] == ["shared/contracts/examples/" + CAPITAL.as_posix()]


def test_a_record_on_a_topic_that_is_not_in_the_catalogue_is_said(tree: Tree) -> None:
    stranger = replace(REGISTRY_EVENTS_TOPIC, partitions=24)
    items = (replace(ITEMS[0], topic=stranger), *ITEMS[1:])
    assert "unknown_topic" in codes(tree, items)


# The committed file is changed instead of the model: seen from it, the model broke the promise.
BREAKING: dict[str, tuple[Path, Spoil]] = {
    "property_removed": (CAPITAL, lambda s: s["properties"].update(note={"type": "string"})),
    "word_removed": (CAPITAL, lambda s: s["properties"]["origin"]["enum"].append("import")),
    "word_added": (CAPITAL, lambda s: s["properties"]["origin"]["enum"].remove("backfill")),
    "required_property_added": (
        CAPITAL,
        lambda s: (s["properties"].pop("cause"), s["required"].remove("cause")),
    ),
    "property_now_required": (CAPITAL, lambda s: s["required"].remove("cause")),
    "property_now_optional": (
        CAPITAL,
        lambda s: s["$defs"]["EntityEntry"]["required"].append("by"),
    ),
    "type_changed": (CAPITAL, lambda s: s["properties"]["sequence"].update(type="string")),
    "bound_tightened": (CAPITAL, lambda s: s["properties"]["asserts"].update(maxItems=2000)),
    "bound_loosened": (CAPITAL, lambda s: s["properties"]["asserts"].update(maxItems=10)),
    "rule_changed": (CAPITAL, lambda s: s["properties"]["subject"].update(pattern="^[0-9]+$")),
    "default_changed": (SUSPENDED, lambda s: s["properties"]["origin"].update(default="backfill")),
}


@pytest.mark.parametrize("code", BREAKING)
def test_a_broken_promise_is_said_and_not_generated_over(
    tree: Tree, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file, spoil = BREAKING[code]
    edit(tree.schemas / file, spoil)
    before = contents(tree)
    assert main(["--root", str(tree.root), "check"]) == 1
    said = [x for x in capsys.readouterr().out.splitlines() if x.startswith("breaking: ")]
    assert said
    assert all(file.as_posix() in line for line in said)
    assert any(f" {code}: " in line for line in said)
    assert main(["--root", str(tree.root), "generate"]) == 1
    assert code in capsys.readouterr().err
    assert contents(tree) == before


def test_a_broken_promise_is_generated_over_only_when_told_so(tree: Tree) -> None:
    file, spoil = BREAKING["property_removed"]
    edit(tree.schemas / file, spoil)
    (tree.schemas / "registry-events" / "CapitalDoubled.v1.json").write_text("{}", "utf-8")
    assert main(["--root", str(tree.root), "generate", "--allow-breaking"]) == 0
    assert codes(tree) == set()


def _with_model(model: type[EntitySuspendedIn]) -> tuple[Item, ...]:
    return tuple(
        replace(item, model=model) if item.model is EntitySuspendedIn else item for item in ITEMS
    )


class WithOptional(EntitySuspendedIn):
    """Business is suspended, until a date at most a year later."""

    basis: str | None = None


class WithRequired(EntitySuspendedIn):
    """Business is suspended, until a date at most a year later."""

    basis: str


def test_a_new_optional_field_is_stale_until_it_is_generated_and_is_described(tree: Tree) -> None:
    items = _with_model(WithOptional)
    assert codes(tree, items) == {"stale", "undescribed"}
    _, lost = generate(tree, items)
    assert lost == []
    assert codes(tree, items) == {"undescribed"}


def test_a_new_required_field_is_refused_and_old_records_are_not_readable(tree: Tree) -> None:
    items = _with_model(WithRequired)
    assert codes(tree, items) >= {"breaking", "bad_example"}
    changed, lost = generate(tree, items)
    assert changed == []
    assert [found.code for _, found in lost] == ["required_property_added"]


def test_an_event_that_is_gone_is_a_broken_promise(tree: Tree) -> None:
    items = tuple(item for item in ITEMS if item.name != "BankruptcyOpened")
    assert codes(tree, items) >= {"breaking", "orphan_schema", "orphan_example"}
    assert generate(tree, items)[0] == []


def test_a_new_event_is_allowed_and_wants_an_example(tree: Tree) -> None:
    items = (
        *ITEMS,
        replace(ITEMS[0], name="EnterpriseBlessed", ce_type="vn.caunoi.EnterpriseBlessed.v1"),
    )
    _, lost = generate(tree, items)
    assert lost == []
    assert codes(tree, items) == {"no_example"}
