"""Random lives of entities from a seed, as a producer would have recorded them."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from bench.facts import codes
from shared.contracts.catalogue import event_type
from shared.contracts.communes import communes
from tests.support.ledger import Fact, Json, Ledger, to_bytes

FORMS = ("llc_one_member", "llc_multi_member", "joint_stock", "partnership")
# Each log has entities of its own, so that several can follow another on one topic.
_CODES = codes()
Made = tuple[str, str, bytes]
"""(ce_type, subject, data)."""


def random_log(seed: int, subjects: int, events: int) -> list[Made]:
    """Return events of so many entities, mixed; late facts, corrections and voidings among them."""
    r = random.Random(seed)
    known = list(communes())
    lives = [_Life(r, next(_CODES), known) for _ in range(subjects)]
    return [r.choice(lives).next() for _ in range(events)]


class _Life:
    def __init__(self, r: random.Random, code: str, known: list[str]) -> None:
        self.r, self.known = r, known
        self.ledger = Ledger(code)
        self.steps = self._steps()

    def next(self) -> Made:
        name, data = next(self.steps)
        return event_type(name), self.ledger.subject, to_bytes(data)

    def _register(self, number: int) -> Fact:
        r = self.r
        on = date(2024, 1, 1) + timedelta(days=r.randrange(500))
        coop = r.random() < 0.1
        state: Json = {
            "kind": "cooperative" if coop else "enterprise",
            "legal_form": "cooperative" if coop else r.choice(FORMS),
            "name": f"Công ty {self.ledger.subject}",
            "status": "active",
            "capital_vnd": r.randrange(1, 90_000) * 1_000_000,
            "commune": r.choice(self.known),
            "industry": {"scheme": "vsic2025", "code": f"{r.randrange(1, 99):02d}11"},
            "registered_on": on.isoformat(),
            "parent": None,
        }
        name = "CooperativeRegistered" if coop else "EnterpriseRegistered"
        return Fact(number, name, on, state, {"by": "first"})

    def _steps(self) -> Iterator[tuple[str, Json]]:
        number = 0
        while True:
            number += 1
            first = self._register(number)
            yield first.name, self.ledger.happen(first)
            for _ in range(self.r.randrange(3, 12)):
                number += 1
                yield self._one(number)
            yield "RegistrationVoided", self.ledger.void()

    def _one(self, number: int) -> tuple[str, Json]:
        r, ledger = self.r, self.ledger
        on = ledger.facts[0].on + timedelta(days=r.randrange(1, 500))
        if r.random() < 0.2:
            wrong = r.choice(ledger.facts)
            capital: Json = {"capital_vnd": r.randrange(1, 90_000) * 1_000_000}
            right = replace(wrong, sets={**wrong.sets, **capital})
            return "RegistrationCorrected", ledger.correct(right, ledger.sequence)
        status = ledger.state["status"]
        choices = {
            "active": ("CapitalChanged", "EntitySuspended", "DetailsChanged", "EntityDissolved"),
            "suspended": ("EntityResumed", "CapitalChanged"),
            "ended": ("EntityReinstated",),
        }
        name = r.choice(choices[status])
        settings: dict[str, Json] = {
            "CapitalChanged": {"capital_vnd": r.randrange(1, 90_000) * 1_000_000},
            "EntitySuspended": {"status": "suspended"},
            "EntityResumed": {"status": "active"},
            "EntityReinstated": {"status": "active"},
            "EntityDissolved": {"status": "ended"},
            "DetailsChanged": {"commune": r.choice(self.known)},
        }
        sets = settings[name]
        more: Json = {"why": "dissolved"} if name == "EntityDissolved" else {}
        # A status fact falls at the end, so that the next one starts from the status it leaves.
        last = max(fact.on for fact in ledger.facts)
        when = on if name in {"CapitalChanged", "DetailsChanged"} else max(on, last)
        return name, ledger.happen(Fact(number, name, when, sets, more))
