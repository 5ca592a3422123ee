"""The workflow as one table: from which state, by which action, to which state, and on what terms.

Code, tests and the page for officers (docs/petition-workflow.md) all come from `WORKFLOW`. An
action and a state that have no row together are refused. Answered is not resolved: only an
answered petition is resolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.petitions.domain.refusals import Refusal
from services.petitions.domain.words import ACTION_VI, NEED_EN, NEED_VI, ROLE_VI, STATUS_VI
from shared.contracts.petitions import PetitionFact
from shared.contracts.values import PetitionStatus

__all__ = ["ACTION_VI", "NEED_EN", "NEED_VI", "ROLE_VI", "STATUS_VI"]

Action = Literal[
    "file",
    "assign",
    "transfer",
    "request_supplement",
    "receive_supplement",
    "extend",
    "answer",
    "resolve",
    "confirm",
    "dispute",
    "reopen",
    "reject",
    "refer",
    "take_back",
    "withdraw",
    "mark_duplicate",
    "review",
    "correct",
    "redate",
    "overdue",
    "escalate",
]
Needed = Literal[
    "document", "reason", "agency", "legal_basis", "days", "original", "recommendation", "due_on"
]
Role = Literal["filer", "officer", "front_desk", "lead_agency", "petitioner", "reviewer", "system"]
EventName = PetitionFact | Literal["PetitionCorrected"]
SCOPES: Final[dict[Role, str]] = {
    "filer": "petitions:file",
    "petitioner": "petitions:file",
    "officer": "petitions:handle",
    "front_desk": "petitions:handle",
    "lead_agency": "petitions:handle",
    "reviewer": "petitions:review",
    "system": "",
}


@dataclass(frozen=True)
class Step:
    """One row. `source` None is before the petition; `target` None is what a correction leaves.

    Any role of `who` may; `needs` are what the command must hold.
    """

    action: Action
    source: PetitionStatus | None
    target: PetitionStatus | None
    who: tuple[Role, ...]
    needs: tuple[Needed, ...]
    event: EventName


_Sources = tuple[PetitionStatus | None, ...]
AWAITING: Final[tuple[PetitionStatus, ...]] = ("filed", "assigned", "in_progress")
"""The clock runs: an answer is awaited."""
PAUSED: Final[tuple[PetitionStatus, ...]] = ("waiting_petitioner", "referred")
"""The clock stands still: the petitioner or a central authority is awaited."""
OPEN: Final[tuple[PetitionStatus, ...]] = (*AWAITING, *PAUSED)
CLOSED: Final[tuple[PetitionStatus, ...]] = ("resolved", "rejected", "withdrawn", "duplicate")
_WORKED: Final[tuple[PetitionStatus, ...]] = ("assigned", "in_progress")
_UNDECIDED: Final[tuple[PetitionStatus, ...]] = (*AWAITING, "waiting_petitioner")


def _rows(
    action: Action,
    sources: _Sources,
    target: PetitionStatus | Literal["same"] | None,
    event: EventName,
    who: tuple[Role, ...],
    needs: tuple[Needed, ...] = (),
) -> tuple[Step, ...]:
    return tuple(
        Step(action, source, source if target == "same" else target, who, needs, event)
        for source in sources
    )


_LEAD: Final[tuple[Role, ...]] = ("lead_agency",)
_LEAD_DESK: Final[tuple[Role, ...]] = ("lead_agency", "front_desk")
_CITIZEN: Final[tuple[Role, ...]] = ("petitioner",)
_ANYBODY: Final[tuple[Role, ...]] = ("petitioner", "lead_agency", "front_desk", "reviewer")
_SYSTEM: Final[tuple[Role, ...]] = ("system",)
_ALL: Final[tuple[PetitionStatus, ...]] = (*OPEN, "answered", *CLOSED)

WORKFLOW: Final[tuple[Step, ...]] = (
    *_rows("file", (None,), "filed", "PetitionFiled", ("filer",)),
    *_rows("assign", ("filed",), "assigned", "PetitionAssigned", ("officer",)),
    *_rows(
        "transfer",
        _WORKED,
        "assigned",
        "PetitionTransferred",
        # The clock itself hands on what an agency led that has ended.
        ("lead_agency", "front_desk", "system"),
        ("agency", "reason"),
    ),
    *_rows(
        "request_supplement",
        _WORKED,
        "waiting_petitioner",
        "SupplementRequested",
        _LEAD,
        ("reason",),
    ),
    *_rows(
        "receive_supplement",
        ("waiting_petitioner",),
        "in_progress",
        "SupplementReceived",
        ("petitioner", "lead_agency", "front_desk"),
    ),
    *_rows(
        "extend",
        _WORKED,
        "in_progress",
        "PetitionExtended",
        _LEAD,
        ("reason", "legal_basis", "days"),
    ),
    *_rows("answer", _WORKED, "answered", "PetitionAnswered", _LEAD, ("document",)),
    *_rows("resolve", ("answered",), "resolved", "PetitionResolved", _LEAD, ("document",)),
    *_rows("confirm", ("answered",), "resolved", "PetitionResolved", _CITIZEN),
    *_rows("dispute", ("answered",), "in_progress", "PetitionReopened", _CITIZEN, ("reason",)),
    *_rows(
        "reopen",
        ("answered", "resolved"),
        "in_progress",
        "PetitionReopened",
        _ANYBODY,
        ("reason",),
    ),
    *_rows("reject", _UNDECIDED, "rejected", "PetitionRejected", _LEAD_DESK, ("reason",)),
    *_rows("refer", _WORKED, "referred", "PetitionReferred", _LEAD_DESK, ("reason",)),
    *_rows("take_back", ("referred",), "assigned", "PetitionAssigned", _LEAD_DESK),
    *_rows("withdraw", OPEN, "withdrawn", "PetitionWithdrawn", ("petitioner", "front_desk")),
    *_rows(
        "mark_duplicate", _UNDECIDED, "duplicate", "PetitionDuplicated", _LEAD_DESK, ("original",)
    ),
    *_rows(
        "review",
        (*OPEN, "answered"),
        "same",
        "PetitionReviewed",
        ("reviewer",),
        ("recommendation", "due_on"),
    ),
    *_rows(
        "correct",
        _ALL,
        None,
        "PetitionCorrected",
        ("lead_agency", "front_desk", "reviewer"),
        ("reason",),
    ),
    *_rows("redate", AWAITING, "same", "PetitionDueChanged", _SYSTEM),
    *_rows("overdue", AWAITING, "same", "PetitionOverdue", _SYSTEM),
    *_rows("escalate", AWAITING, "same", "PetitionEscalated", _SYSTEM),
)
_BY_PLACE: Final = {(step.action, step.source): step for step in WORKFLOW}
assert len(_BY_PLACE) == len(WORKFLOW)


def scopes_of(action: Action) -> tuple[str, ...]:
    """Return the scopes of which whoever takes an action needs one, in the order of its roles."""
    roles = next(step.who for step in WORKFLOW if step.action == action)
    return tuple(dict.fromkeys(SCOPES[role] for role in roles))


def step_of(action: Action, status: PetitionStatus | None) -> Step:
    """Return the row of an action in a state. Raises Refusal `wrong_state` when none has it."""
    step = _BY_PLACE.get((action, status))
    if step is None:
        possible = actions_from(status)
        said = STATUS_VI[status] if status else "chưa có"
        raise Refusal(
            "wrong_state",
            f"Kiến nghị {said}, không thể {ACTION_VI[action]}.",
            f"A petition that is {status or 'not filed'} cannot take the action {action}",
            {"status": status, "possible_actions": possible},
            way="conflict",
        )
    return step


def actions_from(status: PetitionStatus | None) -> Sequence[Action]:
    """Return the actions that somebody can take in a state, in the order of the table."""
    return [s.action for s in WORKFLOW if s.source == status and s.who != _SYSTEM]
