"""Administrative units: what is known of them now, and taking in a new list."""

import re
from collections import Counter
from datetime import date

import msgspec

from services.registry.domain.units import Contradiction, Succession, Unit, Units
from services.registry.store import units as store
from shared.contracts.communes import communes
from shared.plumbing.clock import Clock, legal_date
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import Database

_log = get_logger(__name__)


class Gazetteer:
    """The units as they were read last; `refresh` reads them again, a timer calls it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        # Until the first reading: those of the contract, as if they had always been.
        day = legal_date(clock.now())
        self._units = Units([Unit(c, day.min, name, "") for c, name in communes().items()])

    @property
    def units(self) -> Units:
        """The units that are known."""
        return self._units

    async def refresh(self) -> None:
        """Read them again. Raises one of `postgres.UNAVAILABLE`."""
        async with self._database.connection() as conn:
            units = await store.load_units(conn)
        if units != self._units:
            _log.info("units_read", units=len(units.units), ended=len(units.ended))
            self._units = units


class _Unit(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    name: str
    type: str
    valid_from: date | None = None
    valid_to: date | None = None
    district: str | None = None


class _Succession(msgspec.Struct, forbid_unknown_fields=True, rename={"on": "from"}):
    old: str
    new: str
    on: date
    main: bool | None = None


class _Document(msgspec.Struct):
    units: list[_Unit]
    successions: list[_Succession] = []
    valid_from: date | None = None


def read_units(octets: bytes) -> tuple[list[Unit], list[Succession]]:
    """Read a list of units: {units, successions, valid_from?} (docs/units.md).

    A unit without a first day has the document's; the only successor of a unit is its main one.
    Raises Contradiction when it cannot be read.
    """
    try:
        document = msgspec.json.decode(octets, type=_Document)
    except msgspec.DecodeError as error:
        raise Contradiction(f"the file is not a list of units: {error}") from error
    heirs = Counter((one.old, one.on) for one in document.successions)
    units = []
    for one in document.units:
        first = one.valid_from or document.valid_from
        if first is None or not re.fullmatch("[0-9]{5}", one.code):
            raise Contradiction(f"{one.code} {one.name}: no first day, or not a code of 5 digits")
        units.append(Unit(one.code, first, one.name, one.type, one.valid_to, one.district))
    successions = [
        Succession(
            one.old, one.on, one.new, heirs[one.old, one.on] == 1 if one.main is None else one.main
        )
        for one in document.successions
    ]
    return units, successions


async def load_units(
    database: Database, units: list[Unit], successions: list[Succession]
) -> tuple[int, int]:
    """Add units and successions to those that are known; how many units and successions then are.

    Raises Contradiction when the whole does not fit, or contradicts what is registered: then
    nothing is stored.
    """
    async with database.transaction() as conn:
        await store.lock_units(conn)
        before = await store.load_units(conn)
        known = before.merged(units, successions)
        known.check()
        await store.save_units(conn, units, successions)
        strays = await store.count_after_end(conn, known.ended)
        if strays:
            code, number = strays[0]
            raise Contradiction(
                f"{code} ended on {known.ended[code]}, but {number} subjects are registered there "
                "on or after that day"
            )
        return len(known.units), len(known.successions)
