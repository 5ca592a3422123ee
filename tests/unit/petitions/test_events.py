"""Whatever is done with a petition, what is published holds the contract's laws."""

from datetime import date, timedelta
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    FileCommand,
    ResolveCommand,
    When,
)
from services.petitions.domain.decide import Decision, act, file
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workflow import WORKFLOW
from shared.contracts.catalogue import event_type, parse
from shared.contracts.envelope import chains
from shared.contracts.petitions import PetitionEntry
from shared.contracts.topics import PETITION_EVENTS_TOPIC
from shared.contracts.values import PetitionerKind, PetitionField, PetitionOutcome
from tests.unit.petitions.support import DIRECTORY, SOURCE

TODAY = date(2026, 11, 23)
FIELDS: list[PetitionField] = list(get_args(PetitionField))
KINDS: list[PetitionerKind] = list(get_args(PetitionerKind))
OUTCOMES: list[PetitionOutcome] = list(get_args(PetitionOutcome))
DATES = st.dates(date(2025, 1, 1), TODAY + timedelta(days=3))
WHENS = st.one_of(
    st.just(When()), st.builds(When, on=DATES, origin=st.sampled_from(["live", "backfill"]))
)
AGENCIES = st.sampled_from(["STC", "SXD", "SNNMT", "NOBODY"])
DOCUMENTS = st.sampled_from([None, "", "12/STC-DN"])
STATED = st.one_of(st.none(), st.sampled_from(OUTCOMES))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        AssignCommand,
        agency=st.one_of(st.none(), AGENCIES),
        co_agencies=st.one_of(st.none(), st.lists(AGENCIES, max_size=3).map(tuple)),
        when=WHENS,
    ),
    st.builds(AnswerCommand, document=DOCUMENTS, outcome=STATED, when=WHENS),
    st.builds(ResolveCommand, document=DOCUMENTS, outcome=STATED, when=WHENS),
)
FILINGS = st.builds(
    FileCommand,
    field=st.sampled_from(FIELDS),
    petitioner_kind=st.sampled_from(KINDS),
    other_fields=st.lists(st.sampled_from(FIELDS), max_size=3).map(tuple),
    entity=st.sampled_from([None, "4900000017"]),
    session=st.sampled_from([None, "HN-2025-09"]),
    kind=st.sampled_from(["petition", "feedback", "complaint"]),
    when=WHENS,
)


@settings(max_examples=300, deadline=None)
@given(filing=FILINGS, commands=st.lists(st.tuples(COMMANDS, st.booleans()), max_size=12))
def test_every_walk_publishes_a_chain_that_the_contract_accepts(
    filing: FileCommand, commands: list[tuple[Command, bool]]
) -> None:
    decisions: list[Decision] = []
    try:
        decisions.append(file(filing, petition_id="KN-2026-1", source=SOURCE, today=TODAY))
    except Refusal:
        return
    for command, is_lead in commands:
        petition = decisions[-1].petition
        try:
            decisions.append(
                act(
                    petition,
                    command,
                    agency=petition.state.agency if is_lead else "VPUB",
                    source=SOURCE,
                    today=TODAY,
                    directory=DIRECTORY,
                )
            )
        except Refusal:
            continue
    _obeys_the_contract(decisions)
    _obeys_the_table(decisions)


def _obeys_the_contract(decisions: list[Decision]) -> None:
    entries: list[PetitionEntry] = []
    for number, decision in enumerate(decisions, start=1):
        data = decision.event.model_dump_json().encode()
        parsed = parse(event_type(decision.name), data, PETITION_EVENTS_TOPIC.name)
        assert parsed == decision.event
        assert parsed.sequence == number
        assert parsed.state == decision.petition.state
        entries += parsed.asserts
    assert chains(entries)
    assert [entry.entry for entry in entries] == list(range(1, len(entries) + 1))


def _obeys_the_table(decisions: list[Decision]) -> None:
    status = None
    elapsed = 0
    for decision in decisions:
        state = decision.petition.state
        assert decision.step in WORKFLOW
        assert decision.step.source == status
        assert state.days_elapsed >= elapsed
        assert (state.answered_on is not None) == (state.status in {"answered", "resolved"})
        assert (state.settled_on is not None) == (state.status == "resolved")
        status, elapsed = state.status, state.days_elapsed
