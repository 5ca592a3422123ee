-- The register: one row for each subject, what was refused, and what waits.

CREATE TABLE entity (
    code text PRIMARY KEY,
    -- The sequence of the subject's last event.
    version integer NOT NULL CONSTRAINT entity_version_starts_at_one CHECK (version >= 1),
    -- The standing facts in legal order: what everything else in this row follows from.
    facts jsonb NOT NULL CONSTRAINT entity_has_facts CHECK (jsonb_array_length(facts) >= 1),
    kind text NOT NULL,
    legal_form text,
    name text NOT NULL,
    status text NOT NULL CONSTRAINT entity_status_is_known CHECK (status IN (
        'active', 'suspended', 'not_at_address', 'certificate_revoked', 'dissolving',
        'reorganized', 'in_bankruptcy', 'ended')),
    -- Whole VND.
    capital_vnd bigint CONSTRAINT entity_capital_is_an_amount
        CHECK (capital_vnd BETWEEN 0 AND 1000000000000000),
    commune text NOT NULL,
    industry_scheme text NOT NULL,
    industry_code text NOT NULL,
    registered_on date NOT NULL,
    parent text,
    suspended_until date,
    updated_at timestamptz NOT NULL,
    -- A dependent unit has a parent and no capital or form of its own; whoever has no parent has
    -- both.
    CONSTRAINT entity_is_dependent_or_not CHECK (
        (parent IS NOT NULL) = (kind IN ('branch', 'representative_office', 'business_location'))
        AND (parent IS NULL) = (capital_vnd IS NOT NULL)
        AND (parent IS NULL) = (legal_form IS NOT NULL)),
    -- Only who is suspended has a day on which that ends.
    CONSTRAINT entity_suspension_has_its_day
        CHECK (suspended_until IS NULL OR status = 'suspended')
);
CREATE INDEX entity_by_parent ON entity (parent) WHERE parent IS NOT NULL;

-- What was recorded under the references of the upstream systems.
CREATE TABLE reference (
    system text NOT NULL,
    reference text NOT NULL,
    -- Of the reported content: the same reference with another digest is a conflict.
    digest bytea NOT NULL CONSTRAINT reference_digest_is_16_octets CHECK (octet_length(digest) = 16),
    -- The first event that it caused.
    code text NOT NULL,
    sequence integer NOT NULL,
    event_id uuid NOT NULL,
    -- A reference makes its fact happen once, whatever the door.
    CONSTRAINT reference_happens_once PRIMARY KEY (system, reference)
);

-- Records of the intake topic that were refused, whole, with the reason.
CREATE TABLE rejected (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    -- Names are octets too: a record may hold what text may not.
    header_names bytea[] NOT NULL,
    header_values bytea[] NOT NULL,
    timestamp_ms bigint NOT NULL,
    code text NOT NULL,
    reason_vi text NOT NULL,
    reason_en text NOT NULL,
    -- The sender's reference, where one could be read.
    reference text,
    recorded_at timestamptz NOT NULL,
    -- When Kafka acknowledged the copy in the rejected topic.
    sent_at timestamptz,
    -- A record is refused once.
    CONSTRAINT rejected_once UNIQUE (topic, partition, "offset"),
    CONSTRAINT rejected_headers_are_pairs
        CHECK (cardinality(header_names) = cardinality(header_values))
);
CREATE INDEX rejected_to_send ON rejected (id) WHERE sent_at IS NULL;
CREATE INDEX rejected_by_code ON rejected (code);

-- Records of the intake topic that came before their parent: topics are read partition by
-- partition, so a branch can overtake its parent. They are taken when the parent is registered,
-- and refused when it is not there in time.
CREATE TABLE waiting (
    -- Order of arrival; that of each subject is kept.
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The code that the subject shares with its parent.
    root text NOT NULL,
    code text NOT NULL,
    -- What was read from the record.
    system text NOT NULL,
    reported text NOT NULL,
    traceparent text,
    since timestamptz NOT NULL,
    -- The record itself, should it be refused after all.
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    header_names bytea[] NOT NULL,
    header_values bytea[] NOT NULL,
    timestamp_ms bigint NOT NULL,
    -- A record waits once.
    CONSTRAINT waiting_once UNIQUE (topic, partition, "offset")
);
CREATE INDEX waiting_by_root ON waiting (root, id);
CREATE INDEX waiting_by_age ON waiting (since);
