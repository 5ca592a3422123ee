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
