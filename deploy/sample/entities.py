"""An entity of the sample with what happens to it, while the population is being made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Fact:
    """What happens to an entity after its registration; `fields` as in the intake record."""

    name: str
    on: date
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Entity:
    """One enterprise, collective or dependent unit. Capital in VND; 0 for a dependent unit."""

    kind: str
    registered_on: date
    facts: list[Fact] = field(default_factory=list)
    capital: int = 0
    legal_form: str = ""
    code: str = ""
    name: str = ""
    commune: str = ""
    industry: str = ""
    parent: "Entity | None" = None

    @property
    def is_plain(self) -> bool:
        """Nothing happens to it."""
        return not self.facts

    def stands_at(self, day: date) -> bool:
        """Say whether it is on the register at the end of `day` (suspended and dissolving are)."""
        if self.registered_on > day or (self.parent and not self.parent.stands_at(day)):
            return False
        stands = True
        for fact in self.facts:
            if fact.on <= day and fact.name in {"EntityDissolved", "EntityReinstated"}:
                stands = fact.name == "EntityReinstated"
        return stands

    def capital_at(self, day: date) -> int:
        """Return the capital that counts at the end of `day`: 0 when off the register."""
        if not self.stands_at(day):
            return 0
        changes = [f.fields["capital_vnd"] for f in self.facts if _is_change(f) and f.on <= day]
        return changes[-1] if changes else self.capital


def _is_change(fact: Fact) -> bool:
    return fact.name == "CapitalChanged"


def count_at(entities: Sequence[Entity], day: date) -> int:
    """Return how many stand on the register at the end of `day`."""
    return sum(entity.stands_at(day) for entity in entities)


def capital_at(entities: Sequence[Entity], day: date) -> int:
    """Return their capital at the end of `day`, in VND."""
    return sum(entity.capital_at(day) for entity in entities)
