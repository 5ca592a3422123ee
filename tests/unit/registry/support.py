"""Subjects to begin from."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from services.registry.domain import (
    Circumstances,
    Command,
    Correction,
    Decision,
    Fact,
    Sets,
    Subject,
    act,
    event_bytes,
    load,
)
from shared.contracts.catalogue import parse
from shared.contracts.communes import communes
from shared.contracts.envelope import Source
from shared.contracts.registry import EntityEntry, EntityFact
from shared.contracts.values import DEPENDENT_KINDS, EndedWhy, EntityKind, EntityStatus

CODE = "4900000017"
BRANCH = f"{CODE}-001"
COMMUNE = sorted(communes())[0]
TODAY = date(2026, 11, 24)
WORLD = Circumstances(TODAY, frozenset(communes()))
FIRST = date(2025, 3, 10)
SOURCE = Source(system="/vn/lang-son/test", reference="T-1")


def registration(
    kind: EntityKind = "enterprise",
    *,
    on: date = FIRST,
    capital: int = 10,
    parent: str | None = None,
    **sets: Any,
) -> Fact:
    """Return a first registration."""
    dependent = kind in DEPENDENT_KINDS
    fields = Sets(
        kind=kind,
        legal_form=None if dependent else "llc_one_member" if kind == "enterprise" else kind,  # type: ignore[arg-type]
        name="Công ty Mẫu",
        capital_vnd=None if dependent else capital,
        commune=sets.get("commune", COMMUNE),
        industry_scheme=sets.get("scheme", "vsic2025"),
        industry_code=sets.get("industry", "4711"),
        parent=(parent or CODE) if dependent else None,
    )
    name: EntityFact = (
        "EnterpriseRegistered"
        if kind == "enterprise"
        else "BranchRegistered"
        if dependent
        else "CooperativeRegistered"
    )
    return Fact(0, name, on, by="first", sets=fields)


def capital(amount: int, on: date) -> Fact:
    """Return a change of capital."""
    return Fact(0, "CapitalChanged", on, sets=Sets(capital_vnd=amount))


def correction(corrects: int, *, withdraw: bool = False, **fields: Any) -> Correction:
    """Return a correction of what event `corrects` recorded."""
    sets = {k: v for k, v in fields.items() if k not in {"on", "why"}}
    named = tuple(fields)
    on, why = fields.get("on"), fields.get("why")
    return Correction(corrects, on, why, Sets(**sets), named, withdraw)


def plain(name: EntityFact, on: date, why: EndedWhy | None = None) -> Fact:
    """Return a fact that sets nothing."""
    return Fact(0, name, on, why=why)


class Book:
    """A register in memory: facts are acted upon as the handlers do, events are kept."""

    def __init__(self) -> None:
        self.subjects: dict[str, Subject] = {}
        self.decisions: list[Decision] = []

    def get(self, code: str) -> Subject | None:
        return self.subjects.get(code)

    def branches(self, code: str) -> Sequence[Subject]:
        known = (s for s in self.subjects.values() if not s.voided)
        mine = (s for s in known if s.state.parent == code)
        return sorted(mine, key=lambda s: s.code)

    def act(self, code: str, fact: Command, today: date = TODAY) -> tuple[Decision, ...]:
        """Act, and check each event against the contract."""
        world = Circumstances(today, WORLD.communes)
        return self.keep(act(self, code, fact, world, f"cause-{len(self.decisions)}"))

    def keep(self, decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
        """Keep events, each checked against the contract."""
        for decision in decisions:
            parse(decision.type, event_bytes(decision.event(SOURCE, "live", None)))
            self.subjects[decision.subject.code] = decision.subject
        self.decisions += decisions
        return decisions

    def standing(self, code: str) -> list[EntityEntry]:
        """Fold the events of a subject: what was asserted less what was retracted."""
        entries: list[EntityEntry] = []
        for decision in self.decisions:
            if decision.subject.code == code:
                for gone in decision.retracts:
                    entries.remove(gone)
                entries += decision.asserts
        return sorted(entries, key=lambda e: (e.on, e.entry))


def put_into(kind: EntityKind, status: EntityStatus, why: EndedWhy = "dissolved") -> Subject:
    """Return a subject in a status, whatever way leads there."""
    dependent = kind in DEPENDENT_KINDS
    code = BRANCH if dependent else CODE
    registered = load(code, 1, (Fact(1, **_fields(registration(kind))),))
    if status == "ended":
        return load(
            code,
            2,
            (*registered.facts, Fact(2, "EntityDissolved", FIRST, why=why)),
        )
    first = registered.entries[0]
    assert first.after is not None
    put = first.model_copy(update={"after": first.after.model_copy(update={"status": status})})
    return Subject(code, 1, registered.facts, (put,))


def _fields(fact: Fact) -> dict[str, Any]:
    return {"name": fact.name, "on": fact.on, "by": fact.by, "sets": fact.sets}


def amounts(entries: Iterable[EntityEntry]) -> list[tuple[int, int | None, int | None]]:
    """Return entries as (number, capital before, capital after)."""
    return [
        (
            e.entry,
            e.before.capital_vnd if e.before else None,
            e.after.capital_vnd if e.after else None,
        )
        for e in entries
    ]
