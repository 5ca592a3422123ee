from datetime import date
from typing import get_args

import pytest

from services.registry.domain import TRANSITIONS, Fact, Refusal, Sets
from services.registry.domain.decide import decide
from services.registry.domain.refusals import FACT_VI, KIND_VI, STATUS_VI
from shared.contracts.registry import EntityFact
from shared.contracts.values import DEPENDENT_KINDS, EntityKind, EntityStatus
from tests.unit.registry.support import put_into

STATUSES: tuple[EntityStatus, ...] = get_args(EntityStatus)
KINDS: tuple[EntityKind, ...] = get_args(EntityKind)
LATER = date(2025, 6, 1)

# Fact -> status before -> status after, written out beside the table that it checks.
ALLOWED: dict[EntityFact, dict[EntityStatus, EntityStatus]] = {
    "CapitalChanged": {
        "active": "active",
        "suspended": "suspended",
        "not_at_address": "not_at_address",
    },
    "EntitySuspended": {"active": "suspended", "not_at_address": "suspended"},
    "EntityResumed": {"suspended": "active"},
    "DissolutionStarted": {
        "active": "dissolving",
        "suspended": "dissolving",
        "not_at_address": "dissolving",
        "certificate_revoked": "dissolving",
    },
    "EntityDissolved": {
        "active": "ended",
        "suspended": "ended",
        "not_at_address": "ended",
        "certificate_revoked": "ended",
        "dissolving": "ended",
        "in_bankruptcy": "ended",
    },
    "EntityReinstated": {"ended": "active"},
}
BEGINNINGS = {"EnterpriseRegistered", "CooperativeRegistered", "BranchRegistered"}


def change(name: EntityFact) -> Fact:
    if name == "CapitalChanged":
        return Fact(0, name, LATER, sets=Sets(capital_vnd=15))
    return Fact(0, name, LATER, why="dissolved" if name == "EntityDissolved" else None)


def test_the_table_has_every_fact_that_is_tested_here() -> None:
    assert set(TRANSITIONS) == {*ALLOWED, *BEGINNINGS}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", ALLOWED)
def test_a_fact_is_allowed_from_exactly_these_statuses(
    name: EntityFact, status: EntityStatus, kind: EntityKind
) -> None:
    subject = put_into(kind, status)
    if name == "CapitalChanged" and kind in DEPENDENT_KINDS:
        with pytest.raises(Refusal, match="kind_forbids"):
            decide(subject, change(name))
    elif status in ALLOWED[name]:
        after = decide(subject, change(name)).subject
        assert after.state.status == ALLOWED[name][status]
        assert after.version == subject.version + 1
    else:
        with pytest.raises(Refusal) as refused:
            decide(subject, change(name))
        assert refused.value.code == "status_forbids"
        assert refused.value.facts["status"] == status
        assert refused.value.facts["fact"] == name
        assert STATUS_VI[status] in refused.value.vi


@pytest.mark.parametrize("name", BEGINNINGS)
@pytest.mark.parametrize("status", STATUSES)
def test_what_is_registered_is_not_registered_again(name: EntityFact, status: EntityStatus) -> None:
    with pytest.raises(Refusal, match="already_registered"):
        decide(put_into("enterprise", status), Fact(0, name, LATER))


@pytest.mark.parametrize("kind", sorted(DEPENDENT_KINDS))
def test_a_dependent_unit_does_not_go_bankrupt(kind: EntityKind) -> None:
    with pytest.raises(Refusal, match="kind_forbids"):
        decide(put_into(kind, "active"), Fact(0, "EntityDissolved", LATER, why="bankrupt"))


def test_every_word_of_the_published_vocabularies_has_a_vietnamese_one() -> None:
    assert set(STATUS_VI) == set(STATUSES)
    assert set(KIND_VI) == set(KINDS)
    assert set(FACT_VI) == set(get_args(EntityFact))
