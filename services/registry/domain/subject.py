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
from services.registry.domain.statuses import GONE, in_order
from services.registry.domain.transitions import Standing, register, rule_of
from shared.contracts.registry import EntityEntry
from shared.contracts.states import EntityState


@dataclass(frozen=True)
class Subject:
    """What is recorded of one subject: its standing facts in legal order and their entries.

    `version` is the sequence of its last event; `withdrawn` are facts that corrections took back.
    A subject whose registration was voided has nothing but its version.
    """

    code: str
    version: int
    facts: tuple[Fact, ...]
    entries: tuple[EntityEntry, ...]
    withdrawn: tuple[Fact, ...] = ()

    @property
    def recorded(self) -> tuple[Fact, ...]:
        """All facts that the store keeps."""
        return self.facts + self.withdrawn

    @property
    def voided(self) -> bool:
        """Whether its registration was voided."""
        return not self.entries

    @property
    def state(self) -> EntityState:
        """The subject as it stands now; there is none when it was voided."""
        state = self.entries[-1].after
        assert state is not None
        return state

    @property
    def ended(self) -> bool:
        """Whether it is not open any more."""
        return self.state.status in GONE

    @property
    def end(self) -> Fact | None:
        """The fact by which it stands ended, None when it is open."""
        return last_end(self.facts) if self.ended else None

    @property
    def until(self) -> date | None:
        """The last day of the suspension that stands, None when there is none or it has no end."""
        if self.voided or self.state.status != "suspended":
            return None
        last = next(f for f in reversed(self.facts) if f.name == "EntitySuspended")
        return last.sets.until

    def state_on(self, day: date) -> EntityState | None:
        """The state at the end of a legal date, None before its registration."""
        return next((e.after for e in reversed(self.entries) if e.on <= day), None)

    def find(self, sequence: int) -> Fact | None:
        """The fact that an event recorded or put right, standing or withdrawn; else None."""
        known = (f for f in self.recorded if sequence in (f.number, *f.corrections))
        return next(known, None)


def last_end(facts: Sequence[Fact]) -> Fact | None:
    """Return the last end of facts in legal order."""
    return next((fact for fact in reversed(facts) if fact.name == "EntityDissolved"), None)


def load(code: str, version: int, recorded: Sequence[Fact]) -> Subject:
    """Rebuild a subject from its recorded facts. They were judged when they were recorded."""
    ordered = in_legal_order([fact for fact in recorded if not fact.withdrawn])
    withdrawn = tuple(fact for fact in recorded if fact.withdrawn)
    return Subject(code, version, ordered, tuple(_entries(code, ordered, [], None)), withdrawn)


def replay(code: str, facts: Sequence[Fact], new: int = 0) -> tuple[EntityEntry, ...]:
    """Apply facts in legal order from nothing: the entries that stand. Raises Refusal.

    It says whether the fact of number `new` does not fit or one that was recorded earlier.
    """
    return tuple(_entries(code, in_legal_order(facts), [], new))


def rewrite(
    subject: Subject,
    facts: Sequence[Fact],
    *,
    version: int,
    withdrawn: tuple[Fact, ...] | None = None,
    judged: int | None,
) -> Subject:
    """Return the subject as it is when these are its standing facts.

    Raises Refusal when they do not fit; it says whether the fact of number `judged` does not fit
    or one that was recorded earlier and now stands on other ground. None: they are not judged.
    """
    ordered = in_legal_order(facts)
    kept: list[EntityEntry] = []
    # What stands before the first difference is taken over instead of worked out again.
    for known, fact, entry in zip(subject.facts, ordered, subject.entries, strict=False):
        if known is not fact and known != fact:
            break
        kept.append(entry)
    entries = tuple(_entries(subject.code, ordered, kept, judged))
    gone = subject.withdrawn if withdrawn is None else withdrawn
    return Subject(subject.code, version, ordered, entries, gone)


def in_legal_order(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return facts by date, and those of one date by number."""
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
    row = rule_of(fact)
    if standing is None:
        if not row.begins:
            raise before_registration(code, fact.name, fact.on)
        return
    state = standing.state
    if row.begins and state.status not in row.statuses:
        raise already_registered(code, fact.number)
    if state.kind not in row.kinds:
        raise kind_forbids(code, fact.name, state)
    if state.status in row.statuses:
        row.check(standing, fact)
        return
    if state.status in row.ignored or (row.lenient and fact.number != new):
        return
    entry = 0 if fact.number == new else fact.number
    allowed = in_order(row.statuses)
    raise status_forbids(code, fact.name, fact.on, entry, state, allowed)


def _step(standing: Standing | None, fact: Fact) -> EntityState:
    if standing is None:
        return register(fact)
    row = rule_of(fact)
    return row.step(standing, fact) if row.acts(standing.state.status) else standing.state


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
