-- Who does what from when to when, the conferences, and what two petitions have in common.

CREATE TABLE agency (
    code text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    valid_from date NOT NULL,
    -- The first day on which it is no longer there; then somebody goes on with its work.
    valid_to date,
    successor text COLLATE "C" REFERENCES agency DEFERRABLE INITIALLY DEFERRED,
    front_desk boolean NOT NULL DEFAULT false,
    reviews boolean NOT NULL DEFAULT false,
    fields text[] NOT NULL DEFAULT '{}',
    CONSTRAINT agency_that_ends_has_a_successor CHECK (valid_to IS NULL OR successor IS NOT NULL)
);

-- A conference of the province with its enterprises ("cầu nối").
CREATE TABLE conference_session (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT conference_session_id_is_a_key CHECK (id ~ '^[0-9A-Za-z-]{1,40}$'),
    name text NOT NULL,
    held_on date NOT NULL,
    place text NOT NULL,
    chair text NOT NULL,
    -- Who attended, in numbers: {"enterprises": 120, ...}.
    attendance jsonb NOT NULL DEFAULT '{}',
    recorded_at timestamptz NOT NULL
);

-- The members for whom an association speaks, by their codes.
CREATE TABLE petition_member (
    petition_id text COLLATE "C" NOT NULL REFERENCES petition,
    code text COLLATE "C" NOT NULL,
    PRIMARY KEY (petition_id, code)
);

-- By this petitions of the same content are found. Made of the text: it goes with it.
CREATE TABLE petition_likeness (
    petition_id text COLLATE "C" PRIMARY KEY REFERENCES petition_private ON DELETE CASCADE,
    field text COLLATE "C" NOT NULL,
    -- A minimum of hashes for each of 64 permutations; similar texts share many.
    signature integer[] NOT NULL,
    -- Hashes of slices of the signature together with the field: candidates share one.
    bands integer[] NOT NULL
);
CREATE INDEX petition_likeness_by_band ON petition_likeness USING gin (bands);
