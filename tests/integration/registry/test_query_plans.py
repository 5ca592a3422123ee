"""No question to a large register reads it from end to end."""

import json
import re
from collections.abc import AsyncIterator
from datetime import date

import pytest

from services.registry.domain.spelling import misspellings
from services.registry.domain.units import Span
from services.registry.store import words
from services.registry.store.queries import Filter, statement
from shared.plumbing.postgres import Connection, Database
from tests.support.servers import Servers, cloned

SUBJECTS = 200_000
# Subjects with names of 4 of 40 words, 65 communes, 90 divisions, 5,000 days; one in ten has a past.
FILL = f"""
INSERT INTO entity (code, version, facts, kind, legal_form, name, status, capital_vnd, commune,
    industry_scheme, industry_code, registered_on, updated_at)
SELECT lpad(((n * 7919::bigint) % 9999999967)::text, 10, '0'), 1 + (n % 10 = 0)::int,
    jsonb_build_array(jsonb_build_object('number', 1, 'on', day::text,
        'sets', jsonb_build_object('commune', '05977'))),
    kind, CASE kind WHEN 'enterprise' THEN 'joint_stock' ELSE kind END,
    'Công ty ' || w(n) || ' ' || w(n / 7) || ' ' || w(n / 49) || ' ' || w(n / 343),
    CASE n % 20 WHEN 0 THEN 'suspended' WHEN 1 THEN 'dissolving' ELSE 'active' END, n,
    lpad((5977 + n % 65)::text, 5, '0'), CASE n % 3 WHEN 0 THEN 'vsic2018' ELSE 'vsic2025' END,
    lpad((1 + n % 96)::text, 2, '0') || '11', day, now()
FROM (SELECT n, date '2010-01-01' + n % 5000 AS day,
          CASE WHEN n % 500 = 0 THEN 'cooperative' WHEN n % 5003 = 0 THEN 'cooperative_union'
               ELSE 'enterprise' END AS kind
      FROM generate_series(1, {SUBJECTS}) n) g
"""
PAST = """
INSERT INTO entity_former (code, since, until, kind, legal_form, name, status, capital_vnd, commune,
    commune_on, industry_scheme, industry_code, registered_on)
SELECT code, registered_on - 100, registered_on, kind, legal_form, name, status, capital_vnd,
    commune, registered_on - 100, industry_scheme, industry_code, registered_on - 100
FROM entity WHERE version > 1
"""
# Far more than a register of names in Vietnamese has.
VOCABULARY = """
INSERT INTO name_word SELECT DISTINCT 'w' || translate(md5(n::text), '0123456789', 'ghijklmnop')
FROM generate_series(1, 100000) n ON CONFLICT DO NOTHING
"""
WORD = """
CREATE FUNCTION w(n int) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT chr(97 + n % 20) || chr(97 + n % 13) || 'ng' $$
"""


@pytest.fixture(scope="module")
async def large(servers: Servers, template: str) -> AsyncIterator[Connection]:
    async with (
        cloned(servers.postgres, template) as dsn,
        Database(dsn, name="plans") as database,
        database.connection() as conn,
    ):
        await conn.execute(WORD)
        await conn.execute(FILL)
        await conn.execute(PAST)
        await conn.execute(VOCABULARY)
        await conn.execute("VACUUM ANALYZE name_word")
        # Also empties the index's list of entries that wait to be sorted in.
        await conn.execute("VACUUM ANALYZE entity")
        await conn.execute("VACUUM ANALYZE entity_former")
        yield conn


DAY = date(2015, 1, 1)
WHOLE = Span("05980", date.min, date.max)
FILTERS = {
    "nothing": Filter(),
    "code": Filter(code="49000"),
    "name": Filter(words=["acng", "bb"]),
    "just this name": Filter(words=["cong", "ty", "aang", "bbng"], match="exact"),
    "beginnings": Filter(words=["acng", "bb"], match="beginning"),
    "near a name": Filter(
        words=["acng", "bb"], match="near", near=[["aang", "adng"], ["bbng", "bong"]]
    ),
    "rare kind": Filter(kinds=["cooperative_union"]),
    "common kind": Filter(kinds=["enterprise"]),
    "status": Filter(statuses=["suspended"]),
    "no such status": Filter(statuses=["in_bankruptcy"]),
    "kind and status": Filter(kinds=["cooperative"], statuses=["suspended"]),
    "commune": Filter(communes=[WHOLE]),
    "commune that was split": Filter(communes=[WHOLE, Span("05981", DAY, date.max)]),
    "section": Filter(scheme="vsic2018", industry=("10", "33:")),
    "industry": Filter(scheme="vsic2018", industry=("0511", "0511:")),
    "scheme": Filter(scheme="vsic2018"),
    "parent": Filter(parent="4900000017"),
    "registered": Filter(registered_from=DAY, registered_to=date(2015, 1, 31)),
    "changed": Filter(changed_from=DAY, changed_to=date(2015, 1, 31)),
    "everything": Filter(
        code="4",
        words=["acng"],
        kinds=["enterprise"],
        statuses=["active"],
        communes=[WHOLE],
        scheme="vsic2018",
        registered_from=DAY,
    ),
}


@pytest.mark.parametrize("as_of", [None, DAY], ids=["now", "as of a date"])
@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_finds_its_way_by_an_index(
    large: Connection, name: str, as_of: date | None
) -> None:
    chosen = FILTERS[name]
    filter_ = Filter(**{**chosen.__dict__, "as_of": as_of})
    for after in (None, "5"):
        sql, arguments = statement(filter_, after, 100)
        plan = json.dumps(await large.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments))
        scans = re.findall(r'"Node Type": "Seq Scan".*?"Relation Name": "(\w+)"', plan)
        assert scans == [], f"{name}: {plan}"


@pytest.mark.parametrize(
    ("sql", "arguments"),
    [
        (words.SPELT, [list(misspellings("hoang"))]),
        (words.WITHIN, ["%oan%"]),
        (words.ALIKE, ["hyperlink", 0.35]),
    ],
)
async def test_words_near_another_are_found_by_an_index(
    large: Connection, sql: str, arguments: list[object]
) -> None:
    for mode in ("force_custom_plan", "force_generic_plan"):
        await large.execute(f"SET plan_cache_mode = {mode}")
        plan = json.dumps(await large.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *arguments))
        assert "Seq Scan" not in plan, plan
    await large.execute("RESET plan_cache_mode")


async def test_the_pages_of_a_large_register_are_all_of_it(large: Connection) -> None:
    sql, arguments = statement(Filter(kinds=["cooperative_union"]), None, None)
    whole = [row["code"] for row in await large.fetch(sql, *arguments)]
    pages: list[str] = []
    while True:
        sql, arguments = statement(
            Filter(kinds=["cooperative_union"]), pages[-1] if pages else None, 7
        )
        found = [row["code"] for row in await large.fetch(sql, *arguments)]
        if not found:
            break
        pages += found
    assert pages == whole
    assert len(whole) > 30
