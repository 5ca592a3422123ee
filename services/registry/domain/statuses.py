"""The seven legal statuses, the graver after the lighter, and what follows from their order."""

from collections.abc import Sequence
from typing import Final, get_args

from shared.contracts.values import EntityStatus

PRECEDENCE: Final[tuple[EntityStatus, ...]] = (
    "active",
    "not_at_address",
    "suspended",
    "certificate_revoked",
    "dissolving",
    "in_bankruptcy",
    "reorganized",
    "ended",
)
"""A fact that puts a subject into a status finds it in a lighter one, or does not happen to it."""

LEGAL_NUMBER: Final[dict[EntityStatus, int]] = {
    "active": 1,
    "suspended": 2,
    "not_at_address": 3,
    "certificate_revoked": 4,
    "dissolving": 5,
    "reorganized": 5,
    "in_bankruptcy": 6,
    "ended": 7,
}
GONE: Final[frozenset[str]] = frozenset({"reorganized", "ended"})
"""Not open any more: nothing but a reinstatement or a move back in brings it back, if at all."""

assert set(PRECEDENCE) == set(get_args(EntityStatus)) == set(LEGAL_NUMBER)


def lighter(status: EntityStatus) -> frozenset[str]:
    """Return the statuses that a graver one may take the place of."""
    return frozenset(PRECEDENCE[: PRECEDENCE.index(status)])


def graver(status: EntityStatus) -> frozenset[str]:
    """Return the statuses beside which this one is not said."""
    return frozenset(PRECEDENCE[PRECEDENCE.index(status) + 1 :])


def in_order(statuses: frozenset[str]) -> Sequence[EntityStatus]:
    """Return statuses from the lightest to the gravest."""
    return [status for status in PRECEDENCE if status in statuses]
