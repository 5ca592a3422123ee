"""Laws of every history: whatever is tried, in whatever order it becomes known."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import (
    Fact,
    Refusal,
    facts_from_json,
    facts_to_json,
    load,
    replay,
)
from shared.contracts.envelope import chains, replaces
from tests.unit.registry.support import BRANCH, CODE, FIRST, Book, capital, plain, registration

days = st.integers(0, 60).map(lambda n: FIRST + timedelta(n))
changes = st.one_of(
    st.builds(capital, st.integers(1, 9), days),
    st.builds(plain, st.sampled_from(["EntitySuspended", "EntityResumed"]), days),
    st.builds(plain, st.sampled_from(["DissolutionStarted", "EntityReinstated"]), days),
    st.builds(
        plain,
        st.just("EntityDissolved"),
        days,
        st.sampled_from(["dissolved", "bankrupt", "revoked"]),
    ),
)
acts = st.lists(
    st.tuples(
        st.sampled_from([CODE, CODE, BRANCH, f"{CODE}-002"]),
        st.one_of(changes, st.builds(registration, st.just("branch"), on=days)),
    ),
    max_size=25,
)


def played(moves: list[tuple[str, Fact]]) -> Book:
    book = Book()
    book.act(CODE, registration())
    for code, fact in moves:
        before = {c: s.version for c, s in book.subjects.items()}
        try:
            book.act(code, fact)
        except Refusal:
            assert {c: s.version for c, s in book.subjects.items()} == before
    return book


@given(acts)
def test_every_event_keeps_the_laws_of_the_contract(moves: list[tuple[str, Fact]]) -> None:
    # `Book.act` also parses each event's bytes by the catalogue.
    for decision in played(moves).decisions:
        assert decision.asserts
        assert chains(decision.asserts)
        assert chains(decision.retracts)
        assert replaces(decision.retracts, decision.asserts)


@given(acts)
def test_what_is_asserted_less_what_is_retracted_is_what_stands(
    moves: list[tuple[str, Fact]],
) -> None:
    book = played(moves)
    for code, subject in book.subjects.items():
        assert tuple(book.standing(code)) == subject.entries
        assert chains(subject.entries)


@given(acts)
def test_sequences_count_from_one_without_gaps(moves: list[tuple[str, Fact]]) -> None:
    book = played(moves)
    for code in book.subjects:
        mine = [d.subject.version for d in book.decisions if d.subject.code == code]
        assert mine == list(range(1, len(mine) + 1))


@given(acts)
def test_a_subject_is_the_same_when_it_is_stored_and_loaded(
    moves: list[tuple[str, Fact]],
) -> None:
    for subject in played(moves).subjects.values():
        facts = facts_from_json(facts_to_json(subject.facts))
        assert load(subject.code, subject.version, facts) == subject
        assert replay(subject.code, facts) == subject.entries


@given(acts)
def test_no_unit_stands_open_under_a_parent_that_has_ended(
    moves: list[tuple[str, Fact]],
) -> None:
    book = played(moves)
    if book.subjects[CODE].ended:
        assert all(unit.ended for unit in book.branches(CODE))


@given(st.permutations([2, 3, 4]), st.lists(days, min_size=3, max_size=3, unique=True))
def test_changes_known_in_any_order_leave_the_same_history(
    amounts: list[int], on: list[date]
) -> None:
    facts = [capital(amount, day) for amount, day in zip(amounts, on, strict=True)]
    books = []
    for order in (facts, facts[::-1]):
        book = Book()
        book.act(CODE, registration(capital=1))
        for fact in order:
            book.act(CODE, fact)
        books.append(book)
    histories = [[(e.on, e.before, e.after) for e in book.subjects[CODE].entries] for book in books]
    assert histories[0] == histories[1]
