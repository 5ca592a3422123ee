"""Does a new schema keep what an old one promised? Structure only; words may change.

What strangers read ("read") may change neither way within a major version: a value that the old
schema refuses would be news to them, and what was written long ago is still read. What they write
("written") may be let in more widely, never less. Vocabularies are closed both ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from shared.contracts.publishing.items import Direction, Json

_WORDS: Final = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated"}
)
_AT_LEAST: Final = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems"})
_AT_MOST: Final = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems"})
_OWN_RULE: Final = _WORDS | _AT_LEAST | _AT_MOST | {
    "type", "properties", "required", "items", "enum", "const",
}  # fmt: skip


@dataclass(frozen=True)
class Broken:
    """One promise that does not hold any more: where in the data, a stable code, and what."""

    where: str
    code: str
    what: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.where}: {self.code}: {self.what}"


def broken_promises(old: Json, new: Json, direction: Direction) -> list[Broken]:
    """Return what breaks when `new` takes the place of `old`; empty when nothing does."""
    return list(_Comparison(old, new, direction == "read").nodes(old, new, "$"))


@dataclass(frozen=True)
class _Comparison:
    old_root: Json
    new_root: Json
    read: bool

    def nodes(self, old: Json, new: Json, where: str) -> Iterator[Broken]:
        """Compare by type of value: what may stand here before and after."""
        olds = _alternatives(old, self.old_root)
        news = _alternatives(new, self.new_root)
        for kind in olds.keys() - news.keys():
            yield Broken(where, "type_changed", f"may not be {kind} any more")
        for kind in news.keys() - olds.keys():
            if self.read or not olds.keys() & news.keys():
                yield Broken(where, "type_changed", f"may now be {kind}")
        for kind in sorted(olds.keys() & news.keys()):
            yield from self._one(olds[kind], news[kind], where)
        if "default" in old and old.get("default") != new.get("default", object()):
            yield Broken(where, "default_changed", "absent means something else now")

    def _one(self, old: Json, new: Json, where: str) -> Iterator[Broken]:
        yield from self._properties(old, new, where)
        if "items" in old and "items" in new:
            yield from self.nodes(old["items"], new["items"], f"{where}[]")
        elif "items" in old or "items" in new:
            yield Broken(where, "rule_changed", "items")
        yield from _words(old, new, where)
        for keyword in sorted((_AT_LEAST | _AT_MOST) & (old.keys() | new.keys())):
            yield from self._bound(keyword, old.get(keyword), new.get(keyword), where)
        yield from self._others(old, new, where)

    def _properties(self, old: Json, new: Json, where: str) -> Iterator[Broken]:
        olds, news = old.get("properties", {}), new.get("properties", {})
        was, is_ = set(old.get("required", [])), set(new.get("required", []))
        for name in sorted(olds.keys() - news.keys()):
            yield Broken(f"{where}.{name}", "property_removed", "removed or renamed")
        for name in sorted(is_ - was):
            code = "property_now_required" if name in olds else "required_property_added"
            yield Broken(f"{where}.{name}", code, "records without it were valid")
        for name in sorted((was - is_) & news.keys()):
            if self.read:
                yield Broken(f"{where}.{name}", "property_now_optional", "readers rely on it")
        for name in [n for n in olds if n in news]:
            yield from self.nodes(olds[name], news[name], f"{where}.{name}")

    def _bound(self, keyword: str, old: Any, new: Any, where: str) -> Iterator[Broken]:
        if old == new:
            return
        upper = keyword in _AT_MOST
        tighter = old is None or (new is not None and ((new < old) if upper else (new > old)))
        if tighter:
            yield Broken(where, "bound_tightened", f"{keyword} {old} -> {new}")
        elif self.read:
            yield Broken(where, "bound_loosened", f"{keyword} {old} -> {new}")

    def _others(self, old: Json, new: Json, where: str) -> Iterator[Broken]:
        # Whatever this module does not understand is taken for a promise.
        for keyword in sorted((old.keys() | new.keys()) - _OWN_RULE - {"default"}):
            a, b = old.get(keyword), new.get(keyword)
            note = keyword.startswith("x-") and keyword not in old
            let_in = keyword not in new and not self.read and not keyword.startswith("x-")
            if a != b and not note and not let_in:
                yield Broken(where, "rule_changed", f"{keyword} {a!r} -> {b!r}")


def _words(old: Json, new: Json, where: str) -> Iterator[Broken]:
    olds, news = _vocabulary(old), _vocabulary(new)
    if olds is None and news is None:
        return
    if olds is None or news is None:
        yield Broken(where, "vocabulary_changed", "a closed vocabulary came or went")
        return
    for word in [w for w in olds if w not in news]:
        yield Broken(where, "word_removed", repr(word))
    for word in [w for w in news if w not in olds]:
        yield Broken(where, "word_added", f"{word!r}: vocabularies are closed per major version")


def _vocabulary(schema: Json) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    words: list[Any] | None = schema.get("enum")
    return words


def _alternatives(schema: Json, root: Json) -> dict[str, Json]:
    """Return {type of value: schema without references}; a second one of a type gets a number."""
    if "$ref" in schema:
        return _alternatives(_resolve(schema["$ref"], root), root)
    branches = [b for key in ("anyOf", "oneOf") for b in schema.get(key, ())]
    if not branches:
        types = schema.get("type", "anything")
        return dict.fromkeys([types] if isinstance(types, str) else types, schema)
    found: dict[str, Json] = {}
    for branch in branches:
        for kind, part in _alternatives(branch, root).items():
            found[kind if kind not in found else f"{kind} {len(found)}"] = part
    return found


def _resolve(reference: str, root: Json) -> Json:
    node: Any = root
    for part in reference.removeprefix("#/").split("/"):
        node = node[part]
    return dict(node)
