-- That a person was erased: by whom and why, and nothing of what was erased.
CREATE TABLE erasure (
    petition_id text COLLATE "C" PRIMARY KEY REFERENCES petition,
    erased_at timestamptz NOT NULL,
    erased_by text NOT NULL,
    -- The number of the request or decision; a number, so that it names nobody.
    basis text NOT NULL,
    attachments integer NOT NULL,
    octets bigint NOT NULL
);
CREATE FUNCTION refuse_to_change_an_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'erasure_is_append_only';
END $$;
CREATE TRIGGER erasure_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON erasure
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_an_erasure();
