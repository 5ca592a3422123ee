-- A generation is one complete set of figures with the offsets it stands at. One is live; another
-- can be built beside it from the first event and take its place in one transaction.
CREATE TABLE generation (
    number      int PRIMARY KEY CHECK (number > 0),
    state       text NOT NULL CHECK (state IN ('building', 'live', 'kept')),
    created_at  timestamptz NOT NULL
);
-- Never two live generations: readers would not know which figures are true.
CREATE UNIQUE INDEX generation_one_live ON generation (state) WHERE state = 'live';

-- A record that could not be applied, whole, until somebody applies it or gives it up. Outside
-- the generations: a rebuild meets the same records again and must find them here.
CREATE TABLE dead_letter (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic          text NOT NULL,
    partition      int NOT NULL,
    "offset"       bigint NOT NULL,
    key            bytea,
    value          bytea,
    header_names   text[] NOT NULL,
    header_values  bytea[] NOT NULL,
    code           text NOT NULL,
    detail         text NOT NULL,
    parked_at      timestamptz NOT NULL DEFAULT now(),
    resolved_at    timestamptz,
    resolution     text CHECK (resolution IN ('applied', 'dismissed')),
    -- A record is parked once, however often it is read.
    CONSTRAINT dead_letter_once UNIQUE (topic, partition, "offset"),
    -- A resolution has a time and the other way round.
    CONSTRAINT dead_letter_resolved CHECK ((resolved_at IS NULL) = (resolution IS NULL))
);

-- A plan is never changed, only followed by a revision.
CREATE TABLE plan (
    year            int NOT NULL CHECK (year BETWEEN 1900 AND 2199),
    indicator       text NOT NULL,
    revision        int NOT NULL CHECK (revision > 0),
    target          bigint NOT NULL CHECK (target > 0),
    effective_from  date NOT NULL,
    decision        text NOT NULL,
    set_by          text NOT NULL,
    recorded_at     timestamptz NOT NULL,
    PRIMARY KEY (year, indicator, revision),
    -- A plan is of its year.
    CONSTRAINT plan_in_year CHECK (extract(year FROM effective_from) <= year)
);

CREATE FUNCTION create_generation(number int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    g text := format('g%s', number);
BEGIN
    EXECUTE format('CREATE SCHEMA %I', g);

    -- How far each partition was applied, in the same transaction as what was applied. `next` is
    -- the fence: whoever commits must find it where its batch began. `mark`, `before` and `parked`
    -- are the end of the chain; applied + repeated + parked_count is the number of records read.
    EXECUTE format($ddl$
        CREATE TABLE %I.consumed (
            topic         text NOT NULL,
            partition     int NOT NULL,
            next          bigint NOT NULL DEFAULT 0 CHECK (next >= 0),
            mark          bigint NOT NULL DEFAULT 0 CHECK (mark >= 0),
            before        bigint NOT NULL DEFAULT 0 CHECK (before >= 0),
            parked        bigint[] NOT NULL DEFAULT '{}',
            applied       bigint NOT NULL DEFAULT 0,
            repeated      bigint NOT NULL DEFAULT 0,
            parked_count  bigint NOT NULL DEFAULT 0,
            newest        timestamptz,
            committed_at  timestamptz,
            PRIMARY KEY (topic, partition)
        ) WITH (fillfactor = 50)$ddl$, g);

    -- Sums. `writer` (the consumer's instance) is part of the key so that replicas do not wait for
    -- each other's row locks; readers sum over it. Totals by day, breakdowns by month.
    EXECUTE format($ddl$
        CREATE TABLE %I.cell (
            dim      text COLLATE "C" NOT NULL,
            period   date NOT NULL,
            measure  text COLLATE "C" NOT NULL,
            key      text COLLATE "C" NOT NULL,
            writer   smallint NOT NULL,
            n        bigint NOT NULL,
            amount   bigint NOT NULL,
            PRIMARY KEY (dim, period, measure, key, writer)
        ) WITH (fillfactor = 80)$ddl$, g);

    -- The ledger of the entities, append-only: one row an entry asserted (sign 1) or retracted
    -- (sign -1). The figures are its fold; keys are packed states (domain/measured.py).
    EXECUTE format($ddl$
        CREATE TABLE %I.entity_fact (
            src          smallint NOT NULL,
            "offset"     bigint NOT NULL,
            position     bigint NOT NULL,
            recorded_at  timestamptz NOT NULL,
            subject      text COLLATE "C" NOT NULL,
            sequence     int NOT NULL,
            backfill     boolean NOT NULL,
            sign         smallint NOT NULL,
            number       int NOT NULL,
            fact         smallint NOT NULL,
            detail       smallint NOT NULL,
            on_date      date NOT NULL,
            before_key   bigint NOT NULL,
            before_vnd   bigint NOT NULL,
            after_key    bigint NOT NULL,
            after_vnd    bigint NOT NULL
        )$ddl$, g);
    -- By legal date, for the days of an open month and the rows behind a figure. Dates come in
    -- few and nearly in order, so this index costs the hot path little.
    EXECUTE format('CREATE INDEX entity_fact_on ON %I.entity_fact (on_date)', g);

    -- The ledger of the petitions; entries whole, there are few.
    EXECUTE format($ddl$
        CREATE TABLE %I.petition_fact (
            src          smallint NOT NULL,
            "offset"     bigint NOT NULL,
            position     bigint NOT NULL,
            recorded_at  timestamptz NOT NULL,
            subject      text COLLATE "C" NOT NULL,
            sequence     int NOT NULL,
            backfill     boolean NOT NULL,
            sign         smallint NOT NULL,
            on_date      date NOT NULL,
            entry        jsonb NOT NULL
        )$ddl$, g);
    EXECUTE format('CREATE INDEX petition_fact_on ON %I.petition_fact (on_date)', g);
END
$$;

SELECT create_generation(1);
INSERT INTO generation (number, state, created_at) VALUES (1, 'live', now());
