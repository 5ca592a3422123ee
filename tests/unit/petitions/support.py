"""Petitions to begin from."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

from services import petitions
from services.petitions.domain import decide
from services.petitions.domain.calendar import Calendar, Moment
from services.petitions.domain.commands import (
    AnswerCommand,
    AssignCommand,
    Command,
    CorrectCommand,
    Corrected,
    DuplicateCommand,
    ExtendCommand,
    FileCommand,
    ReasonedCommand,
    ResolveCommand,
    ReviewCommand,
    SystemCommand,
    TransferCommand,
)
from services.petitions.domain.petition import Decision, Known, Line, Petition
from services.petitions.domain.routing import Directory
from services.petitions.domain.rules import SYSTEM, Actor, Rules
from services.petitions.domain.workflow import Action
from shared.contracts.communes import communes
from shared.contracts.envelope import Source
from shared.contracts.values import PetitionStatus

DATA = Path(petitions.__file__).parent / "data"
DIRECTORY = Directory.read((DATA / "agencies.json").read_bytes(), communes())
CALENDAR = Calendar.read((DATA / "calendar.json").read_bytes())
RULES = Rules(DIRECTORY, CALENDAR)
SOURCE = Source(system="tester", reference="T-1")
FILED = date(2026, 3, 2)
NOTHING = Known()
SCOPES = frozenset({"petitions:file", "petitions:handle", "petitions:review"})
COMMANDS: dict[Action, Command] = {
    "assign": AssignCommand(),
    "transfer": TransferCommand("SXD", "thuộc thẩm quyền Sở Xây dựng"),
    "request_supplement": ReasonedCommand("request_supplement", "thiếu hồ sơ"),
    "receive_supplement": ReasonedCommand("receive_supplement"),
    "extend": ExtendCommand(10, "phức tạp", "Điều 7"),
    "answer": AnswerCommand(document="12/STC-DN"),
    "resolve": ResolveCommand(document="13/STC-DN", outcome="accepted"),
    "confirm": ReasonedCommand("confirm"),
    "dispute": ReasonedCommand("dispute", "chưa đúng"),
    "reopen": ReasonedCommand("reopen", "phát sinh mới"),
    "reject": ReasonedCommand("reject", "không thuộc phạm vi"),
    "refer": ReasonedCommand("refer", "thẩm quyền của Bộ"),
    "take_back": ReasonedCommand("take_back"),
    "withdraw": ReasonedCommand("withdraw"),
    "mark_duplicate": DuplicateCommand("KN-2026-000009"),
    "review": ReviewCommand("trả lời ngay", date(2100, 1, 1)),
    "correct": CorrectCommand("gõ nhầm", Corrected(field="land")),
    "redate": SystemCommand("redate"),
    "overdue": SystemCommand("overdue"),
    "escalate": SystemCommand("escalate"),
}


def at(day: date, hour: int = 9, minute: int = 0) -> Moment:
    """Return a moment of a day, in the morning unless said otherwise."""
    return Moment(day, time(hour, minute))


def by(agency: str | None = "STC", *, petitioner: bool = False) -> Actor:
    """Return an actor of an agency who has every scope."""
    return Actor(agency, SCOPES, petitioner)


def filed(command: FileCommand | None = None, on: date = FILED, rules: Rules = RULES) -> Petition:
    """Return a petition that was just filed."""
    asked = command or FileCommand(field="investment", petitioner_kind="enterprise")
    return decide.file(
        asked, petition_id="KN-2026-000001", source=SOURCE, now=at(on), rules=rules
    ).petition


def take(
    petition: Petition,
    command: Command,
    agency: str | None = "STC",
    today: date | Moment = FILED,
    *,
    petitioner: bool = False,
    rules: Rules = RULES,
    known: Known = NOTHING,
) -> Decision:
    """Take an action; the clock's own are taken by the clock."""
    return decide.act(
        petition,
        command,
        actor=SYSTEM if isinstance(command, SystemCommand) else by(agency, petitioner=petitioner),
        source=SOURCE,
        now=today if isinstance(today, Moment) else at(today),
        rules=rules,
        known=known,
    )


def standing(status: PetitionStatus) -> Petition:
    """Return a petition put into a status, whatever way leads there; STC leads unless filed."""
    petition = filed()
    agency = None if status == "filed" else "STC"
    answered_on = FILED if status in {"answered", "resolved"} else None
    state = petition.state.model_copy(
        update={
            "status": status,
            "agency": agency,
            "answered_on": answered_on,
            "settled_on": FILED if status == "resolved" else None,
        }
    )
    return replace(petition, version=4, entries=4, state=state)


def line(decision: Decision) -> Line:
    """Return the line of the ledger that a decision added."""
    (entry,) = decision.event.asserts
    return Line(decision.event.sequence, entry, decision.petition.workings)
