-- A petition raised at a conference names one that is recorded: an id with a typing error would
-- fall out of its count without a word. NOT VALID: what was filed before this rule stays as it is.
ALTER TABLE petition ADD CONSTRAINT petition_session_is_recorded
    FOREIGN KEY (session) REFERENCES conference_session NOT VALID;

-- What an officer has set about a year's working days, beside the file that the service comes
-- with. A row is never changed, only followed by a revision; the youngest counts.
CREATE TABLE calendar_year (
    year integer NOT NULL CONSTRAINT calendar_year_is_a_year CHECK (year BETWEEN 1990 AND 2199),
    revision integer NOT NULL CONSTRAINT calendar_revision_starts_at_one CHECK (revision >= 1),
    -- Days off beside the public holidays, and days that are worked although they would be off.
    off date[] NOT NULL,
    working date[] NOT NULL,
    source text NOT NULL CONSTRAINT calendar_year_has_a_source CHECK (source <> ''),
    -- Whether somebody has read the decision itself.
    verified boolean NOT NULL,
    set_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- Whether the open petitions were dated again since.
    applied boolean NOT NULL DEFAULT false,
    PRIMARY KEY (year, revision)
);
CREATE INDEX calendar_year_to_apply ON calendar_year (recorded_at) WHERE NOT applied;
