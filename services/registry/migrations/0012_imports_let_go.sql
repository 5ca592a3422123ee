-- When the rows of an ended import were removed; its summary stays.

ALTER TABLE import ADD COLUMN removed_at timestamptz
    CONSTRAINT import_is_removed_when_ended CHECK (removed_at IS NULL OR ended_at IS NOT NULL);
