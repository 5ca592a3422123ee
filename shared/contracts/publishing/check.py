"""The guard: what is committed is what the models say, and keeps what it promised."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.contracts.publishing.examples import Unfit, fit, load, paths_of
from shared.contracts.publishing.generate import broken, orphans, rendered
from shared.contracts.publishing.items import ITEMS, Item, Tree
from shared.contracts.publishing.words import wordless
from shared.contracts.topics import TOPICS, Topic


@dataclass(frozen=True)
class Problem:
    """One finding: a stable code, the file or record, and what is wrong with it."""

    code: str
    where: str
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.code}: {self.where}: {self.what}"


UNREADABLE: Final = "unreadable_schema"


def check(
    tree: Tree, items: Sequence[Item] = ITEMS, topics: Sequence[Topic] = TOPICS
) -> list[Problem]:
    """Return everything that is wrong, empty when the contract holds."""
    unreadable = list(_unreadable(tree))
    if unreadable:
        return unreadable
    return [
        *_topics(items, topics),
        *_stale(tree, items, topics),
        *_broken(tree, items),
        *_examples(tree, items),
    ]


def _unreadable(tree: Tree) -> Iterator[Problem]:
    for path in sorted(tree.schemas.rglob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            yield Problem(UNREADABLE, _name(tree, path), str(error))


def _topics(items: Sequence[Item], topics: Sequence[Topic]) -> Iterator[Problem]:
    for item in items:
        if item.topic not in topics:
            yield Problem("unknown_topic", item.ce_type, item.topic.name)


def _stale(tree: Tree, items: Sequence[Item], topics: Sequence[Topic]) -> Iterator[Problem]:
    lost = orphans(tree, items)
    for path in lost:
        yield Problem("orphan_schema", _name(tree, path), "no kind of record has it")
    for path, text in rendered(tree, items, topics).items():
        if not path.exists():
            yield Problem("stale", _name(tree, path), "is absent; generate")
        elif path.read_text(encoding="utf-8") != text:
            yield Problem("stale", _name(tree, path), "is not what the models say; generate")
        if path.parent.parent == tree.schemas:
            for field in wordless(json.loads(text)):
                yield Problem("undescribed", _name(tree, path), f"{field} has no description")


def _broken(tree: Tree, items: Sequence[Item]) -> Iterator[Problem]:
    for path, found in broken(tree, items):
        yield Problem("breaking", _name(tree, path), str(found))


def _examples(tree: Tree, items: Sequence[Item]) -> Iterator[Problem]:
    known: set[Path] = set()
    for item in items:
        paths = paths_of(item, tree.examples)
        known.update(paths)
        if tree.examples / item.folder / f"{item.stem}.json" not in paths:
            yield Problem("no_example", item.ce_type, f"{item.folder}/{item.stem}.json is absent")
        for path in paths:
            try:
                fit(load(path, item), item)
            except Unfit as error:
                yield Problem("bad_example", _name(tree, path), str(error))
    for path in sorted(tree.examples.rglob("*")):
        if path.is_file() and path not in known:
            yield Problem("orphan_example", _name(tree, path), "no kind of record has it")


def _name(tree: Tree, path: Path) -> str:
    return path.relative_to(tree.root).as_posix()
