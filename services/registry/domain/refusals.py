"""Refusals: why a fact cannot be, for a program (code, facts) and for people (both languages)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from shared.contracts.registry import EntityFact
from shared.contracts.states import EntityState
from shared.contracts.values import EndedWhy

FactValue = str | int | None


class Refusal(Exception):
    """A fact that the rules do not allow. `code` is stable; `facts` are what a program needs."""

    def __init__(
        self, code: str, vi: str, en: str, facts: Mapping[str, FactValue] | None = None
    ) -> None:
        super().__init__(f"{code}: {en}")
        self.code = code
        self.vi = vi
        self.en = en
        self.facts: Mapping[str, FactValue] = facts or {}


STATUS_VI: Final[Mapping[str, str]] = {
    "active": "đang hoạt động",
    "suspended": "tạm ngừng kinh doanh",
    "not_at_address": "không hoạt động tại địa chỉ đã đăng ký",
    "certificate_revoked": "bị thu hồi giấy chứng nhận do cưỡng chế thuế",
    "dissolving": "đang làm thủ tục giải thể",
    "reorganized": "đã chia, hợp nhất hoặc sáp nhập",
    "in_bankruptcy": "đang làm thủ tục phá sản",
    "ended": "đã chấm dứt",
}
KIND_VI: Final[Mapping[str, str]] = {
    "enterprise": "doanh nghiệp",
    "cooperative": "hợp tác xã",
    "cooperative_union": "liên hiệp hợp tác xã",
    "cooperative_group": "tổ hợp tác",
    "branch": "chi nhánh",
    "representative_office": "văn phòng đại diện",
    "business_location": "địa điểm kinh doanh",
}
FACT_VI: Final[Mapping[EntityFact, str]] = {
    "EnterpriseRegistered": "đăng ký doanh nghiệp",
    "CooperativeRegistered": "đăng ký hợp tác xã",
    "BranchRegistered": "đăng ký đơn vị phụ thuộc",
    "EntityMovedIn": "chuyển trụ sở đến",
    "CapitalChanged": "thay đổi vốn",
    "DetailsChanged": "thay đổi nội dung đăng ký",
    "EntitySuspended": "tạm ngừng kinh doanh",
    "EntityResumed": "hoạt động trở lại",
    "EntityNotAtAddress": "không hoạt động tại địa chỉ",
    "EntityFoundAtAddress": "hoạt động lại tại địa chỉ",
    "CertificateRevoked": "thu hồi giấy chứng nhận",
    "DissolutionStarted": "bắt đầu giải thể",
    "BankruptcyOpened": "mở thủ tục phá sản",
    "EntityDissolved": "chấm dứt",
    "EntityReinstated": "khôi phục",
}
WHY_VI: Final[Mapping[EndedWhy, str]] = {
    "dissolved": "giải thể",
    "bankrupt": "phá sản",
    "revoked": "bị thu hồi giấy chứng nhận",
    "merged": "bị sáp nhập",
    "consolidated": "bị hợp nhất",
    "divided": "bị chia",
    "moved_out": "chuyển trụ sở đi tỉnh khác",
    "parent_ended": "theo đơn vị chủ quản",
}


def day_vi(day: date) -> str:
    """Write a date as officers read it: 07/09/2025."""
    return f"{day:%d/%m/%Y}"


def status_forbids(
    code: str,
    fact: EntityFact,
    on: date,
    entry: int,
    state: EntityState,
    allowed: Sequence[str],
) -> Refusal:
    """Refuse a fact that the status at its date does not allow; `allowed` are those that do.

    `entry` is the number of a fact that was recorded earlier, 0 for the new fact itself.
    """
    late_vi = "" if entry == 0 else f" (sự việc số {entry} đã ghi nhận trước đó)"
    late_en = "" if entry == 0 else f" (recorded earlier as entry {entry})"
    rule_vi = ", ".join(f"“{STATUS_VI[status]}”" for status in allowed)
    return Refusal(
        "status_forbids",
        f"{code}: không thể “{FACT_VI[fact]}”{late_vi} ngày {day_vi(on)} "
        f"khi đang ở tình trạng “{STATUS_VI[state.status]}”; chỉ được từ: {rule_vi}.",
        f"{code}: {fact}{late_en} on {on} is not allowed from status {state.status}; "
        f"it is only from: {', '.join(allowed)}",
        {
            "code": code,
            "fact": fact,
            "on": on.isoformat(),
            "entry": entry or None,
            "status": state.status,
            "allowed": ",".join(allowed),
        },
    )


def kind_forbids(code: str, fact: EntityFact, state: EntityState) -> Refusal:
    """Refuse a fact that this kind of subject does not know."""
    return Refusal(
        "kind_forbids",
        f"{code}: “{FACT_VI[fact]}” không áp dụng cho {KIND_VI[state.kind]}.",
        f"{code}: {fact} does not apply to a {state.kind}",
        {"code": code, "fact": fact, "kind": state.kind},
    )


def before_registration(code: str, fact: EntityFact, on: date) -> Refusal:
    """Refuse a fact dated before its subject was registered."""
    return Refusal(
        "before_registration",
        f"{code}: “{FACT_VI[fact]}” ngày {day_vi(on)} trước ngày đăng ký.",
        f"{code}: {fact} on {on} is before the registration",
        {"code": code, "fact": fact, "on": on.isoformat()},
    )


# What is said from its facts alone: {code: (Vietnamese, English)}.
_SAID: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_entity": (
        "Chưa có mã số {code} trong sổ đăng ký.",
        "{code} is not on the register",
    ),
    "registration_voided": (
        "Đăng ký của mã số {code} đã bị huỷ.",
        "The registration of {code} was voided",
    ),
    "already_registered": (
        "Mã số {code} đã được đăng ký.",
        "{code} is already registered",
    ),
    "unknown_parent": (
        "{code}: đơn vị chủ quản {parent} chưa có trong sổ đăng ký.",
        "{code}: the parent {parent} is not on the register",
    ),
    "parent_ended": (
        "{code}: đơn vị chủ quản {parent} đã chấm dứt.",
        "{code}: the parent {parent} has ended",
    ),
    "reference_conflict": (
        "Số hồ sơ {reference} đã được dùng cho nội dung khác (mã số {code}).",
        "The reference {reference} was used for other content (code {code})",
    ),
}


def _said(kind: str, /, **facts: FactValue) -> Refusal:
    vi, en = _SAID[kind]
    return Refusal(kind, vi.format(**facts), en.format(**facts), facts)


def unknown_entity(code: str) -> Refusal:
    """Refuse a change of a subject that is not on the register."""
    return _said("unknown_entity", code=code)


def registration_voided(code: str, version: int) -> Refusal:
    """Refuse what is asked of a subject whose registration was voided."""
    return _said("registration_voided", code=code, version=version)


def nobody(code: str, voided: int | None) -> Refusal:
    """Refuse a change of who is not on the register; `voided` is the version of one that was."""
    return unknown_entity(code) if voided is None else registration_voided(code, voided)


def already_registered(code: str, version: int) -> Refusal:
    """Refuse to register what is registered."""
    return _said("already_registered", code=code, version=version)


def unknown_parent(code: str, parent: str) -> Refusal:
    """Refuse a dependent unit whose parent is not on the register."""
    return _said("unknown_parent", code=code, parent=parent)


def parent_ended(code: str, parent: str) -> Refusal:
    """Refuse to open a dependent unit of an entity that has ended."""
    return _said("parent_ended", code=code, parent=parent)


def reference_conflict(system: str, reference: str, code: str, sequence: int) -> Refusal:
    """Refuse a reference under which something else was recorded."""
    return _said(
        "reference_conflict", system=system, reference=reference, code=code, sequence=sequence
    )
