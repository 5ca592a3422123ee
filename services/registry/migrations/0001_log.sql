-- The event log of a service and the queue in front of its topic.
-- Copied whole into a migration of each service that publishes; a test keeps the copies equal.

-- What happened, in the words that were published. Kept for ever: it is the outbox, the feed and
-- the proof.
CREATE TABLE event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The same on every delivery; made by the writer (UUIDv7), so this index grows at its end.
    ce_id uuid NOT NULL CONSTRAINT event_ce_id_once UNIQUE,
    subject text NOT NULL CONSTRAINT event_subject_is_a_key CHECK (subject <> ''),
    -- 1, 2, 3 ... per subject: two writers of one subject cannot both succeed.
    sequence integer NOT NULL CONSTRAINT event_sequence_starts_at_one CHECK (sequence >= 1),
    type text NOT NULL,
    recorded_at timestamptz NOT NULL,
    traceparent text,
    -- The exact bytes of the record's value. Kafka's default limit of a record is 1 MiB: what
    -- could never be sent must not be written, or it would block everything behind it.
    data bytea NOT NULL CONSTRAINT event_data_fits_a_record
        CHECK (octet_length(data) BETWEEN 1 AND 900000),
    CONSTRAINT event_subject_sequence_once UNIQUE (subject, sequence)
);

-- What waits to be stamped. A row is inserted with its event and deleted when it is stamped.
CREATE TABLE outbox (
    event_id bigint PRIMARY KEY,
    octets integer NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The place of an event in the log, given by the relay, never changed. Each row carries a hash
-- over itself, its event and the hash before it.
CREATE TABLE stamp (
    position bigint PRIMARY KEY CONSTRAINT stamp_position_starts_at_one CHECK (position >= 1),
    event_id bigint NOT NULL CONSTRAINT stamp_event_once UNIQUE,
    partition smallint NOT NULL,
    -- The position before it in the same partition; 0 for the first.
    previous bigint NOT NULL CONSTRAINT stamp_previous_is_before
        CHECK (previous >= 0 AND previous < position),
    hash bytea NOT NULL CONSTRAINT stamp_hash_is_sha256 CHECK (octet_length(hash) = 32)
);

-- Where the relay stands: one row.
CREATE TABLE relay (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT relay_is_one_row CHECK (one),
    topic text NOT NULL,
    partitions smallint NOT NULL,
    stamped_through bigint NOT NULL,
    -- All positions up to this one were acknowledged by Kafka.
    sent_through bigint NOT NULL,
    -- Hash of the last stamped row, or of the topic's name before the first.
    head bytea NOT NULL,
    -- Last stamped position of each partition, 0 for none; partition 0 first.
    last_positions bigint[] NOT NULL,
    CONSTRAINT relay_sends_what_is_stamped CHECK (sent_through BETWEEN 0 AND stamped_through),
    CONSTRAINT relay_knows_every_partition CHECK (cardinality(last_positions) = partitions)
);

CREATE FUNCTION refuse_to_change_the_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'log_is_append_only';
END $$;

CREATE TRIGGER event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log();
CREATE TRIGGER stamp_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stamp
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_log();
