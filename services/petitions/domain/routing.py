"""Which agency leads a field: the directory of agencies, held as data with dates of validity."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from services.petitions.domain.refusals import Refusal
from shared.contracts.values import Agency, PetitionField

# The province merged its communes on this date; their committees are agencies from then on.
COMMUNES_SINCE: Final = date(2025, 7, 1)
COMMUNE_PREFIX: Final = "UB-"


@dataclass(frozen=True)
class AgencyRow:
    """An agency: the fields that it leads, the first day on which it does, its name."""

    code: Agency
    name: str
    fields: tuple[PetitionField, ...]
    since: date
    front_desk: bool = False
    reviews: bool = False


@dataclass(frozen=True)
class Directory:
    """All agencies by code; knows who leads a field on a date."""

    rows: Mapping[Agency, AgencyRow]

    @classmethod
    def read(cls, data: bytes, communes: Mapping[str, str]) -> Self:
        """Make the directory of `data/agencies.json` and the communes {code: name}."""
        rows = [
            AgencyRow(
                code=row["code"],
                name=row["name"],
                fields=tuple(row["fields"]),
                since=date.fromisoformat(row["from"]),
                front_desk=row.get("front_desk", False),
                reviews=row.get("reviews", False),
            )
            for row in json.loads(data)["agencies"]
        ]
        rows += [
            AgencyRow(f"{COMMUNE_PREFIX}{code}", f"UBND {name}", (), COMMUNES_SINCE)
            for code, name in communes.items()
        ]
        return cls({row.code: row for row in rows})

    def lead_of(self, field: PetitionField, on: date) -> Agency | None:
        """Return the agency that leads a field on a date, None when none does."""
        return next(
            (r.code for r in self.rows.values() if field in r.fields and r.since <= on), None
        )

    def route(self, field: PetitionField, on: date) -> Agency:
        """Return the lead agency of a field. Raises Refusal `no_agency_for_field`."""
        lead = self.lead_of(field, on)
        if lead is None:
            raise Refusal(
                "no_agency_for_field",
                f"Ngày {on:%d/%m/%Y} chưa có cơ quan chủ trì lĩnh vực này; hãy nêu rõ cơ quan.",
                f"No agency leads the field {field} on {on}; name the agency",
                {"field": field},
            )
        return lead

    def co_ordinating(
        self, fields: Iterable[PetitionField], lead: Agency, on: date
    ) -> tuple[Agency, ...]:
        """Return the agencies of the other fields, each once, in order, without the lead."""
        found = (self.lead_of(field, on) for field in fields)
        return tuple(dict.fromkeys(code for code in found if code and code != lead))

    def check(self, code: Agency, on: date) -> Agency:
        """Return the code of a known agency. Raises Refusal `unknown_agency`, also before it."""
        row = self.rows.get(code)
        if row is None or row.since > on:
            raise Refusal(
                "unknown_agency",
                f"Không có cơ quan {code} vào ngày {on:%d/%m/%Y}.",
                f"There is no agency {code} on {on}",
                {"agency": code},
            )
        return code

    def sees_all(self, code: Agency | None) -> bool:
        """Say whether an agency works on every petition: the front desk and the reviewer."""
        row = self.rows.get(code) if code else None
        return row is not None and (row.front_desk or row.reviews)
