"""Write what is published; refuse to write what breaks a promise made before."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shared.contracts.publishing import asyncapi, page
from shared.contracts.publishing.compare import Broken, broken_promises
from shared.contracts.publishing.examples import Example, Unfit, load, paths_of
from shared.contracts.publishing.items import ITEMS, Direction, Item, Json, Tree
from shared.contracts.publishing.schemas import (
    HEADERS,
    HEADERS_FOLDER,
    dump,
    headers_schema,
    schema_of,
)
from shared.contracts.topics import TOPICS, Topic


def schemas(tree: Tree, items: Sequence[Item]) -> dict[Path, tuple[Json, Direction]]:
    """Return every schema as it should stand, by its file."""
    made: dict[Path, tuple[Json, Direction]] = {
        tree.schemas / HEADERS_FOLDER / f"{name}.v1.json": (headers_schema(name), direction)
        for name, direction in HEADERS.items()
    }
    for item in items:
        path = tree.schemas / item.folder / f"{item.stem}.json"
        made[path] = (schema_of(item), item.direction)
    return made


def rendered(
    tree: Tree, items: Sequence[Item] = ITEMS, topics: Sequence[Topic] = TOPICS
) -> dict[Path, str]:
    """Return the text of every generated file, by its path; the same on every machine."""
    examples = examples_of(tree, items)
    return {
        **{path: dump(schema) for path, (schema, _) in schemas(tree, items).items()},
        tree.asyncapi: asyncapi.document(items, topics, examples),
        tree.page: page.render(items, topics, examples, tree),
    }


def examples_of(tree: Tree, items: Sequence[Item]) -> Mapping[str, Sequence[Example]]:
    """Return the readable examples by `ce_type`; what is unreadable is the check's to say."""
    found: dict[str, list[Example]] = {}
    for item in items:
        for path in paths_of(item, tree.examples):
            try:
                found.setdefault(item.ce_type, []).append(load(path, item))
            except Unfit:
                continue
    return found


def broken(tree: Tree, items: Sequence[Item] = ITEMS) -> Iterator[tuple[Path, Broken]]:
    """Yield each promise of a committed schema that the present models do not keep."""
    for path, (new, direction) in schemas(tree, items).items():
        if path.exists():
            old = json.loads(path.read_text(encoding="utf-8"))
            yield from ((path, found) for found in broken_promises(old, new, direction))
    for path in orphans(tree, items):
        yield path, Broken("$", "record_removed", "a published kind of record is gone")


def orphans(tree: Tree, items: Sequence[Item] = ITEMS) -> list[Path]:
    """Return the schema files that no kind of record has."""
    known = schemas(tree, items).keys()
    return [
        path for path in sorted(tree.schemas.rglob("*")) if path.is_file() and path not in known
    ]


def generate(
    tree: Tree,
    items: Sequence[Item] = ITEMS,
    topics: Sequence[Topic] = TOPICS,
    *,
    allow_breaking: bool = False,
) -> tuple[list[Path], list[tuple[Path, Broken]]]:
    """Write the generated files. Returns (files changed, promises broken).

    With promises broken and not `allow_breaking` nothing at all is written.
    """
    lost = list(broken(tree, items))
    if lost and not allow_breaking:
        return [], lost
    changed = []
    for path in orphans(tree, items):
        path.unlink()
        changed.append(path)
    for path, text in rendered(tree, items, topics).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed, lost
