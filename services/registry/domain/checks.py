"""What a new fact must fulfil by itself, whatever stands already."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.registry.domain.facts import Fact
from services.registry.domain.refusals import (
    FACT_VI,
    Refusal,
    day_vi,
    parent_ended,
    unknown_parent,
)
from services.registry.domain.statuses import GONE
from services.registry.domain.subject import Subject, last_end
from shared.contracts.values import DEPENDENT_KINDS, UNKNOWN_SECTION, section_of

_DEPENDENT_CODE: Final = re.compile(r"[0-9]{10}-[0-9]{3}")
_GROUP_CODE: Final = re.compile(r"THT-[0-9A-Z]{10}")


@dataclass(frozen=True)
class Circumstances:
    """What the rules need of the world: today in Vietnam, and the communes.

    `communes` are all codes that a commune has or had; `ended` gives the first day without it of
    each code that no commune has any more.
    """

    today: date
    communes: frozenset[str]
    ended: Mapping[str, date] = field(default_factory=dict)


def root_of(code: str) -> str:
    """Return the code that a subject shares with its parent and its branches."""
    return code if code.startswith("THT-") else code[:10]


def check_fact(code: str, fact: Fact, world: Circumstances) -> None:
    """Pass when a new fact holds by itself, else raise Refusal."""
    if fact.on > world.today:
        raise Refusal(
            "date_in_future",
            f"{code}: ngày {day_vi(fact.on)} ở tương lai (hôm nay {day_vi(world.today)}).",
            f"{code}: {fact.on} is in the future (today is {world.today})",
            {"code": code, "on": fact.on.isoformat(), "today": world.today.isoformat()},
        )
    sets = fact.sets
    if sets.commune is not None and sets.commune not in world.communes:
        raise Refusal(
            "unknown_commune",
            f"{code}: không có xã, phường mã {sets.commune} trong tỉnh.",
            f"{code}: the province has no commune {sets.commune}",
            {"code": code, "commune": sets.commune},
        )
    if sets.commune is not None:
        _check_in_force(code, fact.on, sets.commune, world)
    if sets.industry_scheme is not None and sets.industry_code is not None:
        _check_industry(code, sets.industry_scheme, sets.industry_code)
    if sets.kind is not None:
        _check_code_of_kind(code, fact, sets.kind)
    if sets.until is not None:
        _check_suspension(code, fact, sets.until)
    if sets.registered_on is not None and sets.registered_on > fact.on:
        raise Refusal(
            "invalid_registered_on",
            f"{code}: ngày đăng ký lần đầu {day_vi(sets.registered_on)} sau ngày chuyển đến.",
            f"{code}: first registered on {sets.registered_on}, after it moved in",
            {"code": code, "registered_on": sets.registered_on.isoformat()},
        )


def _check_in_force(code: str, on: date, commune: str, world: Circumstances) -> None:
    # A unit that began only later is no mistake: upstream systems translate old addresses.
    ended = world.ended.get(commune)
    if ended is not None and on >= ended:
        raise Refusal(
            "commune_ended",
            f"{code}: xã, phường mã {commune} không còn từ ngày {day_vi(ended)}, "
            f"không thể ghi vào ngày {day_vi(on)}.",
            f"{code}: the commune {commune} ended on {ended}; it cannot be named on {on}",
            {"code": code, "commune": commune, "on": on.isoformat(), "ended": ended.isoformat()},
        )


def check_parent(code: str, first: Fact, parent_code: str, parent: Subject | None) -> None:
    """Pass when the parent was open when the unit `code` was registered by `first`; else Refusal.

    A parent that ended later is no obstacle: then the unit ended with it. One that is, or was
    then, seated outside the province needs only its code.
    """
    on = first.on
    if parent is None or parent.voided:
        if first.sets.elsewhere:
            return
        raise unknown_parent(code, parent_code)
    if parent.state.kind in DEPENDENT_KINDS:
        raise Refusal(
            "parent_is_dependent",
            f"{code}: {parent_code} là đơn vị phụ thuộc, không thể là đơn vị chủ quản.",
            f"{code}: {parent_code} is a dependent unit and cannot be a parent",
            {"code": code, "parent": parent_code},
        )
    then = parent.state_on(on)
    if then is None:
        if first.sets.elsewhere or parent.facts[0].name == "EntityMovedIn":
            return
        raise Refusal(
            "before_parent",
            f"{code}: ngày {day_vi(on)} trước ngày đăng ký của đơn vị chủ quản {parent_code}.",
            f"{code}: {on} is before the registration of the parent {parent_code}",
            {"code": code, "parent": parent_code, "on": on.isoformat()},
        )
    if then.status in GONE and not moved_out_on(parent, on):
        raise parent_ended(code, parent_code)


def moved_out_on(parent: Subject, day: date) -> bool:
    """Whether the end of a parent that had ended on a date was a move out of the province."""
    last = last_end([fact for fact in parent.facts if fact.on <= day])
    return last is not None and last.why == "moved_out"


def _check_industry(code: str, scheme: str, industry: str) -> None:
    if section_of(scheme, industry) == UNKNOWN_SECTION:
        raise Refusal(
            "unknown_industry",
            f"{code}: ngành {industry} không có trong hệ thống ngành {scheme}.",
            f"{code}: {scheme} has no industry {industry}",
            {"code": code, "scheme": scheme, "industry": industry},
        )


def _check_code_of_kind(code: str, fact: Fact, kind: str) -> None:
    dependent = _DEPENDENT_CODE.fullmatch(code) is not None
    group = _GROUP_CODE.fullmatch(code) is not None
    if dependent != (kind in DEPENDENT_KINDS) or (group and kind != "cooperative_group"):
        raise Refusal(
            "code_misfit",
            f"Mã số {code} không hợp với “{FACT_VI[fact.name]}”: đơn vị phụ thuộc có mã của đơn vị "
            "chủ quản, gạch nối và 3 chữ số; chỉ tổ hợp tác có mã nội bộ THT.",
            f"The code {code} does not fit a {kind}: a dependent unit has its parent's code, a "
            "dash and 3 digits; only a group has an internal THT code",
            {"code": code, "kind": kind},
        )
    if fact.sets.parent is not None and root_of(code) != fact.sets.parent:
        raise Refusal(
            "parent_misfit",
            f"Mã số {code} không thuộc đơn vị chủ quản {fact.sets.parent}.",
            f"The code {code} does not begin with its parent's code {fact.sets.parent}",
            {"code": code, "parent": fact.sets.parent},
        )


def _check_suspension(code: str, fact: Fact, until: date) -> None:
    if until < fact.on:
        raise Refusal(
            "invalid_until",
            f"{code}: tạm ngừng đến {day_vi(until)} trước ngày bắt đầu {day_vi(fact.on)}.",
            f"{code}: suspended until {until}, which is before {fact.on}",
            {"code": code, "on": fact.on.isoformat(), "until": until.isoformat()},
        )
    if until > a_year_after(fact.on):
        raise Refusal(
            "suspension_too_long",
            f"{code}: mỗi lần tạm ngừng không quá một năm, đến {day_vi(a_year_after(fact.on))}.",
            f"{code}: a suspension is at most a year, until {a_year_after(fact.on)}",
            {"code": code, "on": fact.on.isoformat(), "until": until.isoformat()},
        )


def a_year_after(day: date) -> date:
    """Return the same day of the next year; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
