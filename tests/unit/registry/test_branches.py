from datetime import date

import pytest

from services.registry.domain import Refusal
from tests.unit.registry.support import BRANCH, CODE, Book, plain, registration

OTHER = f"{CODE}-002"
JUNE, JULY, AUGUST, SEPTEMBER = (date(2025, month, 1) for month in (6, 7, 8, 9))


def family() -> Book:
    book = Book()
    book.act(CODE, registration())
    book.act(BRANCH, registration("branch"))
    book.act(OTHER, registration("business_location"))
    return book


def statuses(book: Book) -> list[str]:
    return [book.subjects[code].state.status for code in (CODE, BRANCH, OTHER)]


def test_an_end_ends_the_open_units_in_the_same_act_under_one_cause() -> None:
    book = family()
    decisions = book.act(CODE, plain("EntityDissolved", JULY, "bankrupt"))
    assert [(d.subject.code, d.asserts[0].why) for d in decisions] == [
        (CODE, "bankrupt"),
        (BRANCH, "parent_ended"),
        (OTHER, "parent_ended"),
    ]
    assert len({d.cause for d in decisions}) == 1
    assert decisions[0].cause is not None


def test_a_unit_that_ended_by_itself_is_not_ended_again_and_does_not_come_back() -> None:
    book = family()
    book.act(OTHER, plain("EntityDissolved", JUNE, "dissolved"))
    assert len(book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))) == 2
    decisions = book.act(CODE, plain("EntityReinstated", AUGUST))
    assert [d.subject.code for d in decisions] == [CODE, BRANCH]
    assert len({d.cause for d in decisions}) == 1
    assert statuses(book) == ["active", "active", "ended"]


def test_a_second_reinstatement_brings_back_only_what_ended_with_the_second_end() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JUNE, "dissolved"))
    book.act(CODE, plain("EntityReinstated", JULY))
    book.act(OTHER, plain("EntityDissolved", JULY, "revoked"))
    book.act(CODE, plain("EntityDissolved", AUGUST, "dissolved"))
    assert [d.subject.code for d in book.act(CODE, plain("EntityReinstated", SEPTEMBER))] == [
        CODE,
        BRANCH,
    ]


def test_a_unit_that_ended_with_its_parent_does_not_come_back_alone() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    with pytest.raises(Refusal, match="ended_with_parent"):
        book.act(BRANCH, plain("EntityReinstated", AUGUST))


def test_a_unit_does_not_come_back_while_its_parent_has_ended() -> None:
    book = family()
    book.act(BRANCH, plain("EntityDissolved", JUNE, "dissolved"))
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    with pytest.raises(Refusal, match="parent_ended"):
        book.act(BRANCH, plain("EntityReinstated", AUGUST))


def test_an_end_before_a_unit_was_registered_is_refused_whole() -> None:
    later = family()
    later.act(f"{CODE}-003", registration("branch", on=AUGUST))
    with pytest.raises(Refusal) as refused:
        later.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    assert refused.value.code == "before_registration"
    assert refused.value.facts["code"] == f"{CODE}-003"
    assert statuses(later) == ["active", "active", "active"]


def test_a_unit_of_an_ended_parent_is_refused() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    for on in (JULY, AUGUST):
        with pytest.raises(Refusal, match="parent_ended"):
            book.act(f"{CODE}-003", registration("branch", on=on))


def test_a_unit_reported_after_the_end_of_its_parent_ended_with_it() -> None:
    book = family()
    (end, *_) = book.act(CODE, plain("EntityDissolved", AUGUST, "dissolved"))
    decisions = book.act(f"{CODE}-003", registration("branch", on=JULY))
    assert [(d.name, d.subject.version) for d in decisions] == [
        ("BranchRegistered", 1),
        ("EntityDissolved", 2),
    ]
    assert decisions[1].cause == end.cause
    book.act(CODE, plain("EntityReinstated", SEPTEMBER))
    assert book.subjects[f"{CODE}-003"].state.status == "active"


def test_the_own_end_of_a_unit_reported_late_takes_the_place_of_its_parents() -> None:
    book = family()
    book.act(CODE, plain("EntityDissolved", JULY, "dissolved"))
    (own,) = book.act(BRANCH, plain("EntityDissolved", JUNE, "dissolved"))
    assert [(e.on, e.why) for e in own.retracts] == [(JULY, "parent_ended")]
    assert [(e.on, e.why) for e in own.asserts] == [(JUNE, "dissolved")]
    book.act(CODE, plain("EntityReinstated", AUGUST))
    assert statuses(book) == ["active", "ended", "active"]


@pytest.mark.parametrize(
    ("code", "kind", "parent", "refusal"),
    [
        ("4900000070-001", "branch", "4900000070", "unknown_parent"),
        (f"{CODE}-003", "branch", "4900000070", "parent_misfit"),
        ("4900000070", "branch", CODE, "code_misfit"),
        (f"{CODE}-003", "enterprise", None, "code_misfit"),
        ("THT-0000000001", "enterprise", None, "code_misfit"),
    ],
)
def test_the_code_of_a_unit_is_its_parents_with_three_digits(
    code: str, kind: str, parent: str | None, refusal: str
) -> None:
    with pytest.raises(Refusal, match=refusal):
        family().act(code, registration(kind, parent=parent))  # type: ignore[arg-type]


def test_a_unit_older_than_its_parent_is_refused() -> None:
    with pytest.raises(Refusal, match="before_parent"):
        family().act(f"{CODE}-003", registration("branch", on=date(2025, 3, 9)))


def test_a_group_may_have_an_internal_code() -> None:
    book = Book()
    book.act("THT-0000000001", registration("cooperative_group"))
    assert book.subjects["THT-0000000001"].state.legal_form == "cooperative_group"
