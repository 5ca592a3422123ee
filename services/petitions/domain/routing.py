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
    # The first day on which it is no longer there, and who goes on with its work.
    until: date | None = None
    successor: Agency | None = None

    def stands(self, on: date) -> bool:
        """Say whether the agency exists on a day."""
        return self.since <= on and (self.until is None or on < self.until)


@dataclass(frozen=True)
class Directory:
    """All agencies by code; knows who leads a field on a date."""

    rows: Mapping[Agency, AgencyRow]

    @classmethod
    def read(cls, data: bytes, communes: Mapping[str, str]) -> Self:
        """Make the directory of `data/agencies.json` and the communes {code: name}.

        Raises Refusal `agency_without_successor`, `unknown_agency` when an agency ends and nobody
        known goes on with its work.
        """
        rows = [
            AgencyRow(
                code=row["code"],
                name=row["name"],
                fields=tuple(row["fields"]),
                since=date.fromisoformat(row["from"]),
                front_desk=row.get("front_desk", False),
                reviews=row.get("reviews", False),
                until=date.fromisoformat(row["until"]) if row.get("until") else None,
                successor=row.get("successor"),
            )
            for row in json.loads(data)["agencies"]
        ]
        rows += [
            AgencyRow(f"{COMMUNE_PREFIX}{code}", f"UBND {name}", (), COMMUNES_SINCE)
            for code, name in communes.items()
        ]
        return cls.of(rows)

    @classmethod
    def of(cls, rows: Iterable[AgencyRow]) -> Self:
        """Make a directory of rows. Raises Refusal as `read` does."""
        made = cls({row.code: row for row in rows})
        for row in made.rows.values():
            made._check_end(row)
        return made

    def _check_end(self, row: AgencyRow) -> None:
        if row.until is None:
            return
        if row.successor is None:
            raise Refusal(
                "agency_without_successor",
                f"Cơ quan {row.code} kết thúc ngày {row.until:%d/%m/%Y}, chưa có cơ quan kế thừa.",
                f"The agency {row.code} ends on {row.until} and has no successor",
                {"agency": row.code},
            )
        seen = {row.code}
        heir = self.rows.get(row.successor)
        while heir is not None and heir.until is not None and heir.until <= row.until:
            seen.add(heir.code)
            after = heir.successor
            heir = self.rows.get(after) if after is not None and after not in seen else None
        if heir is None or heir.since > row.until:
            raise Refusal(
                "unknown_agency",
                f"Cơ quan kế thừa của {row.code} không có vào ngày {row.until:%d/%m/%Y}.",
                f"The successor of {row.code} is not there on {row.until}",
                {"agency": row.successor},
            )

    def current(self, code: Agency, on: date) -> Agency:
        """Return the agency that does the work of an agency on a day: itself, or its successor."""
        row = self.rows.get(code)
        while row is not None and row.until is not None and row.until <= on and row.successor:
            code, row = row.successor, self.rows.get(row.successor)
        return code

    def ended(self, on: date) -> tuple[Agency, ...]:
        """Return the agencies that are no longer there on a day."""
        return tuple(r.code for r in self.rows.values() if r.until is not None and r.until <= on)

    def lead_of(self, field: PetitionField, on: date) -> Agency | None:
        """Return the agency that leads a field on a date, None when none does.

        Of two that name the field, the one that will end leads it until its successor does.
        """
        leads = [r for r in self.rows.values() if field in r.fields and r.since <= on]
        standing = [r for r in leads if r.stands(on)]
        # A field that only an agency led that has ended goes on with its successor.
        chosen = standing or leads
        if not chosen:
            return None
        lead = max(chosen, key=lambda row: (row.until is not None and on < row.until, row.since))
        return self.current(lead.code, on)

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
        if row is None or not row.stands(on):
            raise Refusal(
                "unknown_agency",
                f"Không có cơ quan {code} vào ngày {on:%d/%m/%Y}.",
                f"There is no agency {code} on {on}",
                {"agency": code},
            )
        return code

    def is_front_desk(self, code: Agency | None) -> bool:
        """Say whether an agency takes petitions in and routes them."""
        row = self.rows.get(code) if code else None
        return row is not None and row.front_desk

    def reviews(self, code: Agency | None) -> bool:
        """Say whether an agency reviews that petitions are settled."""
        row = self.rows.get(code) if code else None
        return row is not None and row.reviews

    def sees_all(self, code: Agency | None) -> bool:
        """Say whether an agency works on every petition: the front desk and the reviewer."""
        return self.is_front_desk(code) or self.reviews(code)
