-- Reorganizations: one act over several subjects, in one transaction, under one cause.
CREATE TABLE reorganization (
    -- The cause of its events.
    id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT reorganization_kind_is_known
        CHECK (kind IN ('merger', 'consolidation', 'division', 'separation')),
    -- The legal date.
    on_date date NOT NULL,
    system text NOT NULL,
    reference text NOT NULL,
    -- Its events in their order: [{code, sequence, event_id, type}].
    events jsonb NOT NULL
        CONSTRAINT reorganization_has_events CHECK (jsonb_array_length(events) >= 1),
    recorded_at timestamptz NOT NULL,
    -- A reference makes its act happen once.
    CONSTRAINT reorganization_happens_once UNIQUE (system, reference)
);
