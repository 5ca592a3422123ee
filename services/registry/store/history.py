"""Statements over what stood earlier: the states that an `as of` needs beside `entity`."""

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from services.registry.domain import Subject
from shared.contracts.states import EntityState
from shared.plumbing.postgres import Connection


@dataclass(frozen=True)
class Former:
    """A state that stood from `since` to the day before `until`; `commune_on`: its commune's."""

    code: str
    since: date
    until: date
    state: EntityState
    commune_on: date


def formers(subject: Subject) -> Iterator[Former]:
    """Yield the states that no longer stand at the end, one a day at most: the day's last."""
    groups = itertools.groupby(subject.entries, key=lambda entry: entry.on)
    days = [list(group)[-1] for _, group in groups]
    moved = commune_days(subject)
    for entry, following in itertools.pairwise(days):
        assert entry.after is not None
        yield Former(subject.code, entry.on, following.on, entry.after, moved[entry.entry])


def commune_days(subject: Subject) -> dict[int, date]:
    """Return by the number of each standing fact the date on which the commune was set last."""
    days: dict[int, date] = {}
    day = date.min
    for fact in subject.facts:
        if fact.sets.commune is not None:
            day = fact.on
        days[fact.number] = day
    return days


_SAVE = """
WITH new AS (
    SELECT * FROM unnest($2::text[], $3::date[], $4::date[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::bigint[], $10::text[], $11::date[], $12::text[], $13::text[], $14::date[],
        $15::text[])
        AS n (code, since, until, kind, legal_form, name, status, capital_vnd, commune, commune_on,
              industry_scheme, industry_code, registered_on, parent)
), gone AS (
    DELETE FROM entity_former f WHERE f.code = ANY($1::text[])
        AND NOT EXISTS (SELECT FROM new WHERE new.code = f.code AND new.since = f.since)
)
INSERT INTO entity_former (code, since, until, kind, legal_form, name, status, capital_vnd, commune,
    commune_on, industry_scheme, industry_code, registered_on, parent)
SELECT * FROM new
ON CONFLICT (code, since) DO UPDATE SET
    until = excluded.until, kind = excluded.kind, legal_form = excluded.legal_form,
    name = excluded.name, status = excluded.status, capital_vnd = excluded.capital_vnd,
    commune = excluded.commune, commune_on = excluded.commune_on,
    industry_scheme = excluded.industry_scheme, industry_code = excluded.industry_code,
    registered_on = excluded.registered_on, parent = excluded.parent
"""


async def save_formers(conn: Connection, subjects: Collection[Subject]) -> None:
    """Write what stood earlier of subjects, anew. Whoever writes subjects calls this beside it.

    A subject that was only registered has none: then there is no statement.
    """
    changed = [subject for subject in subjects if subject.version > 1]
    if not changed:
        return
    rows = [former for subject in changed for former in formers(subject)]
    states = [row.state for row in rows]
    await conn.execute(
        _SAVE,
        [subject.code for subject in changed],
        [row.code for row in rows],
        [row.since for row in rows],
        [row.until for row in rows],
        [state.kind for state in states],
        [state.legal_form for state in states],
        [state.name for state in states],
        [state.status for state in states],
        [state.capital_vnd for state in states],
        [state.commune for state in states],
        [row.commune_on for row in rows],
        [state.industry.scheme for state in states],
        [state.industry.code for state in states],
        [state.registered_on for state in states],
        [state.parent for state in states],
    )
