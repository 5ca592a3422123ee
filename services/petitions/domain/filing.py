"""What may be filed at all."""

from typing import Final

from services.petitions.domain.commands import FileCommand, FilingKind
from services.petitions.domain.refusals import Refusal
from shared.contracts.values import PetitionerKind

_OTHER_LAW: Final[dict[FilingKind, tuple[str, str]]] = {
    "complaint": ("khiếu nại theo Luật Khiếu nại", "a complaint under the Law on Complaints"),
    "denunciation": ("tố cáo theo Luật Tố cáo", "a denunciation under the Law on Denunciations"),
}
# A registered body has a code on the register. The tax code of a household or a person is the
# number of a human being and has no place in an event.
NAMES_AN_ENTITY: Final[frozenset[PetitionerKind]] = frozenset(
    {"enterprise", "cooperative", "association"}
)


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
    check_members(command)


def check_members(command: FileCommand) -> None:
    """Pass when members are named by an association. Raises Refusal `members_not_for_kind`."""
    if command.members and command.petitioner_kind != "association":
        raise Refusal(
            "members_not_for_kind",
            "Chỉ hiệp hội, hội nghề nghiệp nêu danh sách hội viên.",
            "Only an association names members",
            {"petitioner_kind": command.petitioner_kind},
        )
