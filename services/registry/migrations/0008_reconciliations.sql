-- What the source of record says, held against the register, and kept.

CREATE TABLE reconciliation (
    -- UUIDv7: rises with time.
    id uuid PRIMARY KEY,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    -- Whose figures they are, in the words of who sent them.
    source text NOT NULL,
    -- Totals by kind and status, or a list of codes.
    basis text NOT NULL CONSTRAINT reconciliation_basis_is_known CHECK (basis IN ('totals', 'list')),
    -- Both sides at the end of this legal date.
    as_of date NOT NULL,
    -- Where the log stood when the register was read.
    position bigint NOT NULL
);

-- Both sides' figures. A status of null: the source gives no figures by status. Capital in VND, null
-- where the source gives none.
CREATE TABLE reconciliation_figure (
    reconciliation uuid NOT NULL REFERENCES reconciliation ON DELETE CASCADE,
    kind text NOT NULL,
    status text,
    our_count bigint NOT NULL,
    their_count bigint NOT NULL,
    our_capital_vnd numeric NOT NULL,
    their_capital_vnd numeric,
    CONSTRAINT reconciliation_figure_once UNIQUE NULLS NOT DISTINCT (reconciliation, kind, status)
);

-- The codes on which a list and the register do not agree: what stands there on both sides.
CREATE TABLE reconciliation_difference (
    reconciliation uuid NOT NULL REFERENCES reconciliation ON DELETE CASCADE,
    code text NOT NULL,
    missing_here boolean NOT NULL,
    missing_there boolean NOT NULL,
    status_differs boolean NOT NULL,
    capital_differs boolean NOT NULL,
    our_status text,
    their_status text,
    our_capital_vnd bigint,
    their_capital_vnd bigint,
    PRIMARY KEY (reconciliation, code),
    CONSTRAINT reconciliation_difference_is_one
        CHECK (missing_here OR missing_there OR status_differs OR capital_differs)
);
