"""Laws of every history: whatever is tried, in whatever order it becomes known."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import (
    Command,
    Fact,
    Refusal,
    Reorganization,
    Sets,
    Voiding,
    expire,
    facts_from_json,
    facts_to_json,
    load,
    replay,
)
from services.registry.domain.commands import Successor
from services.registry.domain.decide import closed
from shared.contracts.communes import communes
from shared.contracts.envelope import chains, replaces
from tests.unit.registry.support import (
    BRANCH,
    CODE,
    FIRST,
    TODAY,
    Book,
    capital,
    correction,
    plain,
    registration,
)

COMMUNES = sorted(communes())

OTHER = "4900000070"
CODES = (CODE, OTHER, BRANCH, f"{CODE}-002")
days = st.integers(0, 60).map(lambda n: FIRST + timedelta(n))
details = st.sampled_from(
    [Sets(name="Tên khác"), Sets(commune=COMMUNES[1]), Sets(legal_form="joint_stock")]
)
changes: st.SearchStrategy[Command] = st.one_of(
    st.builds(capital, st.integers(1, 9), days),
    st.builds(lambda on, sets: Fact(0, "DetailsChanged", on, sets=sets), days, details),
    st.builds(
        lambda on, n: Fact(0, "EntitySuspended", on, sets=Sets(until=on + timedelta(n))),
        days,
        st.integers(0, 40),
    ),
    st.builds(
        plain,
        st.sampled_from(
            [
                "EntitySuspended",
                "EntityResumed",
                "EntityNotAtAddress",
                "EntityFoundAtAddress",
                "CertificateRevoked",
                "DissolutionStarted",
                "BankruptcyOpened",
                "EntityReinstated",
            ]
        ),
        days,
    ),
    st.builds(
        plain,
        st.just("EntityDissolved"),
        days,
        st.sampled_from(["dissolved", "bankrupt", "revoked", "moved_out"]),
    ),
)
fields = st.one_of(
    days.map(lambda on: {"on": on}),
    st.integers(1, 9).map(lambda vnd: {"capital_vnd": vnd}),
    days.map(lambda on: {"until": on}),
    st.just({"name": "Tên đúng"}),
    st.just({"withdraw": True}),
    st.just({}),
)
corrections: st.SearchStrategy[Command] = st.builds(
    lambda corrects, given: correction(corrects, **given), st.integers(1, 8), fields
)
registrations: st.SearchStrategy[Command] = st.one_of(
    st.builds(registration, st.just("branch"), on=days),
    st.builds(registration, on=days, capital=st.integers(1, 9)),
)
reorganizations: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        lambda on, vnd: Reorganization("merger", on, (CODE, OTHER), (Successor(CODE, None, vnd),)),
        days,
        st.integers(1, 20),
    ),
    st.builds(
        lambda on, vnd: Reorganization(
            "separation",
            on,
            (CODE,),
            (Successor(CODE, None, vnd), Successor(OTHER, registration(capital=4).sets, 4)),
        ),
        days,
        st.integers(1, 20),
    ),
)
moves = st.tuples(
    st.sampled_from(CODES),
    st.one_of(
        changes, changes, changes, corrections, corrections, registrations, reorganizations,
        st.just(Voiding()),
    ),
    st.integers(0, 30),
)  # fmt: skip
acts = st.lists(moves, max_size=30)
Moves = list[tuple[str, Command, int]]


def played(moves: Moves) -> Book:
    """Play moves on days that go on; what is refused leaves everything as it was."""
    book, today = Book(), FIRST + timedelta(61)
    book.act(CODE, registration())
    for code, command, later in moves:
        today = min(today + timedelta(later), TODAY)
        before = {c: s.version for c, s in book.subjects.items()}
        try:
            book.act(code, command, today)
        except Refusal:
            assert {c: s.version for c, s in book.subjects.items()} == before
    return book


@given(acts)
def test_every_event_keeps_the_laws_of_the_contract(moves: Moves) -> None:
    # `Book.act` also parses each event's bytes by the catalogue.
    for decision in played(moves).decisions:
        assert decision.asserts or decision.retracts
        assert chains(decision.asserts)
        assert chains(decision.retracts)
        assert replaces(decision.retracts, decision.asserts)


@given(acts)
def test_what_is_asserted_less_what_is_retracted_is_what_stands(
    moves: Moves,
) -> None:
    book = played(moves)
    for code, subject in book.subjects.items():
        assert tuple(book.standing(code)) == subject.entries
        assert chains(subject.entries)


@given(acts)
def test_sequences_count_from_one_without_gaps(moves: Moves) -> None:
    book = played(moves)
    for code in book.subjects:
        mine = [d.subject.version for d in book.decisions if d.subject.code == code]
        assert mine == list(range(1, len(mine) + 1))


@given(acts)
def test_a_subject_is_the_same_when_it_is_stored_and_loaded(
    moves: Moves,
) -> None:
    for subject in played(moves).subjects.values():
        facts = facts_from_json(facts_to_json(subject.recorded))
        assert load(subject.code, subject.version, facts) == subject
        assert replay(subject.code, subject.facts) == subject.entries


@given(acts)
def test_no_unit_stands_open_under_a_parent_that_has_ended(
    moves: Moves,
) -> None:
    book = played(moves)
    if closed(book.subjects[CODE]):
        assert all(unit.ended for unit in book.branches(CODE))


@given(acts)
def test_after_the_timer_no_suspension_stands_behind_its_last_day(moves: Moves) -> None:
    book = played(moves)
    for subject in list(book.subjects.values()):
        book.keep(expire(subject, TODAY))
        after = book.subjects[subject.code]
        assert expire(after, TODAY) == ()
        if after.until is not None:
            assert after.until >= TODAY
        assert replay(after.code, after.facts) == after.entries


@given(acts)
def test_what_follows_of_the_suspensions_is_there_once_each(moves: Moves) -> None:
    for subject in played(moves).subjects.values():
        ended = [f.ends for f in subject.facts if f.ends is not None]
        assert len(ended) == len(set(ended))
        suspended = {f.number: f for f in subject.facts if f.name == "EntitySuspended"}
        for fact in subject.facts:
            if fact.ends is not None:
                until = suspended[fact.ends].sets.until
                assert until is not None
                assert fact.on == until + timedelta(days=1)


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
