-- What Sở Tài chính recommended, and what was said about a petition without moving it.

CREATE TABLE petition_review (
    petition_id text COLLATE "C" NOT NULL REFERENCES petition,
    -- The sequence of its event.
    sequence integer NOT NULL,
    round integer NOT NULL,
    reviewed_on date NOT NULL,
    recommendation text NOT NULL,
    due_on date NOT NULL,
    by_agency text,
    PRIMARY KEY (petition_id, sequence)
);

-- Comments and the word to the petitioner while the answer is late. They move no clock and are no
-- event; they may name a person, so they go with the person.
CREATE TABLE petition_comment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    petition_id text COLLATE "C" NOT NULL REFERENCES petition_private ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT petition_comment_kind_is_known CHECK (kind IN ('comment', 'update')),
    on_day date NOT NULL,
    text text NOT NULL,
    agency text,
    by_name text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX petition_comment_by_petition ON petition_comment (petition_id, id);
