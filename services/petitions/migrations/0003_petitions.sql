-- The petitions, what is private of them, and the references under which facts came in.

-- One row a petition: what is published of it, as it stands.
CREATE TABLE petition (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT petition_id_is_a_key CHECK (id ~ '^[0-9A-Za-z-]{1,40}$'),
    -- The sequence of its last event. Whoever changes a petition locks this row first.
    version integer NOT NULL CONSTRAINT petition_version_starts_at_one CHECK (version >= 1),
    -- Number and legal date of its last entry: the next fact is not before them.
    entries integer NOT NULL CONSTRAINT petition_begins_with_an_entry CHECK (entries >= 1),
    last_on date NOT NULL,
    -- The state of the contract. The columns after it are read out of it, so they cannot differ.
    state jsonb NOT NULL,
    status text COLLATE "C" NOT NULL GENERATED ALWAYS AS (state ->> 'status') STORED,
    agency text COLLATE "C" GENERATED ALWAYS AS (state ->> 'agency') STORED,
    field text COLLATE "C" NOT NULL GENERATED ALWAYS AS (state ->> 'field') STORED,
    -- Text, because reading a date depends on a setting; ISO dates of four-digit years sort right.
    due_on text COLLATE "C" NOT NULL GENERATED ALWAYS AS (state ->> 'due_on') STORED,
    -- The entries that stand, each with the number of its document and who recorded it.
    ledger jsonb NOT NULL CONSTRAINT petition_ledger_is_a_list
        CHECK (jsonb_typeof(ledger) = 'array'),
    -- By this the petitioner follows the case. It cannot be guessed and is given out once.
    tracking_code text COLLATE "C" NOT NULL CONSTRAINT petition_tracking_code_once UNIQUE,
    filed_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    -- Only the lead agency answers and settles: from the assignment on there is one.
    CONSTRAINT petition_has_a_lead_once_assigned
        CHECK (agency IS NOT NULL OR state ->> 'status' NOT IN
               ('assigned', 'in_progress', 'answered', 'resolved')),
    -- Answered is not resolved, and what is resolved has the date of its settlement.
    CONSTRAINT petition_resolved_has_its_date
        CHECK ((state ->> 'status' = 'resolved') = (state ->> 'settled_on' IS NOT NULL))
);
-- Lists are in the order of the due date; each index answers one combination of filters.
CREATE INDEX petition_by_due ON petition (due_on, id);
CREATE INDEX petition_by_status_due ON petition (status, due_on, id);
CREATE INDEX petition_by_agency_due ON petition (agency, due_on, id);
CREATE INDEX petition_by_agency_status_due ON petition (agency, status, due_on, id);

CREATE SEQUENCE petition_number;

-- What never leaves this database: the text and the person. Erasing a person empties this row.
CREATE TABLE petition_private (
    petition_id text COLLATE "C" PRIMARY KEY REFERENCES petition,
    title text NOT NULL,
    text text NOT NULL,
    petitioner jsonb NOT NULL
);

-- A reference is unique within its source and makes the fact happen once, by whatever door.
CREATE TABLE reference (
    system text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    petition_id text COLLATE "C" NOT NULL,
    sequence integer NOT NULL,
    -- Of what was asked under it: the same again is answered as before, anything else is refused.
    digest bytea NOT NULL CONSTRAINT reference_digest_is_sha256 CHECK (octet_length(digest) = 32),
    CONSTRAINT reference_happens_once PRIMARY KEY (system, reference)
);
