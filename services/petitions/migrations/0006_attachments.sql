-- Files that belong to a petition: private as its text is. Never opened, never executed.

CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    petition_id text COLLATE "C" NOT NULL REFERENCES petition,
    -- As the sender called it, with the ending of what it is.
    name text NOT NULL CONSTRAINT attachment_has_a_name CHECK (name <> ''),
    -- By its content, whatever the sender said. All null until the last octet has come.
    media_type text,
    octets integer CONSTRAINT attachment_is_not_empty CHECK (octets > 0),
    sha256 bytea CONSTRAINT attachment_sha256_is_one CHECK (octet_length(sha256) = 32),
    sent_by text NOT NULL,
    begun_at timestamptz NOT NULL,
    CONSTRAINT attachment_is_whole_or_coming CHECK (num_nulls(media_type, octets, sha256) IN (0, 3))
);
-- The same content is kept once a petition: sending it again answers with what is there.
CREATE UNIQUE INDEX attachment_content_once ON attachment (petition_id, sha256)
    WHERE sha256 IS NOT NULL;
CREATE INDEX attachment_unfinished ON attachment (begun_at) WHERE sha256 IS NULL;

CREATE TABLE attachment_chunk (
    attachment_id uuid NOT NULL REFERENCES attachment ON DELETE CASCADE,
    number integer NOT NULL CONSTRAINT attachment_chunk_starts_at_zero CHECK (number >= 0),
    octets bytea NOT NULL,
    PRIMARY KEY (attachment_id, number)
);
-- What is sent is compressed already.
ALTER TABLE attachment_chunk ALTER COLUMN octets SET STORAGE EXTERNAL;
