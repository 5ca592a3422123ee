"""The workflow as one table: from which state, by which action, to which state, and on what terms.

Code, tests and the diagram in the documents all come from `WORKFLOW`. An action and a state that
have no row together are refused. Answered is not resolved: only an answered petition is resolved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.petitions.domain.refusals import Refusal
from shared.contracts.petitions import PetitionFact
from shared.contracts.values import PetitionStatus

Action = Literal["file", "assign", "answer", "resolve"]
Needed = Literal["document"]
Who = Literal["anyone", "lead_agency"]


@dataclass(frozen=True)
class Step:
    """One row: `source` None is before the petition; `who` is asked besides the scope."""

    action: Action
    source: PetitionStatus | None
    target: PetitionStatus
    scope: str
    who: Who
    needs: tuple[Needed, ...]
    event: PetitionFact


_FILE, _HANDLE = "petitions:file", "petitions:handle"
WORKFLOW: Final[tuple[Step, ...]] = (
    Step("file", None, "filed", _FILE, "anyone", (), "PetitionFiled"),
    Step("assign", "filed", "assigned", _HANDLE, "anyone", (), "PetitionAssigned"),
    Step(
        "answer", "assigned", "answered", _HANDLE, "lead_agency", ("document",), "PetitionAnswered"
    ),
    Step(
        "answer",
        "in_progress",
        "answered",
        _HANDLE,
        "lead_agency",
        ("document",),
        "PetitionAnswered",
    ),
    Step(
        "resolve", "answered", "resolved", _HANDLE, "lead_agency", ("document",), "PetitionResolved"
    ),
)
_BY_PLACE: Final = {(step.action, step.source): step for step in WORKFLOW}

STATUS_VI: Final[dict[PetitionStatus, str]] = {
    "filed": "đã tiếp nhận",
    "assigned": "đã phân công",
    "in_progress": "đang xử lý",
    "waiting_petitioner": "chờ người kiến nghị bổ sung",
    "answered": "đã trả lời",
    "resolved": "đã giải quyết dứt điểm",
    "rejected": "không thụ lý",
    "referred": "đã chuyển cấp trên",
    "withdrawn": "đã rút",
    "duplicate": "trùng",
}
ACTION_VI: Final[dict[Action, str]] = {
    "file": "tiếp nhận",
    "assign": "phân công",
    "answer": "trả lời",
    "resolve": "giải quyết dứt điểm",
}


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
    """Return the actions that a petition of this status can take, in the order of the table."""
    return [step.action for step in WORKFLOW if step.source == status]
