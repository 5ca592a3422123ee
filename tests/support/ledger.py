"""A subject's ledger, the plain way: facts in legal order, replayed; an event is the difference.

Slow and obvious on purpose: the strategies make events with it and tests compare others with it.
Nothing here checks whether a fact is allowed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.contracts.catalogue import BY_TYPE, event_type
from shared.contracts.envelope import Event

Json = dict[str, Any]
AnyEvent = Event[Any, Any]


@dataclass(frozen=True)
class Fact:
    """One fact: what it sets in the state, and `by` or `why` where it says so."""

    number: int
    name: str
    on: date
    sets: Mapping[str, Any]
    more: Mapping[str, Any] = field(default_factory=dict)


def replay(facts: Iterable[Fact]) -> tuple[Json, ...]:
    """Return the entries of facts, in legal order: date, then number."""
    entries: list[Json] = []
    state: Json | None = None
    for fact in sorted(facts, key=lambda f: (f.on, f.number)):
        after = {**(state or {}), **fact.sets}
        entries.append(
            {
                "entry": fact.number,
                "fact": fact.name,
                "on": fact.on.isoformat(),
                **fact.more,
                "before": state,
                "after": after,
            }
        )
        state = after
    return tuple(entries)


def difference(old: Sequence[Json], new: Sequence[Json]) -> tuple[list[Json], list[Json]]:
    """Return (retracted, asserted): what lies between the common beginning and the common end."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return list(old[head : len(old) - tail]), list(new[head : len(new) - tail])


@dataclass
class Ledger:
    """A subject that facts happen to; each method returns the data of the event, as JSON."""

    subject: str
    facts: tuple[Fact, ...] = ()
    entries: tuple[Json, ...] = ()
    sequence: int = 0

    @property
    def state(self) -> Json:
        """The subject as it stands."""
        state: Json = self.entries[-1]["after"]
        return state

    def happen(self, fact: Fact, **about: Any) -> Json:
        """Record one more fact, wherever it falls in legal order."""
        return self.amend((*self.facts, fact), **about)

    def correct(self, fact: Fact, corrects: int, **about: Any) -> Json:
        """Put right the fact of the same number."""
        facts = tuple(fact if f.number == fact.number else f for f in self.facts)
        return self.amend(facts, corrects=corrects, **about)

    def void(self, **about: Any) -> Json:
        """Undo the registration."""
        return self.amend((), **about)

    def amend(self, facts: tuple[Fact, ...], **about: Any) -> Json:
        """Let other facts stand. `about` overrides corrects, origin, cause, source, reason."""
        entries = replay(facts)
        retracts, asserts = difference(self.entries, entries)
        self.facts, self.entries, self.sequence = facts, entries, self.sequence + 1
        reference = f"{self.subject}.{self.sequence}"
        return {
            "subject": self.subject,
            "sequence": self.sequence,
            "asserts": asserts,
            "retracts": retracts,
            "state": entries[-1]["after"] if entries else None,
            "corrects": None,
            "origin": "live",
            "cause": None,
            "source": {
                "system": "/vn/lang-son/dkkd",
                "reference": reference,
            },
            "reason": None,
            **about,
        }


def to_bytes(value: Json) -> bytes:
    """Write data as a record's value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def to_event(name: str, value: Json) -> AnyEvent:
    """Parse data as an event of that name by the contract; raises ValidationError."""
    return BY_TYPE[event_type(name)].model.model_validate_json(to_bytes(value))
