"""The facts of a subject, and how the store keeps them."""

from datetime import date
from typing import Final, get_args

import msgspec

from shared.contracts.registry import EntityFact
from shared.contracts.values import (
    EndedWhy,
    EntityKind,
    IndustryScheme,
    LegalForm,
    RegisteredBy,
)

FACT_NAMES: Final[tuple[EntityFact, ...]] = get_args(EntityFact)


class Sets(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a fact sets; None leaves alone. `capital_vnd` in VND, `until` a legal date.

    `registered_on` is the date of the first certificate of whoever moved in; `elsewhere` says of a
    dependent unit that its parent was reported as seated outside the province.
    """

    kind: EntityKind | None = None
    legal_form: LegalForm | None = None
    name: str | None = None
    capital_vnd: int | None = None
    commune: str | None = None
    industry_scheme: IndustryScheme | None = None
    industry_code: str | None = None
    parent: str | None = None
    until: date | None = None
    registered_on: date | None = None
    elsewhere: bool = False


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened to a subject on a legal date.

    `number` is the sequence of the event that recorded it (0: not recorded yet); a fact keeps it
    for ever, so that (on, number) is a stable order. `cause` is the id of an act over several
    subjects: by it a reinstatement finds the branches that ended with their parent.
    `ends` is the number of the suspension that a resumption ended by its date, None when it was
    reported. `corrections` are the sequences of the events that put the fact right; `withdrawn`
    says that by the last of them it never happened: then it is kept, and does not stand.
    """

    number: int
    name: EntityFact
    on: date
    by: RegisteredBy | None = None
    why: EndedWhy | None = None
    cause: str | None = None
    sets: Sets = Sets()
    ends: int | None = None
    corrections: tuple[int, ...] = ()
    withdrawn: bool = False

    @property
    def place(self) -> tuple[date, int]:
        """The place in legal order."""
        return (self.on, self.number)


_facts = msgspec.json.Decoder(tuple[Fact, ...])


def facts_to_json(facts: tuple[Fact, ...]) -> str:
    """Write facts as the store keeps them."""
    return msgspec.json.encode(facts).decode()


def facts_from_json(text: str | bytes) -> tuple[Fact, ...]:
    """Read facts. Raises msgspec.ValidationError when they are not ours."""
    return _facts.decode(text)
