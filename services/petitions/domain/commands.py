"""What may be asked of a petition. Without its text and its person: no rule needs them."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from services.petitions.domain.refusals import Refusal
from shared.contracts.values import (
    Agency,
    Origin,
    PetitionerKind,
    PetitionField,
    PetitionOutcome,
)

FilingKind = Literal["petition", "feedback", "complaint", "denunciation"]
_OTHER_LAW: Final[dict[FilingKind, tuple[str, str]]] = {
    "complaint": ("khiếu nại theo Luật Khiếu nại", "a complaint under the Law on Complaints"),
    "denunciation": ("tố cáo theo Luật Tố cáo", "a denunciation under the Law on Denunciations"),
}
# A registered body has a code on the register. The tax code of a household or a person is the
# number of a human being and has no place in an event.
NAMES_AN_ENTITY: Final[frozenset[PetitionerKind]] = frozenset(
    {"enterprise", "cooperative", "association"}
)


@dataclass(frozen=True)
class When:
    """The legal date of an act: `on` None is today; another date only for history."""

    on: date | None = None
    origin: Origin = "live"


@dataclass(frozen=True)
class FileCommand:
    """File a petition: the first field routes it, other fields name who co-ordinates."""

    field: PetitionField
    petitioner_kind: PetitionerKind
    other_fields: tuple[PetitionField, ...] = ()
    entity: str | None = None
    session: str | None = None
    kind: FilingKind = "petition"
    when: When = When()


@dataclass(frozen=True)
class AssignCommand:
    """Give the petition to a lead agency: None takes the one that leads its field."""

    agency: Agency | None = None
    co_agencies: tuple[Agency, ...] | None = None
    when: When = When()


@dataclass(frozen=True)
class AnswerCommand:
    """Answer by a document. `outcome` may already be stated."""

    document: str | None
    outcome: PetitionOutcome | None = None
    when: When = When()


@dataclass(frozen=True)
class ResolveCommand:
    """Settle definitively by a document. `outcome` None keeps what the answer stated."""

    document: str | None
    outcome: PetitionOutcome | None = None
    when: When = When()


Command = AssignCommand | AnswerCommand | ResolveCommand


def legal_day(when: When, today: date) -> date:
    """Return the legal date of an act.

    An act of today is of today: nobody dates an answer back past its deadline. Raises Refusal
    `date_in_future`, `date_needs_backfill`.
    """
    day = when.on or today
    if day > today:
        raise Refusal(
            "date_in_future",
            f"Ngày {day:%d/%m/%Y} ở tương lai.",
            f"{day} is in the future",
            {"today": today.isoformat()},
        )
    if day != today and when.origin != "backfill":
        raise Refusal(
            "date_needs_backfill",
            "Việc hôm nay mang ngày hôm nay; ngày khác chỉ dùng khi nhập lịch sử (backfill).",
            "An act of today bears today's date; another date is for history (origin backfill)",
            {"today": today.isoformat()},
        )
    return day


def check_filing(command: FileCommand) -> None:
    """Pass when it is a petition at all. Raises Refusal.

    `not_a_petition`: complaints and denunciations have their own law. `field_repeated`,
    `entity_not_for_kind`: what it says of itself does not fit together.
    """
    law = _OTHER_LAW.get(command.kind)
    if law is not None:
        vi, en = law
        raise Refusal(
            "not_a_petition",
            f"Đây là {vi}, không phải kiến nghị, phản ánh. Hãy gửi đơn tới người có thẩm quyền "
            "theo luật đó hoặc đến nơi tiếp công dân; hệ thống này không lưu nội dung đơn.",
            f"This is {en}, not a petition. Send it to the authority that this law names, or to "
            "the office that receives citizens; nothing of it was kept here",
            {"kind": command.kind},
        )
    fields = (command.field, *command.other_fields)
    if len(set(fields)) != len(fields):
        raise Refusal(
            "field_repeated", "Một lĩnh vực được nêu hai lần.", "A field is named more than once"
        )
    if command.entity is not None and command.petitioner_kind not in NAMES_AN_ENTITY:
        raise Refusal(
            "entity_not_for_kind",
            "Cá nhân và hộ kinh doanh không nêu mã số: mã đó là dữ liệu cá nhân.",
            "A person or a household names no code: that number is personal data",
            {"petitioner_kind": command.petitioner_kind},
        )
