"""Statements that hold the register against the log."""

from dataclasses import dataclass

from shared.plumbing.postgres import Connection


@dataclass(frozen=True)
class Stray:
    """A subject whose row does not follow from its events, and why not."""

    code: str
    reason: str


# Each subject's sequences are 1 to its version, and its row is the state of the last of them.
_STRAY = """
WITH told AS (
    SELECT subject, max(sequence) AS last, count(*) AS number FROM event GROUP BY subject
), held AS (
    SELECT code, version, true AS stands FROM entity
    UNION ALL SELECT code, version, false FROM voided
)
SELECT coalesce(h.code, t.subject) AS code, CASE
    WHEN h.code IS NULL THEN 'has events but is not on the register'
    WHEN t.subject IS NULL THEN 'is on the register but has no event'
    WHEN t.last <> h.version
        THEN format('is at version %s, its last event has %s', h.version, t.last)
    WHEN t.number <> t.last THEN 'a sequence is missing in its events'
    ELSE 'its row is not the state of its last event' END AS reason
FROM held h FULL JOIN told t ON t.subject = h.code
LEFT JOIN event v ON v.subject = h.code AND v.sequence = h.version
LEFT JOIN entity e ON e.code = h.code
CROSS JOIN LATERAL (SELECT convert_from(v.data, 'UTF8')::jsonb -> 'state' AS state) s
WHERE h.code IS NULL OR t.subject IS NULL OR t.last <> h.version OR t.number <> t.last
   OR CASE WHEN h.stands THEN s.state IS DISTINCT FROM jsonb_build_object(
        'kind', e.kind, 'legal_form', e.legal_form, 'name', e.name, 'status', e.status,
        'capital_vnd', e.capital_vnd, 'commune', e.commune, 'industry', jsonb_build_object(
            'scheme', e.industry_scheme, 'code', e.industry_code),
        'registered_on', e.registered_on, 'parent', e.parent)
      ELSE s.state <> 'null'::jsonb END
ORDER BY 1 LIMIT 1
"""


async def find_stray(conn: Connection) -> Stray | None:
    """The first subject whose row does not follow from its events, None when all do."""
    row = await conn.fetchrow(_STRAY)
    return None if row is None else Stray(row[0], row[1])
