"""A naive register that counts the sample again, from the sent bytes alone.

It shares nothing with what makes the sample: the rules are written out once more, and a fact
that a register would refuse fails the test.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

LAWFUL = {
    "EntitySuspended": {"active"},
    "EntityResumed": {"suspended"},
    "DissolutionStarted": {"active", "suspended"},
    "EntityDissolved": {"active", "suspended", "dissolving"},
    "EntityReinstated": {"ended"},
    "CapitalChanged": {"active", "suspended"},
}
BECOMES = {
    "EntitySuspended": "suspended",
    "EntityResumed": "active",
    "DissolutionStarted": "dissolving",
    "EntityDissolved": "ended",
    "EntityReinstated": "active",
}
FLOWS = {
    "EntitySuspended": "enterprises_suspended",
    "EntityResumed": "enterprises_resumed",
    "DissolutionStarted": "enterprises_dissolving",
    "EntityDissolved": "enterprises_dissolved",
    "EntityReinstated": "enterprises_reinstated",
}
UNIT_KINDS = {"branch", "representative_office", "business_location"}


@dataclass
class Known:
    kind: str
    on: date
    status: str = "active"
    capital: int = 0
    units: list[str] = field(default_factory=list)
    ended_with: list[str] = field(default_factory=list)


@dataclass
class Register:
    year: int
    known: dict[str, Known] = field(default_factory=dict)
    flows: Counter[str] = field(default_factory=Counter)

    def take(self, line: bytes) -> None:
        body = json.loads(line)
        on = date.fromisoformat(body["on"])
        if body["fact"].endswith("Registered"):
            self._register(body, on)
        else:
            self._change(body, on)

    def _register(self, body: dict[str, Any], on: date) -> None:
        assert body["code"] not in self.known
        kind = "enterprise" if body["fact"] == "EnterpriseRegistered" else body["kind"]
        self.known[body["code"]] = Known(kind, on, capital=body.get("capital_vnd", 0))
        if kind in UNIT_KINDS:
            parent = self.known[body["parent"]]
            assert parent.status != "ended"
            assert parent.on <= on
            assert body["code"].startswith(body["parent"] + "-")
            parent.units.append(body["code"])
        elif on.year == self.year and kind in {"enterprise", "cooperative"}:
            name = "enterprises_new" if kind == "enterprise" else "cooperatives_new"
            self.flows[name] += 1
            self.flows[f"{name}_capital"] += body["capital_vnd"]

    def _change(self, body: dict[str, Any], on: date) -> None:
        entity, fact = self.known[body["code"]], body["fact"]
        assert entity.status in LAWFUL[fact], (body, entity)
        assert entity.on < on, "facts of one entity stand in legal order, none on one day"
        entity.on = on
        entity.status = BECOMES.get(fact, entity.status)
        entity.capital = body.get("capital_vnd", entity.capital)
        if fact == "EntityDissolved":
            entity.ended_with = [u for u in entity.units if self.known[u].status != "ended"]
            self._set(entity.ended_with, "ended")
        if fact == "EntityReinstated":
            self._set(entity.ended_with, "active")
        if on.year == self.year and entity.kind == "enterprise" and fact in FLOWS:
            self.flows[FLOWS[fact]] += 1
        if on.year == self.year and entity.kind == "cooperative" and fact == "EntityDissolved":
            self.flows["cooperatives_dissolved"] += 1

    def _set(self, units: Iterable[str], status: str) -> None:
        for unit in units:
            self.known[unit].status = status

    def standing(self, *kinds: str) -> list[Known]:
        return [e for e in self.known.values() if e.kind in kinds and e.status != "ended"]

    def figures(self) -> dict[str, int]:
        enterprises = self.standing("enterprise")
        cooperatives = self.standing("cooperative")
        return dict(self.flows) | {
            "enterprises": len(enterprises),
            "enterprises_capital": sum(e.capital for e in enterprises),
            "cooperatives": len(cooperatives),
            "cooperatives_capital": sum(e.capital for e in cooperatives),
            "branches": len(self.standing("branch", "representative_office")),
        }


def recount(lines: Iterable[bytes], until: date, year: int = 2025) -> Register:
    """Count all lines (NDJSON, in sending order) that are dated up to `until`."""
    register = Register(year)
    for line in lines:
        if json.loads(line)["on"] <= until.isoformat():
            register.take(line)
    return register
