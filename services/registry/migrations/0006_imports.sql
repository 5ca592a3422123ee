-- Imported files: the file itself while it is worked on, its progress, what became of each row.

CREATE TABLE import (
    id uuid PRIMARY KEY,
    -- Who sent it, and the source under which its references are unique.
    principal text NOT NULL,
    system text NOT NULL,
    idempotency_key text,
    format text NOT NULL CONSTRAINT import_format_is_known CHECK (format IN ('csv', 'xlsx', 'ndjson')),
    -- What the sender declared for the whole file.
    options jsonb NOT NULL,
    dry_run boolean NOT NULL,
    state text NOT NULL CONSTRAINT import_state_is_known CHECK (state IN (
        'receiving', 'queued', 'running', 'done', 'failed', 'cancelled')),
    octets bigint NOT NULL DEFAULT 0,
    -- SHA-256 of the file: the same file under the same options is the same import.
    digest bytea,
    -- Of a CSV: how its octets become text.
    encoding text,
    -- Of a CSV: its delimiter and headings as they were read. Of a workbook: the headings.
    headings jsonb,
    delimiter text,
    -- Headings that mean nothing to us.
    ignored text[] NOT NULL DEFAULT '{}',
    -- The last row of the file that is done: whoever goes on, goes on behind it.
    row_done integer NOT NULL DEFAULT 0,
    octets_done bigint NOT NULL DEFAULT 0,
    -- Workers that began since the last slice that was done: a file that kills them is given up.
    attempts integer NOT NULL DEFAULT 0,
    -- Rows by what became of them: recorded, repeated, or the code of a refusal.
    counts jsonb NOT NULL DEFAULT '{}',
    -- Why it failed as a whole.
    failure jsonb,
    received_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT import_is_digested_when_received CHECK (state = 'receiving' OR digest IS NOT NULL)
);
CREATE INDEX import_unfinished ON import (received_at, id)
    WHERE state IN ('receiving', 'queued', 'running');
CREATE INDEX import_by_digest ON import (digest);
CREATE UNIQUE INDEX import_by_key ON import (principal, idempotency_key)
    WHERE idempotency_key IS NOT NULL;

-- The file, in pieces, as it came; deleted when the import has ended.
CREATE TABLE import_piece (
    import_id uuid NOT NULL REFERENCES import ON DELETE CASCADE,
    number integer NOT NULL,
    octets bytea NOT NULL,
    PRIMARY KEY (import_id, number)
);
ALTER TABLE import_piece ALTER COLUMN octets SET STORAGE EXTERNAL;

-- What became of each row, in the transaction of the row itself.
CREATE TABLE import_row (
    import_id uuid NOT NULL REFERENCES import ON DELETE CASCADE,
    -- Its line in the file, headings and blank rows counted.
    row integer NOT NULL,
    code text,
    -- recorded, repeated, or the code of a refusal.
    result text NOT NULL,
    sequence integer,
    reference text,
    reason_vi text,
    reason_en text,
    -- Of a refused row: its cells as they were read, for the download.
    cells jsonb,
    PRIMARY KEY (import_id, row)
);
CREATE INDEX import_row_refused ON import_row (import_id, row)
    WHERE result NOT IN ('recorded', 'repeated');

-- Families that a dry run would have begun or changed: what follows in the file builds on them.
CREATE TABLE import_family (
    import_id uuid NOT NULL REFERENCES import ON DELETE CASCADE,
    root text NOT NULL,
    PRIMARY KEY (import_id, root)
);

-- When a refused record was sent to the intake topic again.
ALTER TABLE rejected ADD COLUMN resent_at timestamptz;
