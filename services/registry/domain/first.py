"""The first event of a subject, written without building the published models.

An import registers a hundred thousand subjects; what it writes is what `begin` and `event_bytes`
write, octet by octet, which a law holds.
"""

from datetime import date

import msgspec

from services.registry.domain.facts import Fact
from shared.contracts.intake import IntakeFact


class _Industry(msgspec.Struct, frozen=True):
    scheme: str | None
    code: str | None


class _State(msgspec.Struct, frozen=True):
    kind: str | None
    legal_form: str | None
    name: str | None
    status: str
    capital_vnd: int | None
    commune: str | None
    industry: _Industry
    registered_on: date
    parent: str | None


class _Entry(msgspec.Struct, frozen=True):
    entry: int
    fact: str
    on: date
    by: str | None
    before: None
    after: msgspec.Raw


class _Source(msgspec.Struct, frozen=True):
    system: str
    reference: str


class _Event(msgspec.Struct, frozen=True):
    subject: str
    sequence: int
    asserts: tuple[_Entry]
    retracts: tuple[()]
    state: msgspec.Raw
    corrects: None
    origin: str
    cause: None
    source: _Source
    reason: str | None


_encode = msgspec.json.Encoder().encode


def is_plain_registration(reported: IntakeFact, fact: Fact) -> bool:
    """Say whether a reported fact registers a subject that stands alone: no parent has a say."""
    sets = fact.sets
    return (
        fact.name in {"EnterpriseRegistered", "CooperativeRegistered"}
        and fact == Fact(0, fact.name, reported.on, by="first", sets=sets)
        and (sets.parent, sets.until, sets.registered_on) == (None, None, None)
    )


def first_event(reported: IntakeFact, fact: Fact, system: str) -> bytes:
    """Return the data of the event by which a subject that stands alone is registered."""
    sets = fact.sets
    industry = _Industry(sets.industry_scheme, sets.industry_code)
    state = msgspec.Raw(
        _encode(
            _State(
                sets.kind,
                sets.legal_form,
                sets.name,
                "active",
                sets.capital_vnd,
                sets.commune,
                industry,
                fact.on,
                None,
            )
        )
    )
    entry = _Entry(1, fact.name, fact.on, fact.by, None, state)
    source = _Source(system, reported.reference)
    event = _Event(
        reported.code,
        1,
        (entry,),
        (),
        state,
        None,
        reported.origin,
        None,
        source,
        reported.reason,
    )
    return _encode(event)
