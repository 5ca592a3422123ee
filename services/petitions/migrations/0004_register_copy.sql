-- What the registry has said, as far as petitions need it, and what it said that could not be read.

-- Where the Kafka door stands in each partition: the next offset that it will take.
CREATE TABLE consumed (
    topic text NOT NULL,
    partition integer NOT NULL,
    next bigint NOT NULL CONSTRAINT consumed_next_is_an_offset CHECK (next >= 0),
    PRIMARY KEY (topic, partition)
);

-- The entities of the register by their newest event; not the register itself. A petition names
-- one by code and is never refused for a code that has not arrived yet, so nothing refers to this.
CREATE TABLE known_entity (
    code text COLLATE "C" PRIMARY KEY,
    -- The highest wins, whatever the order of arrival.
    sequence integer NOT NULL CONSTRAINT known_entity_sequence_starts_at_one CHECK (sequence >= 1),
    -- All three are null when the registration was voided: then the code is not known.
    name text,
    kind text,
    status text,
    CONSTRAINT known_entity_is_whole_or_voided
        CHECK (num_nulls(name, kind, status) IN (0, 3))
);

-- A record that could not be read, whole; the next one was applied.
CREATE TABLE parked (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    header_names text[] NOT NULL,
    header_values bytea[] NOT NULL,
    code text NOT NULL,
    detail text NOT NULL,
    parked_at timestamptz NOT NULL,
    CONSTRAINT parked_once UNIQUE (topic, partition, "offset")
);

-- Which petitions name an entity.
CREATE INDEX petition_by_entity ON petition ((state ->> 'entity'))
    WHERE state ->> 'entity' IS NOT NULL;
