-- Where the Kafka door stands in each partition: the next offset that it will take.
CREATE TABLE consumed (
    topic text NOT NULL,
    partition integer NOT NULL,
    next bigint NOT NULL CONSTRAINT consumed_next_is_an_offset CHECK (next >= 0),
    PRIMARY KEY (topic, partition)
);

-- Answers already given, by principal and Idempotency-Key.
CREATE TABLE idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL CONSTRAINT idempotency_request_is_sha256 CHECK (octet_length(request) = 32),
    status smallint,
    headers jsonb NOT NULL DEFAULT '{}',
    body bytea,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON idempotency (made_at);
