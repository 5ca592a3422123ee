"""The catalogue of indicators: one table from which the API, the documents and the reports read.

An indicator is a sum over measures of the cells. A stock is summed up to a date, a flow over the
calendar year up to that date; a share is made of two indicators when it is read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from services.analytics.domain.cells import ENTITY_DIMS, PETITION_DIMS, flow_measure, stock_measure
from shared.contracts.values import EntityStatus, PetitionStatus

Unit = Literal["entity", "vnd", "petition", "share", "working_day"]
Nature = Literal["stock", "flow", "share", "distribution"]

ON_REGISTER: Final[frozenset[str]] = frozenset(
    {"active", "suspended", "not_at_address", "dissolving", "in_bankruptcy"}
)
"""Default policy: the statuses that count in "luỹ kế". Not published; each report states it."""
_STATUSES: Final[tuple[str, ...]] = get_args(EntityStatus)
_BYS: Final = ("new.first", "new.consolidation", "new.division", "new.separation")
OPEN: Final = ("filed", "assigned", "in_progress", "waiting_petitioner", "answered", "referred")
COUNTED_PETITIONS: Final = tuple(s for s in get_args(PetitionStatus) if s != "duplicate")


@dataclass(frozen=True)
class Policy:
    """What a province decides: which statuses are on the register, whether unions count."""

    on_register: frozenset[str] = ON_REGISTER
    unions_count: bool = False

    def cooperative_kinds(self) -> tuple[str, ...]:
        """Return the kinds that count as co-operatives."""
        return ("cooperative", "cooperative_union") if self.unions_count else ("cooperative",)


@dataclass(frozen=True)
class Indicator:
    """One indicator. `kinds` and `of` name the measures; `amount` sums VND instead of counting."""

    name: str
    unit: Unit
    nature: Nature
    vi: str
    en: str
    definition: str
    kinds: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    amount: bool = False
    by: tuple[str, ...] = ENTITY_DIMS

    def measures(self, policy: Policy) -> frozenset[str]:
        """Return the measures whose sums make the figure."""
        kinds = policy.cooperative_kinds() if self.kinds == ("cooperative",) else self.kinds
        if self.nature == "flow":
            return frozenset(flow_measure(k, f) for k in kinds for f in self.of)
        words = self.of or tuple(s for s in _STATUSES if s in policy.on_register)
        return frozenset(stock_measure(k, w) for k in kinds for w in words)


ENTERPRISE: Final = ("enterprise",)
COOPERATIVE: Final = ("cooperative",)
DEPENDENT: Final = ("branch", "representative_office")


def _flow(
    name: str, of: str, vi: str, en: str, definition: str, kinds: tuple[str, ...] = ENTERPRISE
) -> Indicator:
    return Indicator(name, "entity", "flow", vi, en, definition, kinds, (of,))


def _petitions(
    name: str, of: tuple[str, ...], nature: Nature, vi: str, en: str, definition: str
) -> Indicator:
    return Indicator(
        name, "petition", nature, vi, en, definition, ("petition",), of, by=PETITION_DIMS
    )


INDICATORS: Final[tuple[Indicator, ...]] = (
    Indicator("enterprises_new", "entity", "flow", "Doanh nghiệp thành lập mới", "New enterprises",
              "Enterprises registered in the year, by the date of the certificate.", ENTERPRISE, _BYS),
    Indicator("enterprises_new_capital", "vnd", "flow", "Vốn đăng ký mới", "Capital of new enterprises",
              "Capital of those enterprises at their registration.", ENTERPRISE, _BYS, amount=True),
    Indicator("enterprises", "entity", "stock", "Doanh nghiệp luỹ kế", "Enterprises on the register",
              "Enterprises on the register at the date, of the statuses that the policy counts.", ENTERPRISE),
    Indicator("enterprises_capital", "vnd", "stock", "Tổng vốn đăng ký", "Registered capital",
              "Registered capital of the enterprises on the register.", ENTERPRISE, amount=True),
    Indicator("branches", "entity", "stock", "Chi nhánh, văn phòng đại diện", "Branches and representative offices",
              "Branches and representative offices on the register at the date.", DEPENDENT, by=("commune", "section")),
    Indicator("cooperatives_new", "entity", "flow", "Hợp tác xã thành lập mới", "New co-operatives",
              "Co-operatives registered in the year.", COOPERATIVE, _BYS),
    Indicator("cooperatives_new_capital", "vnd", "flow", "Vốn hợp tác xã thành lập mới", "Capital of new co-operatives",
              "Capital of those co-operatives at their registration.", COOPERATIVE, _BYS, amount=True),
    Indicator("cooperatives", "entity", "stock", "Hợp tác xã luỹ kế", "Co-operatives on the register",
              "Co-operatives on the register at the date, of the statuses that the policy counts.", COOPERATIVE),
    Indicator("cooperatives_capital", "vnd", "stock", "Tổng vốn hợp tác xã", "Capital of co-operatives",
              "Registered capital of the co-operatives on the register.", COOPERATIVE, amount=True),
    _flow("enterprises_resumed", "resumed", "Doanh nghiệp hoạt động trở lại", "Enterprises resumed",
          "Returns from suspension in the year."),
    _flow("enterprises_suspended", "suspended", "Doanh nghiệp tạm ngừng", "Enterprises suspended",
          "Suspensions that began in the year."),
    _flow("enterprises_dissolving", "dissolving", "Doanh nghiệp chờ giải thể", "Enterprises waiting to dissolve",
          "Dissolutions started in the year."),
    _flow("enterprises_dissolved", "dissolved", "Doanh nghiệp giải thể", "Enterprises dissolved",
          "Enterprises dissolved, bankrupt or revoked in the year."),
    _flow("enterprises_reinstated", "reinstated", "Doanh nghiệp khôi phục", "Enterprises reinstated",
          "Ended enterprises that are on the register again in the year."),
    _flow("enterprises_moved_in", "moved_in", "Doanh nghiệp chuyển đến", "Enterprises moved in",
          "Head offices moved into the province in the year."),
    _flow("enterprises_moved_out", "moved_out", "Doanh nghiệp chuyển đi", "Enterprises moved out",
          "Head offices moved out of the province in the year."),
    _flow("cooperatives_dissolved", "dissolved", "Hợp tác xã giải thể", "Co-operatives dissolved",
          "Co-operatives dissolved in the year.", COOPERATIVE),
    Indicator("capital_increased", "vnd", "flow", "Vốn đăng ký tăng thêm", "Capital increases",
              "What enterprises added to their capital in the year.", ENTERPRISE, ("increased",), amount=True),
    Indicator("capital_decreased", "vnd", "flow", "Vốn đăng ký giảm", "Capital decreases",
              "What enterprises took from their capital in the year.", ENTERPRISE, ("decreased",), amount=True),
    _petitions("petitions_filed", ("filed",), "flow", "Kiến nghị tiếp nhận", "Petitions filed",
               "Petitions filed in the year."),
    _petitions("petitions_resolved", ("resolved",), "flow", "Kiến nghị giải quyết dứt điểm", "Petitions resolved",
               "Acts of definitive settlement in the year, never undone by a later act."),
    _petitions("petitions_answered", ("answered",), "flow", "Kiến nghị đã trả lời", "Petitions answered",
               "Answers given in the year; answered is not settled."),
    _petitions("petitions_rejected", ("rejected",), "flow", "Kiến nghị không thụ lý", "Petitions rejected",
               "Rejections in the year."),
    _petitions("petitions_reopened", ("reopened",), "flow", "Kiến nghị mở lại", "Petitions reopened",
               "Reopenings in the year."),
    _petitions("petitions_reviewed", ("reviewed",), "flow", "Lượt rà soát của Sở Tài chính", "Reviews of petitions",
               "Reviews by the Department of Finance in the year."),
    _petitions("petitions_transferred", ("transferred",), "flow", "Lượt chuyển cơ quan", "Transfers of petitions",
               "Transfers to another lead agency in the year, where they led to."),
    _petitions("petitions_ping_pong", ("transferred",), "flow", "Lượt chuyển lòng vòng", "Transfers back and forth",
               "Transfers of the year that gave a petition back to an agency that had led it before."),
    _petitions("petitions_open", OPEN, "stock", "Kiến nghị đang giải quyết", "Petitions open",
               "Petitions that are neither settled, rejected, withdrawn nor duplicates at the date."),
    _petitions("petitions_settled", ("resolved",), "stock", "Kiến nghị đã dứt điểm", "Petitions settled",
               "Petitions that stand definitively settled at the date; a reopened one is not."),
    _petitions("petitions_overdue", ("due",), "stock", "Kiến nghị quá hạn", "Petitions overdue",
               "Petitions that wait for an answer after their due date, at the date."),
    Indicator("petitions_on_time_share", "share", "share", "Tỷ lệ trả lời đúng hạn", "Share answered on time",
              "Answers given by the due date out of all answers of the year.", by=PETITION_DIMS),
    Indicator("petitions_settled_share", "share", "share", "Tỷ lệ giải quyết dứt điểm", "Share settled",
              "Petitions settled out of all that were filed and are not duplicates, at the date.", by=PETITION_DIMS),
    Indicator("petitions_days_to_resolve", "working_day", "distribution", "Số ngày giải quyết", "Days to resolve",
              "Working days from filing to settlement of the year's settlements: median and 90th percentile.", by=PETITION_DIMS),
)  # fmt: skip
BY_NAME: Final = {indicator.name: indicator for indicator in INDICATORS}

SHARES: Final = {
    "petitions_on_time_share": (
        frozenset({flow_measure("petition", "answered_on_time")}),
        frozenset({flow_measure("petition", "answered")}),
    ),
    "petitions_settled_share": (
        frozenset({stock_measure("petition", "resolved")}),
        frozenset(stock_measure("petition", s) for s in COUNTED_PETITIONS),
    ),
}
"""Measures of the numerator and of the denominator of each share."""


def breakdowns(indicators: Iterable[Indicator] = INDICATORS) -> tuple[str, ...]:
    """Return every breakdown that some indicator has."""
    return tuple(dict.fromkeys(dim for indicator in indicators for dim in indicator.by))
