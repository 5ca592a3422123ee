"""Mergers, consolidations, divisions, separations; moves; parents seated elsewhere."""

from datetime import date
from typing import Any

import msgspec
import pytest

from services.registry.domain import Decision, Fact, Refusal, Reorganization, Voiding
from services.registry.domain.commands import Successor
from tests.unit.registry.support import (
    BRANCH,
    CODE,
    FIRST,
    Book,
    capital,
    correction,
    plain,
)
from tests.unit.registry.support import (
    registration as first,
)

A, B, C, D = CODE, "4900000070", "4900000024", "4900000031"
MAY, JUNE, JULY = (date(2025, month, 1) for month in (5, 6, 7))


def book_of(*codes: str) -> Book:
    book = Book()
    for code in codes:
        book.act(code, first(capital=10))
    return book


def lives(code: str, amount: int | None = None) -> Successor:
    return Successor(code, None, amount)


def new(code: str, amount: int = 5) -> Successor:
    return Successor(code, first(capital=amount).sets, amount)


def reorganize(
    book: Book, kind: Any, predecessors: tuple[str, ...], *successors: Successor
) -> tuple[Decision, ...]:
    act = Reorganization(kind, JUNE, predecessors, successors)
    return book.act(predecessors[0], act)


def told(decisions: tuple[Decision, ...]) -> list[tuple[str, str, str | None]]:
    found: list[tuple[str, str, str | None]] = []
    for decision in decisions:
        entry = decision.asserts[-1]
        found.append((decision.subject.code, decision.name, entry.why or entry.by))
    return found


def total(book: Book) -> tuple[int, int]:
    open_ = [s.state for s in book.subjects.values() if not s.ended and s.state.parent is None]
    return len(open_), sum(state.capital_vnd or 0 for state in open_)


def test_a_merger_ends_one_with_its_units_and_raises_the_other() -> None:
    book = book_of(A, B)
    book.act(f"{B}-001", first("branch", parent=B))
    decisions = reorganize(book, "merger", (A, B), lives(A, 18))
    assert told(decisions) == [
        (A, "CapitalChanged", None),
        (B, "EntityDissolved", "merged"),
        (f"{B}-001", "EntityDissolved", "parent_ended"),
    ]
    assert book.subjects[B].state.status == "reorganized"
    assert total(book) == (1, 18)
    assert len({d.cause for d in decisions}) == 1
    assert decisions[0].cause is not None


def test_a_consolidation_a_division_and_a_separation() -> None:
    book = book_of(A, B)
    assert told(reorganize(book, "consolidation", (A, B), new(C, 20))) == [
        (A, "EntityDissolved", "consolidated"),
        (B, "EntityDissolved", "consolidated"),
        (C, "EnterpriseRegistered", "consolidation"),
    ]
    assert total(book) == (1, 20)
    book = book_of(A)
    assert told(reorganize(book, "division", (A,), new(B), new(C))) == [
        (A, "EntityDissolved", "divided"),
        (B, "EnterpriseRegistered", "division"),
        (C, "EnterpriseRegistered", "division"),
    ]
    assert total(book) == (2, 10)
    book = book_of(A)
    assert told(reorganize(book, "separation", (A,), lives(A, 7), new(B, 3))) == [
        (A, "CapitalChanged", None),
        (B, "EnterpriseRegistered", "separation"),
    ]
    assert total(book) == (2, 10)


def test_whoever_lives_on_with_the_same_capital_has_no_event() -> None:
    book = book_of(A, B)
    assert [d.subject.code for d in reorganize(book, "merger", (A, B), lives(A))] == [B]


@pytest.mark.parametrize(
    ("kind", "predecessors", "successors"),
    [
        ("merger", (A,), (lives(A),)),
        ("merger", (A, B), (new(C),)),
        ("merger", (A, A), (lives(A),)),
        ("merger", (A, B), (lives(C),)),
        ("consolidation", (A, B), (lives(A),)),
        ("consolidation", (A, B), (new(C), new(D))),
        ("division", (A,), (new(B),)),
        ("division", (A,), (new(C), new(C))),
        ("division", (A,), (lives(A), new(C))),
        ("separation", (A,), (lives(A),)),
        ("separation", (A,), (new(C), new(D))),
        ("division", (A,), (new(C), Successor(D, first("cooperative").sets, 1))),
    ],
)
def test_what_is_none_of_its_kind_is_refused(kind: Any, predecessors: Any, successors: Any) -> None:
    book = book_of(A, B)
    with pytest.raises(Refusal, match="reorganization_misfit"):
        reorganize(book, kind, predecessors, *successors)
    assert total(book) == (2, 20)


@pytest.mark.parametrize(
    ("spoil", "kind", "successors", "code"),
    [
        (plain("DissolutionStarted", MAY), "merger", (lives(A, 18),), "status_forbids"),
        (plain("DissolutionStarted", MAY), "merger", (lives(A),), "status_forbids"),
        (plain("EntityDissolved", MAY, "revoked"), "consolidation", (new(C),), "status_forbids"),
        (None, "consolidation", (new(D),), "already_registered"),
    ],
)
def test_one_that_may_not_refuses_the_whole_act(
    spoil: Fact | None, kind: Any, successors: Any, code: str
) -> None:
    book = book_of(A, B, D)
    if spoil is not None:
        book.act(A, spoil)
    before = {c: s.version for c, s in book.subjects.items()}
    with pytest.raises(Refusal) as refused:
        reorganize(book, kind, (A, B), *successors)
    assert refused.value.code == code
    assert {c: s.version for c, s in book.subjects.items()} == before


def test_who_was_reorganized_neither_changes_nor_comes_back() -> None:
    book = book_of(A, B)
    reorganize(book, "merger", (A, B), lives(A, 18))
    for fact in (capital(3, JULY), plain("EntityReinstated", JULY)):
        with pytest.raises(Refusal, match="status_forbids"):
            book.act(B, fact)


def test_a_part_of_a_reorganization_is_corrected_in_its_amounts_alone() -> None:
    book = book_of(A, B)
    reorganize(book, "merger", (A, B), lives(A, 18))
    (event,) = book.act(A, correction(2, capital_vnd=19))
    assert event.cause == book.decisions[2].cause
    assert book.subjects[A].state.capital_vnd == 19
    for code, command in (
        (A, correction(2, on=JULY)),
        (A, correction(2, withdraw=True)),
        (B, correction(2, on=JULY)),
        (B, correction(2, withdraw=True)),
        (A, Voiding()),
        (B, Voiding()),
    ):
        with pytest.raises(Refusal, match="part_of_reorganization"):
            book.act(code, command)


def moved_in(on: date) -> Fact:
    sets = msgspec.structs.replace(first(capital=10).sets, registered_on=date(2009, 4, 27))
    return Fact(0, "EntityMovedIn", on, sets=sets)


def test_who_moves_in_is_registered_as_of_its_first_certificate() -> None:
    book = Book()
    (decision,) = book.act(A, moved_in(MAY))
    assert decision.subject.state.registered_on == date(2009, 4, 27)
    assert decision.asserts[0].on == MAY
    with pytest.raises(Refusal, match="already_registered"):
        book.act(A, moved_in(JUNE))
    book.act(A, plain("EntityDissolved", JUNE, "moved_out"))
    book.act(A, moved_in(JULY))
    assert book.subjects[A].state.status == "active"


def test_the_units_of_who_moves_out_stay_and_more_may_be_registered() -> None:
    book = book_of(A)
    book.act(BRANCH, first("branch"))
    assert len(book.act(A, plain("EntityDissolved", MAY, "moved_out"))) == 1
    assert book.subjects[BRANCH].state.status == "active"
    book.act(f"{A}-002", first("branch", on=JUNE))
    book.act(BRANCH, plain("EntityDissolved", JUNE, "dissolved"))
    book.act(BRANCH, plain("EntityReinstated", JULY))
    assert not book.subjects[BRANCH].ended


def elsewhere(on: date = FIRST) -> Fact:
    fact = first("branch", on=on, parent=A)
    return msgspec.structs.replace(fact, sets=msgspec.structs.replace(fact.sets, elsewhere=True))


def test_a_parent_seated_elsewhere_needs_only_its_code_until_it_moves_in() -> None:
    book = Book()
    book.act(BRANCH, elsewhere())
    assert book.subjects[BRANCH].state.parent == A
    with pytest.raises(Refusal, match="parent_misfit"):
        book.act("4900000070-001", elsewhere())
    book.act(A, moved_in(MAY))
    assert len(book.act(A, plain("EntityDissolved", JUNE, "revoked"))) == 2
    assert book.subjects[BRANCH].ended


def test_a_revoked_certificate_comes_back_without_touching_units() -> None:
    book = book_of(A)
    book.act(BRANCH, first("branch"))
    book.act(A, plain("CertificateRevoked", MAY))
    assert len(book.act(A, plain("EntityReinstated", JUNE))) == 1
    assert book.subjects[A].state.status == "active"
