-- What the whole life of an entity needs: suspensions that end by their date, voided registrations.

-- The timer asks which suspensions have outlived their last day.
CREATE INDEX entity_by_suspension ON entity (suspended_until, code)
    WHERE suspended_until IS NOT NULL;

-- Subjects whose registration was voided are not on the register; of them only the number of their
-- last event is left, so that their sequence goes on when the code is registered after all.
CREATE TABLE voided (
    code text PRIMARY KEY,
    version integer NOT NULL CONSTRAINT voided_version_follows_a_registration CHECK (version >= 2),
    voided_at timestamptz NOT NULL
);
