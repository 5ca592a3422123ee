"""What the routes of reconciliations answer."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from services.registry.handlers.reconcile import Difference, Result
from shared.plumbing.idempotency import Answer


class SideOut(BaseModel):
    """One side of a figure; capital in VND, null where the source gives none."""

    count: int
    capital_vnd: int | None


class FigureOut(BaseModel):
    """A figure on both sides; `drift` is ours less theirs. Status null: all open ones."""

    kind: str
    status: str | None
    ours: SideOut
    theirs: SideOut
    drift: SideOut


class DriftOut(BaseModel):
    """The drift of a kind. The kind `unknown` holds the codes that are missing here."""

    kind: str
    entities: int
    capital_vnd: int | None


class DifferingOut(BaseModel):
    """How many codes differ, by what; a code can differ in two ways."""

    missing_here: int
    missing_there: int
    status_differs: int
    capital_differs: int


class ReconciliationOut(BaseModel):
    """A comparison as of a legal date; `position` is where the log stood. Totals: no codes."""

    id: str
    made_at: datetime
    made_by: str
    source: str
    basis: Literal["totals", "list"]
    as_of: date
    position: int
    drift: list[DriftOut]
    figures: list[FigureOut]
    differing: DifferingOut | None


class ReconciliationsOut(BaseModel):
    """Reconciliations, the newest first; `next` is the `before` to go on with, null at the end."""

    reconciliations: list[ReconciliationOut]
    next: str | None


class DifferenceOut(BaseModel):
    """A code on which both sides do not agree, and what each has."""

    code: str
    missing_here: bool
    missing_there: bool
    status_differs: bool
    capital_differs: bool
    our_status: str | None
    their_status: str | None
    our_capital_vnd: int | None
    their_capital_vnd: int | None


class DifferencesOut(BaseModel):
    """Differing codes in their order; `next` is the `after` to go on with, null at the end."""

    differences: list[DifferenceOut]
    next: str | None


def octets(value: object) -> bytes:
    """Return an answer as it goes out. A sum of capital may be longer than 64 bits."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def result_json(result: Result) -> dict[str, Any]:
    """Return a reconciliation."""
    made = result.made
    return {
        "id": made.id,
        "made_at": made.made_at.isoformat().replace("+00:00", "Z"),
        "made_by": made.made_by,
        "source": made.source,
        "basis": made.basis,
        "as_of": made.as_of.isoformat(),
        "position": made.position,
        "drift": [
            {"kind": d.kind, "entities": d.entities, "capital_vnd": d.capital_vnd}
            for d in result.drifts
        ],
        "figures": [
            {
                "kind": f.kind,
                "status": f.status,
                "ours": {"count": f.our_count, "capital_vnd": f.our_capital_vnd},
                "theirs": {"count": f.their_count, "capital_vnd": f.their_capital_vnd},
                "drift": {
                    "count": f.our_count - f.their_count,
                    "capital_vnd": None
                    if f.their_capital_vnd is None
                    else f.our_capital_vnd - f.their_capital_vnd,
                },
            }
            for f in result.figures
        ],
        "differing": result.differing,
    }


def answer_of(result: Result) -> Answer:
    """Return the answer to whoever asked for the comparison."""
    headers = {"Location": f"/v1/reconciliations/{result.made.id}"}
    return Answer(201, octets(result_json(result)), headers)


def differences_json(found: Sequence[Difference], limit: int) -> dict[str, Any]:
    """Return a page of differing codes."""
    return {
        "differences": [asdict(one) for one in found],
        "next": found[-1].code if len(found) == limit else None,
    }
