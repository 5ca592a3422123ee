"""Time limits: rows with their legal basis and validity. What is not in a row is no limit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.petitions.domain.refusals import Refusal
from shared.contracts.values import PetitionField

Unit = Literal["working", "calendar"]
Complexity = Literal["simple", "normal", "complex", "very_complex"]
LimitStep = Literal[
    "answer",  # to answer, from receipt: the total clock
    "update",  # to tell the petitioner again, once the answer is late
    "agency",  # the lead agency's own clock
    "extend",  # the most that the extensions of a round add up to
    "reopen",  # the window in which an answer is disputed or a case opened again
    "review",  # answered and not settled for so long: to the reviewer's queue
    "escalate_1",
    "escalate_2",
    "escalate_3",
]
LEVELS: Final[tuple[LimitStep, ...]] = ("escalate_1", "escalate_2", "escalate_3")


@dataclass(frozen=True)
class Term:
    """A number of working or calendar days."""

    amount: int
    unit: Unit


@dataclass(frozen=True)
class Limit:
    """One row; `field` and `complexity` None are for all. Valid from a day up to before another."""

    step: LimitStep
    term: Term
    legal_basis: str
    valid_from: date
    valid_to: date | None = None
    field: PetitionField | None = None
    complexity: Complexity | None = None


@dataclass(frozen=True)
class Limits:
    """All rows."""

    rows: Sequence[Limit]

    def find(
        self,
        step: LimitStep,
        on: date,
        field: PetitionField | None = None,
        complexity: Complexity | None = None,
    ) -> Limit:
        """Return the row in force on a day: the most particular, then the youngest.

        Raises Refusal `no_time_limit`.
        """
        fits = [
            row
            for row in self.rows
            if row.step == step
            and row.valid_from <= on
            and (row.valid_to is None or on < row.valid_to)
            and row.field in {None, field}
            and row.complexity in {None, complexity}
        ]
        if not fits:
            raise Refusal(
                "no_time_limit",
                f"Không có quy định thời hạn cho bước “{step}” vào ngày {on:%d/%m/%Y}.",
                f"No time limit is in force for the step {step} on {on}",
                {"step": step},
            )
        return max(
            fits, key=lambda r: (r.field is not None, r.complexity is not None, r.valid_from)
        )


_CUSTOM: Final = "Thông lệ của tỉnh; thay bằng quy chế của địa phương"
_SINCE: Final = date(1990, 1, 1)
# What the migration seeds; tests hold both equal.
DEFAULT_LIMITS: Final = Limits(
    (
        Limit(
            "answer",
            Term(20, "calendar"),
            "Trả lời phản ánh, kiến nghị trong 20 ngày kể từ ngày tiếp nhận",
            _SINCE,
        ),
        Limit(
            "update",
            Term(7, "calendar"),
            "Quá 20 ngày: cập nhật tiến độ 7 ngày một lần cho đến khi trả lời",
            _SINCE,
        ),
        Limit("agency", Term(15, "working"), _CUSTOM, _SINCE),
        Limit("agency", Term(2, "working"), _CUSTOM, _SINCE, complexity="simple"),
        Limit("agency", Term(5, "working"), _CUSTOM, _SINCE, complexity="normal"),
        Limit("agency", Term(15, "working"), _CUSTOM, _SINCE, complexity="complex"),
        Limit("agency", Term(30, "working"), _CUSTOM, _SINCE, complexity="very_complex"),
        Limit("extend", Term(30, "calendar"), _CUSTOM, _SINCE),
        Limit("reopen", Term(90, "calendar"), _CUSTOM, _SINCE),
        Limit("review", Term(10, "working"), _CUSTOM, _SINCE),
        Limit("escalate_1", Term(2, "working"), _CUSTOM, _SINCE),
        Limit("escalate_2", Term(5, "working"), _CUSTOM, _SINCE),
        Limit("escalate_3", Term(10, "working"), _CUSTOM, _SINCE),
    )
)
