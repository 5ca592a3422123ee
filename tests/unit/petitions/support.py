"""Petitions to begin from."""

from datetime import date
from pathlib import Path

from services import petitions
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    FileCommand,
    ResolveCommand,
)
from services.petitions.domain.decide import Petition, file
from services.petitions.domain.routing import Directory
from services.petitions.domain.workflow import Action
from shared.contracts.communes import communes
from shared.contracts.envelope import Source
from shared.contracts.values import PetitionStatus

AGENCIES = Path(petitions.__file__).parent / "data" / "agencies.json"
DIRECTORY = Directory.read(AGENCIES.read_bytes(), communes())
SOURCE = Source(system="tester", reference="T-1")
FILED = date(2026, 3, 2)
COMMANDS: dict[Action, Command] = {
    "assign": AssignCommand(),
    "answer": AnswerCommand(document="12/STC-DN"),
    "resolve": ResolveCommand(document="13/STC-DN", outcome="accepted"),
}


def filed(command: FileCommand | None = None, on: date = FILED) -> Petition:
    """Return a petition that was just filed."""
    asked = command or FileCommand(field="investment", petitioner_kind="enterprise")
    return file(asked, petition_id="KN-2026-000001", source=SOURCE, today=on).petition


def standing(status: PetitionStatus) -> Petition:
    """Return a petition put into a status, whatever way leads there; STC leads unless filed."""
    petition = filed()
    agency = None if status == "filed" else "STC"
    state = petition.state.model_copy(update={"status": status, "agency": agency})
    return Petition(petition.id, 4, 4, petition.last_on, state)
