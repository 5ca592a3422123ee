"""The whole table, written out once more: fact by status by kind."""

from datetime import date
from typing import get_args

import pytest

from services.registry.domain import TRANSITIONS, Fact, Refusal, Sets
from services.registry.domain.record import add
from services.registry.domain.refusals import FACT_VI, KIND_VI, STATUS_VI, WHY_VI
from shared.contracts.registry import EntityFact
from shared.contracts.values import DEPENDENT_KINDS, EndedWhy, EntityKind, EntityStatus
from tests.unit.registry.support import TODAY, put_into, registration

STATUSES: tuple[EntityStatus, ...] = get_args(EntityStatus)
KINDS: tuple[EntityKind, ...] = get_args(EntityKind)
LATER = date(2025, 6, 1)
A, S, N, C, D, R, B, E = (
    "active",
    "suspended",
    "not_at_address",
    "certificate_revoked",
    "dissolving",
    "reorganized",
    "in_bankruptcy",
    "ended",
)
# Fact -> status before -> status after, written out beside the table that it checks.
ALLOWED: dict[str, dict[str, str]] = {
    "CapitalChanged": {A: A, S: S, N: N},
    "DetailsChanged": {A: A, S: S, N: N},
    "EntitySuspended": {A: S, N: S},
    "EntityResumed": {S: A},
    # The tax agency's mark is ignored while 2, 4, 5, 6 or 7 holds.
    "EntityNotAtAddress": {A: N, S: S, C: C, D: D, R: R, B: B, E: E},
    "EntityFoundAtAddress": {N: A, S: S, C: C, D: D, R: R, B: B, E: E},
    "CertificateRevoked": {A: C, S: C, N: C},
    "DissolutionStarted": {A: D, S: D, N: D, C: D},
    "BankruptcyOpened": {A: B, S: B, N: B, C: B, D: B},
    "EntityDissolved.dissolved": {A: E, S: E, N: E, C: E, D: E, B: E},
    "EntityDissolved.revoked": {A: E, S: E, N: E, C: E, D: E, B: E},
    "EntityDissolved.bankrupt": {A: E, S: E, N: E, C: E, D: E, B: E},
    "EntityDissolved.parent_ended": {A: E, S: E, N: E, C: E, D: E, B: E},
    "EntityDissolved.moved_out": {A: E, S: E, N: E},
    "EntityDissolved.merged": {A: R, S: R, N: R},
    "EntityDissolved.consolidated": {A: R, S: R, N: R},
    "EntityDissolved.divided": {A: R, S: R, N: R},
    "EntityReinstated": {E: A, C: A},
}
ONLY_PARENTS = {
    "CapitalChanged",
    "BankruptcyOpened",
    "EntityDissolved.bankrupt",
    "EntityDissolved.moved_out",
    "EntityDissolved.merged",
    "EntityDissolved.consolidated",
    "EntityDissolved.divided",
}
ONLY_UNITS = {"EntityDissolved.parent_ended"}
BEGINNINGS = {"EnterpriseRegistered", "CooperativeRegistered", "BranchRegistered", "EntityMovedIn"}
CELLS = [(rule, status, kind) for rule in ALLOWED for status in STATUSES for kind in KINDS]


def change(rule: str) -> Fact:
    name, _, why = rule.partition(".")
    sets = {
        "CapitalChanged": Sets(capital_vnd=15),
        "DetailsChanged": Sets(name="Tên khác"),
    }.get(name, Sets())
    return Fact(0, name, LATER, why=why or None, sets=sets)  # type: ignore[arg-type]


def test_the_table_has_every_fact_and_every_end_of_the_contract() -> None:
    assert set(TRANSITIONS) == {*ALLOWED, *BEGINNINGS}
    assert {rule.partition(".")[0] for rule in TRANSITIONS} == set(get_args(EntityFact))
    ends = {rule.partition(".")[2] for rule in TRANSITIONS if "." in rule}
    assert ends == set(get_args(EndedWhy))


@pytest.mark.parametrize(("rule", "status", "kind"), CELLS)
def test_a_fact_is_allowed_from_exactly_these_statuses(
    rule: str, status: EntityStatus, kind: EntityKind
) -> None:
    subject = put_into(kind, status)
    fact = change(rule)
    foreign = ONLY_PARENTS if kind in DEPENDENT_KINDS else ONLY_UNITS
    if rule in foreign:
        with pytest.raises(Refusal, match="kind_forbids"):
            add(subject, fact, TODAY)
    elif status in ALLOWED[rule]:
        (decision,) = add(subject, fact, TODAY)
        assert decision.subject.state.status == ALLOWED[rule][status]
        assert decision.subject.version == subject.version + 1
    else:
        with pytest.raises(Refusal) as refused:
            add(subject, fact, TODAY)
        assert refused.value.code == "status_forbids"
        assert refused.value.facts["status"] == status
        assert refused.value.facts["fact"] == fact.name
        allowed = str(refused.value.facts["allowed"]).split(",")
        effective = {s for s in allowed if s in ALLOWED[rule]}
        assert effective == set(allowed)
        for word in (status, *allowed):
            assert STATUS_VI[word] in refused.value.vi
            assert word in refused.value.en


@pytest.mark.parametrize("name", sorted(BEGINNINGS))
@pytest.mark.parametrize("status", STATUSES)
def test_what_is_registered_is_not_registered_again(name: EntityFact, status: EntityStatus) -> None:
    fact = Fact(0, name, LATER, sets=registration().sets)
    with pytest.raises(Refusal, match="already_registered"):
        add(put_into("enterprise", status), fact, TODAY)


def test_who_moved_out_may_move_in_again() -> None:
    gone = put_into("enterprise", "ended", "moved_out")
    (back,) = add(gone, Fact(0, "EntityMovedIn", LATER, sets=registration().sets), TODAY)
    assert back.subject.state.status == "active"
    assert back.asserts[0].before is not None


@pytest.mark.parametrize("why", ["moved_out", "merged", "consolidated", "divided"])
def test_some_ends_are_not_reinstated(why: EndedWhy) -> None:
    with pytest.raises(Refusal, match=r"not_reinstatable|status_forbids"):
        add(put_into("enterprise", "ended", why), change("EntityReinstated"), TODAY)


def test_every_word_of_the_published_vocabularies_has_a_vietnamese_one() -> None:
    assert set(STATUS_VI) == set(STATUSES)
    assert set(KIND_VI) == set(KINDS)
    assert set(FACT_VI) == set(get_args(EntityFact))
    assert set(WHY_VI) == set(get_args(EndedWhy))
