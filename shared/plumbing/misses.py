"""How often somebody may miss who tries what he does not know: a limit for each client."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Final

_FAMILY: Final = 64
"""Bits of an IPv6 address that a network is given; who has one has all addresses below it."""


@dataclass(frozen=True, slots=True)
class _Debt:
    misses: float
    at: datetime


class MissLimit:
    """Lets a client miss `burst` times, and once more for every `seconds` that pass.

    What is found costs nothing. Kept in the memory of one process, for `clients` of them at most:
    the one that missed longest ago is forgotten first.
    """

    def __init__(self, burst: int, seconds: float, clients: int = 100_000) -> None:
        self._burst, self._seconds, self._clients = burst, seconds, clients
        self._debts: OrderedDict[str, _Debt] = OrderedDict()

    def wait(self, client: str, now: datetime) -> int:
        """Return in how many whole seconds a client may try again, 0 for now."""
        over = self._owed(client, now) - (self._burst - 1)
        return math.ceil(over * self._seconds) if over > 0 else 0

    def missed(self, client: str, now: datetime) -> None:
        """Count a miss of a client."""
        self._debts[client] = _Debt(self._owed(client, now) + 1, now)
        self._debts.move_to_end(client)
        if len(self._debts) > self._clients:
            self._debts.popitem(last=False)

    def _owed(self, client: str, now: datetime) -> float:
        debt = self._debts.get(client)
        if debt is None:
            return 0.0
        passed = (now - debt.at).total_seconds()
        return max(0.0, debt.misses - max(0.0, passed) / self._seconds)


def client_of(host: str | None) -> str:
    """Return who an address counts as: an IPv4 address, or the network of an IPv6 address."""
    try:
        address = ip_address(host or "")
    except ValueError:
        return host or "-"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> _FAMILY << _FAMILY)}/{_FAMILY}"
    return str(address)
