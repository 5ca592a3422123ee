"""The HTTP door: parse, ask a handler, answer."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.analytics.domain.figures import PlanRow, ratio
from services.analytics.domain.indicators import BY_NAME, breakdowns
from services.analytics.handlers.figures import Answer, Figure, Figures
from services.analytics.handlers.plans import Plans
from shared.contracts.values import LegalDate
from shared.plumbing.auth import Principal
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.errors import Problem
from shared.plumbing.http import requires

_READ = Depends(requires("figures:read"))
Year = Annotated[int, Path(ge=1900, le=2199)]


class PlanIn(BaseModel):
    """A plan: `value` in the indicator's unit, in force from a date, by a decision's number."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    value: Annotated[int, Field(ge=1, le=10**18)]
    effective_from: LegalDate
    decision: Annotated[str, Field(min_length=1, max_length=200)]


def _by(by: str | None) -> str | None:
    if by is None or by in breakdowns():
        return by
    raise Problem(
        "unknown_breakdown",
        422,
        title_vi="Không có cách phân tổ này",
        title_en="There is no such breakdown",
        detail_vi="Các cách phân tổ: " + ", ".join(breakdowns()) + ".",
        detail_en="Breakdowns: " + ", ".join(breakdowns()) + ".",
        facts={"by": by, "known": list(breakdowns())},
    )


def _as_of(text: str | None, clock: Clock) -> date:
    if text is None:
        return legal_date(clock.now())
    try:
        if len(text) == 10:
            found = date.fromisoformat(text)
            if 1900 <= found.year <= 2199:
                return found
    except ValueError:
        pass
    raise Problem(
        "invalid_date",
        422,
        title_vi="Ngày không hợp lệ",
        title_en="Not a date",
        detail_vi="Ngày có dạng 2025-09-12, năm từ 1900 đến 2199.",
        detail_en="A date looks like 2025-09-12, of the years 1900 to 2199.",
    )


def _indicator(name: str) -> str:
    indicator = BY_NAME.get(name)
    if indicator is None:
        raise Problem(
            "unknown_indicator",
            404,
            title_vi="Không có chỉ tiêu này",
            title_en="There is no such indicator",
            facts={"known": list(BY_NAME)},
        )
    if indicator.nature not in {"flow", "stock"}:
        raise Problem(
            "not_plannable",
            422,
            title_vi="Chỉ tiêu này không có kế hoạch",
            title_en="This indicator cannot have a plan",
        )
    return name


def _share(numerator: int, denominator: int) -> str | None:
    # Six places, unrounded for people: who shows it decides on its places.
    found = ratio(numerator, denominator)
    return None if found is None else f"{found:.6f}"


def _figure(figure: Figure) -> dict[str, Any]:
    indicator = figure.indicator
    answer: dict[str, Any] = {"value": figure.value, "unit": indicator.unit}
    if figure.before_history:
        return {**answer, "status": "before_history", "plan": None}
    if figure.share is not None:
        numerator, denominator = figure.share
        answer |= {
            "value": _share(numerator, denominator),
            "numerator": numerator,
            "denominator": denominator,
        }
    if figure.days is not None:
        answer |= {
            "value": figure.days.median,
            "median": figure.days.median,
            "p90": figure.days.p90,
            "count": figure.days.count,
        }
    return {**answer, "plan": _plan(figure)}


def _plan(figure: Figure) -> dict[str, Any] | None:
    plan = figure.plan
    if plan is None:
        return None
    return {
        "target": plan.target,
        "revision": plan.revision,
        "decision": plan.decision,
        "numerator": plan.numerator,
        "denominator": plan.target,
        "attainment": None if plan.share is None else f"{plan.share:.6f}",
        "first_target": plan.first_target,
        "first_attainment": None if plan.first_share is None else f"{plan.first_share:.6f}",
    }


def _answer(answer: Answer, by: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "as_of": answer.as_of.isoformat(),
        "indicators": {f.indicator.name: _figure(f) for f in answer.figures},
        "offsets": answer.offsets,
    }
    if by is not None and answer.breakdown is not None:
        body["by"] = by
        body["breakdown"] = {
            name: {
                key: {k: v for k, v in _figure(figure).items() if k != "plan"}
                for key, figure in parts.items()
            }
            for name, parts in answer.breakdown.items()
        }
    return body


def _row(row: PlanRow) -> dict[str, Any]:
    return {
        "year": row.year,
        "indicator": row.indicator,
        "revision": row.revision,
        "value": row.target,
        "effective_from": row.effective_from.isoformat(),
        "decision": row.decision,
    }


def router(clock: Clock) -> APIRouter:
    """Return the service's routes; handlers are found in `app.state`."""
    routes = APIRouter(prefix="/v1")

    @routes.get("/indicators", dependencies=[_READ], tags=["figures"], summary="Figures at a date")
    async def indicators(
        request: Request,
        as_of: Annotated[str | None, Query(description="Legal date; today by default")] = None,
        by: Annotated[str | None, Query(description="Breakdown")] = None,
    ) -> dict[str, Any]:
        figures: Figures = request.app.state.figures
        found = await figures.at(_as_of(as_of, clock), _by(by))
        return _answer(found, by)

    @routes.get("/plans/{year}", dependencies=[_READ], tags=["plans"], summary="Plans of a year")
    async def plans_of(request: Request, year: Year) -> dict[str, Any]:
        plans: Plans = request.app.state.plans
        return {"year": year, "plans": [_row(row) for row in await plans.of_year(year)]}

    @routes.put("/plans/{year}/{indicator}", tags=["plans"], summary="Set or revise a plan")
    async def set_plan(
        request: Request,
        response: Response,
        year: Year,
        indicator: str,
        body: PlanIn,
        principal: Annotated[Principal, Depends(requires("plans:set"))],
    ) -> dict[str, Any]:
        plans: Plans = request.app.state.plans
        if body.effective_from.year > year:
            raise Problem(
                "plan_out_of_year",
                422,
                title_vi="Ngày hiệu lực sau năm kế hoạch",
                title_en="The plan would take effect after its year",
            )
        name = _indicator(indicator)
        row, added = await plans.set(
            year, name, body.value, body.effective_from, body.decision, principal.name
        )
        response.status_code = 201 if added else 200
        return _row(row)

    return routes
