"""A subject is its standing facts; replaying them through the table gives its entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.registry.domain.facts import Fact
from services.registry.domain.refusals import (
    already_registered,
    before_registration,
    kind_forbids,
    status_forbids,
)
from services.registry.domain.transitions import TRANSITIONS, Standing, register
from shared.contracts.registry import EntityEntry
from shared.contracts.states import EntityState


@dataclass(frozen=True)
class Subject:
    """What is recorded of one subject: its standing facts in legal order and their entries.

    `version` is the sequence of its last event.
    """

    code: str
    version: int
    facts: tuple[Fact, ...]
    entries: tuple[EntityEntry, ...]

    @property
    def state(self) -> EntityState:
        """The subject as it stands now."""
        state = self.entries[-1].after
        assert state is not None
        return state

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.state.status == "ended"

    @property
    def end(self) -> Fact | None:
        """The fact by which it stands ended, None when it is open."""
        return last_end(self.facts) if self.ended else None

    @property
    def until(self) -> date | None:
        """The last day of the suspension that stands, None when there is none or it has no end."""
        if self.state.status != "suspended":
            return None
        last = next(f for f in reversed(self.facts) if f.name == "EntitySuspended")
        return last.sets.until

    def state_on(self, day: date) -> EntityState | None:
        """The state at the end of a legal date, None before its registration."""
        return next((e.after for e in reversed(self.entries) if e.on <= day), None)


def last_end(facts: Sequence[Fact]) -> Fact | None:
    """Return the last end of facts in legal order."""
    return next((fact for fact in reversed(facts) if fact.name == "EntityDissolved"), None)


def load(code: str, version: int, facts: Sequence[Fact]) -> Subject:
    """Rebuild a subject from its recorded facts. They were judged when they were recorded."""
    ordered = _in_legal_order(facts)
    return Subject(code, version, ordered, tuple(_entries(code, ordered, [], None)))


def replay(code: str, facts: Sequence[Fact]) -> tuple[EntityEntry, ...]:
    """Apply facts in legal order from nothing: the entries that stand. Raises Refusal."""
    return tuple(_entries(code, _in_legal_order(facts), [], 0))


def amend(subject: Subject, facts: Sequence[Fact], new: int) -> Subject:
    """Return the subject as it is when these are its standing facts, recorded by event `new`.

    Raises Refusal when they do not fit; it says whether the new fact does not fit (the one of
    number `new`) or one that was recorded earlier and now stands on other ground.
    """
    ordered = _in_legal_order(facts)
    kept: list[EntityEntry] = []
    # What stands before the first difference is taken over instead of worked out again.
    for known, fact, entry in zip(subject.facts, ordered, subject.entries, strict=False):
        if known is not fact and known != fact:
            break
        kept.append(entry)
    return Subject(subject.code, new, ordered, tuple(_entries(subject.code, ordered, kept, new)))


def _in_legal_order(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(facts, key=lambda fact: fact.place))


def _entries(
    code: str, ordered: Sequence[Fact], entries: list[EntityEntry], new: int | None
) -> list[EntityEntry]:
    """Complete `entries`, those of the first facts; `new` None: without judging the others."""
    standing: Standing | None = None
    if entries:
        assert entries[-1].after is not None
        standing = Standing(code, entries[-1].after, last_end(ordered[: len(entries)]))
    for fact in ordered[len(entries) :]:
        if new is not None:
            _judge(code, standing, fact, new)
        after = _step(standing, fact)
        entries.append(_entry(fact, standing, after))
        end = standing.end if standing is not None else None
        standing = Standing(code, after, fact if fact.name == "EntityDissolved" else end)
    return entries


def _judge(code: str, standing: Standing | None, fact: Fact, new: int) -> None:
    row = TRANSITIONS[fact.name]
    if standing is None:
        if not row.begins:
            raise before_registration(code, fact.name, fact.on)
        return
    state = standing.state
    if row.begins:
        raise already_registered(code, fact.number)
    if state.kind not in row.kinds:
        raise kind_forbids(code, fact.name, state)
    if state.status not in row.statuses:
        entry = 0 if fact.number == new else fact.number
        raise status_forbids(code, fact.name, fact.on, entry, state)
    row.check(standing, fact)


def _step(standing: Standing | None, fact: Fact) -> EntityState:
    return register(fact) if standing is None else TRANSITIONS[fact.name].step(standing, fact)


def _entry(fact: Fact, standing: Standing | None, after: EntityState) -> EntityEntry:
    return EntityEntry(
        entry=fact.number,
        fact=fact.name,
        on=fact.on,
        by=fact.by,
        why=fact.why,
        before=None if standing is None else standing.state,
        after=after,
    )


def difference(
    old: tuple[EntityEntry, ...], new: tuple[EntityEntry, ...]
) -> tuple[tuple[EntityEntry, ...], tuple[EntityEntry, ...]]:
    """Return (retracts, asserts): what of `old` no longer stands, and what of `new` did not.

    The common beginning and the common end are trimmed: the entries between them are the event.
    """
    limit = min(len(old), len(new))
    head = 0
    while head < limit and (old[head] is new[head] or old[head] == new[head]):
        head += 1
    tail = 0
    while tail < limit - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return old[head : len(old) - tail], new[head : len(new) - tail]
