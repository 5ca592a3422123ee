-- What many acts in one transaction stand on.

-- How often the rules have changed: who keeps them in memory sees with one small read that they are
-- still those of the database.
CREATE TABLE rulebook (
    one boolean PRIMARY KEY DEFAULT true CONSTRAINT rulebook_is_one_row CHECK (one),
    version bigint NOT NULL
);
INSERT INTO rulebook (version) VALUES (0);
-- No number comes twice, whatever is rolled back.
CREATE SEQUENCE rulebook_version;
CREATE FUNCTION rules_have_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE rulebook SET version = nextval('rulebook_version');
    RETURN NULL;
END $$;
CREATE TRIGGER agency_is_a_rule AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON agency
    FOR EACH STATEMENT EXECUTE FUNCTION rules_have_changed();
CREATE TRIGGER time_limit_is_a_rule AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON time_limit
    FOR EACH STATEMENT EXECUTE FUNCTION rules_have_changed();
CREATE TRIGGER calendar_year_is_a_rule AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON calendar_year
    FOR EACH STATEMENT EXECUTE FUNCTION rules_have_changed();

-- New bands go into the index at once. What waits beside it in a list is read whole by every search,
-- and every filing is a search.
ALTER INDEX petition_likeness_by_band SET (fastupdate = off);
SELECT gin_clean_pending_list('petition_likeness_by_band');
