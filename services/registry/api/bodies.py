"""Bodies of changes: what an upstream system reports about a subject that the path names."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shared.contracts.intake import INTAKE_FACTS, IntakeFact, Reason, Reference
from shared.contracts.states import Model
from shared.contracts.values import LegalDate, Origin, Vnd


class _Change(Model):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    on: LegalDate
    origin: Origin = "live"
    reference: Reference
    reason: Reason | None = None


class CapitalChange(_Change):
    """The registered capital is now `capital_vnd`."""

    fact: Literal["CapitalChanged"]
    capital_vnd: Vnd


class Suspension(_Change):
    """Business is suspended, until a date at most a year later."""

    fact: Literal["EntitySuspended"]
    until: LegalDate | None = None


class Resumption(_Change):
    """Business was resumed."""

    fact: Literal["EntityResumed"]


class DissolutionStart(_Change):
    """Dissolution was resolved."""

    fact: Literal["DissolutionStarted"]


class Dissolution(_Change):
    """The entity ended, and its open dependent units with it."""

    fact: Literal["EntityDissolved"]
    why: Literal["dissolved", "bankrupt", "revoked"]


class Reinstatement(_Change):
    """The entity is on the register again, and the dependent units that ended with it."""

    fact: Literal["EntityReinstated"]


Change = Annotated[
    CapitalChange | Suspension | Resumption | DissolutionStart | Dissolution | Reinstatement,
    Field(discriminator="fact"),
]


def reported(code: str, change: _Change) -> IntakeFact:
    """Return the reported fact that a change of the subject `code` is."""
    fields: dict[str, Any] = {name: getattr(change, name) for name in type(change).model_fields}
    return INTAKE_FACTS[fields["fact"]].model_validate({"code": code, **fields})
