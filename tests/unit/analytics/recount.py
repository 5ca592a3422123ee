"""A naive recount of figures from whole events, written from the contract and nothing else.

It knows no key, no cell and no column: it walks the entries that stand and counts.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from services.analytics.domain.indicators import Policy
from services.analytics.domain.measured import BAND_LIMITS, BANDS
from shared.contracts.values import section_of

DEPENDENT = {"branch", "representative_office"}
ENDS = {"dissolved", "bankrupt", "revoked"}
FLOWS = {
    "EntityResumed": "enterprises_resumed",
    "EntitySuspended": "enterprises_suspended",
    "DissolutionStarted": "enterprises_dissolving",
    "EntityReinstated": "enterprises_reinstated",
    "EntityMovedIn": "enterprises_moved_in",
}
Key = tuple[str, str]


def key_of(by: str | None, state: Any) -> str:
    """Return the word under which a state is counted."""
    if by == "commune":
        return str(state.commune)
    if by == "legal_form":
        return state.legal_form or "-"
    if by == "section":
        return section_of(state.industry.scheme, state.industry.code)
    if by == "band":
        capital = state.capital_vnd or 0
        return next(
            (b for b, top in zip(BANDS, BAND_LIMITS, strict=False) if capital < top), BANDS[-1]
        )
    return ""


def recount(events: Iterable[Any], as_of: date, by: str | None, policy: Policy) -> Counter[Key]:
    """Return {(indicator, key): figure} of registry events; figures of 0 are left out."""
    found: Counter[Key] = Counter()
    for event in events:
        for sign, entries in ((1, event.asserts), (-1, event.retracts)):
            for entry in entries:
                if entry.on <= as_of:
                    _entry(found, sign, entry, as_of, by, policy)
    return Counter({k: n for k, n in found.items() if n})


def _entry(
    found: Counter[Key], sign: int, entry: Any, as_of: date, by: str | None, policy: Policy
) -> None:
    for state, step in ((entry.after, sign), (entry.before, -sign)):
        if state is not None and state.status in policy.on_register:
            _stock(found, state, step, by)
    if entry.on.year == as_of.year:
        _flow(found, sign, entry, by)


def _stock(found: Counter[Key], state: Any, step: int, by: str | None) -> None:
    key = key_of(by, state)
    if state.kind in {"enterprise", "cooperative"}:
        found[f"{state.kind}s", key] += step
        found[f"{state.kind}s_capital", key] += step * state.capital_vnd
    elif state.kind in DEPENDENT and by in {None, "commune", "section"}:
        found["branches", key] += step


def _flow(found: Counter[Key], sign: int, entry: Any, by: str | None) -> None:
    state = entry.after
    kind, key = state.kind, key_of(by, state)
    if kind not in {"enterprise", "cooperative"}:
        return
    if entry.fact.endswith("Registered"):
        found[f"{kind}s_new", key] += sign
        found[f"{kind}s_new_capital", key] += sign * state.capital_vnd
    if entry.fact == "EntityDissolved" and entry.why in ENDS:
        found[f"{kind}s_dissolved", key] += sign
    if kind != "enterprise":
        return
    if entry.fact in FLOWS:
        found[FLOWS[entry.fact], key] += sign
    if entry.fact == "EntityDissolved" and entry.why == "moved_out":
        found["enterprises_moved_out", key] += sign
    if entry.fact == "CapitalChanged":
        step = state.capital_vnd - entry.before.capital_vnd
        found["capital_increased" if step > 0 else "capital_decreased", key] += sign * abs(step)
