from dataclasses import replace
from datetime import date

import pytest

from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    FileCommand,
    FilingKind,
    ResolveCommand,
    When,
)
from services.petitions.domain.decide import file, may_read_private
from services.petitions.domain.petition import Petition
from services.petitions.domain.refusals import Refusal
from shared.contracts.values import Agency
from tests.unit.petitions.support import DIRECTORY, FILED, RULES, SOURCE, at, filed, standing, take

ENTERPRISE = FileCommand(field="investment", petitioner_kind="enterprise")


def refused(petition: Petition, command: Command, agency: Agency | None = "STC") -> str:
    with pytest.raises(Refusal) as caught:
        take(petition, command, agency)
    assert caught.value.vi
    assert caught.value.en
    return caught.value.code


def refused_filing(command: FileCommand) -> str:
    with pytest.raises(Refusal) as caught:
        file(command, petition_id="KN-1", source=SOURCE, now=at(FILED), rules=RULES)
    assert caught.value.vi
    assert caught.value.en
    return caught.value.code


def test_a_petition_is_settled_only_after_it_was_answered() -> None:
    petition = take(filed(), AssignCommand(), "VPUB").petition
    assert petition.state.agency == "STC"
    assert refused(petition, ResolveCommand("1/STC")) == "wrong_state"
    answered = take(petition, AnswerCommand("1/STC", "explained"), today=date(2026, 3, 12)).petition
    assert (answered.state.status, answered.state.settled_on) == ("answered", None)
    assert answered.state.answered_on == date(2026, 3, 12)
    settled = take(answered, ResolveCommand("2/STC"), today=date(2026, 3, 20)).petition
    assert settled.state.settled_on == date(2026, 3, 20)
    assert settled.state.answered_on == date(2026, 3, 12)
    assert settled.state.outcome == "explained"
    assert settled.state.days_elapsed == 14
    assert settled.version == 4


@pytest.mark.parametrize("agency", ["SXD", "VPUB", None])
@pytest.mark.parametrize(
    ("status", "command"),
    [("assigned", AnswerCommand("1/X")), ("answered", ResolveCommand("1/X"))],
)
def test_only_the_lead_agency_answers_and_settles(
    status: str, command: Command, agency: Agency | None
) -> None:
    petition = standing("assigned" if status == "assigned" else "answered")
    assert refused(petition, command, agency) == "not_lead_agency"


@pytest.mark.parametrize("document", [None, ""])
def test_answering_and_settling_need_a_document_number(document: str | None) -> None:
    assert refused(standing("assigned"), AnswerCommand(document)) == "document_missing"
    assert refused(standing("answered"), ResolveCommand(document)) == "document_missing"


@pytest.mark.parametrize("kind", ["complaint", "denunciation"])
def test_complaints_and_denunciations_are_sent_to_their_own_law(kind: FilingKind) -> None:
    assert refused_filing(replace(ENTERPRISE, kind=kind)) == "not_a_petition"


def test_a_fact_of_tomorrow_is_refused() -> None:
    tomorrow = When(date(2026, 3, 3), "backfill")
    assert refused_filing(replace(ENTERPRISE, when=tomorrow)) == "date_in_future"


def test_a_live_act_cannot_be_dated_back() -> None:
    yesterday = When(date(2026, 3, 1))
    assert refused_filing(replace(ENTERPRISE, when=yesterday)) == "date_needs_backfill"
    assert refused(filed(), AssignCommand(when=yesterday)) == "date_needs_backfill"


def test_history_keeps_its_own_dates() -> None:
    old = When(date(2025, 7, 1), "backfill")
    decision = file(
        replace(ENTERPRISE, when=old), petition_id="KN-1", source=SOURCE, now=at(FILED), rules=RULES
    )
    assert decision.event.origin == "backfill"
    assert decision.petition.state.filed_on == date(2025, 7, 1)
    assert decision.petition.state.due_on == date(2025, 7, 21)


def test_an_act_is_not_before_the_fact_that_it_follows() -> None:
    early = AssignCommand(when=When(date(2026, 3, 1), "backfill"))
    assert refused(filed(), early) == "before_last_fact"


@pytest.mark.parametrize("kind", ["person", "household"])
def test_the_number_of_a_person_is_not_taken_into_an_event(kind: str) -> None:
    command = FileCommand(
        field="tax", petitioner_kind="person" if kind == "person" else "household", entity="x"
    )
    assert refused_filing(command) == "entity_not_for_kind"


def test_a_field_is_named_once() -> None:
    assert refused_filing(replace(ENTERPRISE, other_fields=("investment",))) == "field_repeated"


def test_the_first_field_routes_and_the_others_co_ordinate() -> None:
    petition = filed(replace(ENTERPRISE, field="land", other_fields=("tax", "agriculture")))
    state = take(petition, AssignCommand()).petition.state
    assert (state.agency, state.co_agencies) == ("SNNMT", ("THUE",))


def test_an_officer_may_name_other_agencies() -> None:
    state = take(filed(), AssignCommand("SCT", ("SXD", "SCT", "SXD"))).petition.state
    assert (state.agency, state.co_agencies) == ("SCT", ("SXD",))
    assert refused(filed(), AssignCommand("NOBODY")) == "unknown_agency"
    assert refused(filed(), AssignCommand("SCT", ("NOBODY",))) == "unknown_agency"


def test_the_text_is_read_only_by_those_who_work_on_the_petition() -> None:
    petition = filed(replace(ENTERPRISE, field="land", other_fields=("tax",)))
    before, after = petition.state, take(petition, AssignCommand("SXD")).petition.state

    def readers(state: object) -> set[str]:
        known = ("STC", "VPUB", "SNNMT", "THUE", "SXD", "SCT")
        assert state is before or state is after
        chosen = before if state is before else after
        return {code for code in known if may_read_private(chosen, code, DIRECTORY)}

    assert readers(before) == {"STC", "VPUB", "SNNMT", "THUE"}
    assert readers(after) == {"STC", "VPUB", "THUE", "SXD"}
    assert not may_read_private(after, None, DIRECTORY)
