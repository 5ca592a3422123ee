-- What the questions to the register need: search, dates, what stood earlier, waking who waits.

CREATE EXTENSION IF NOT EXISTS unaccent;

-- A name as it is searched: its words in small letters without diacritics. A word has at most 2046
-- octets in a tsvector, so a name without a single space is cut.
-- `unaccent` is only STABLE because its dictionary could be changed; ours is the one it comes with.
CREATE FUNCTION search_words(name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT string_to_array(trim(left(regexp_replace(
        lower(public.unaccent('public.unaccent'::regdictionary, name) COLLATE "C"),
        '[^a-z0-9]+', ' ', 'g'), 1500)), ' ') $$;

-- The legal date of a standing fact. A cast from text to date would depend on a setting.
CREATE FUNCTION fact_day(fact jsonb) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT make_date(substr(fact ->> 'on', 1, 4)::int, substr(fact ->> 'on', 6, 2)::int,
                           substr(fact ->> 'on', 9, 2)::int) $$;

-- The legal date of the last fact that stands; null when none does.
CREATE FUNCTION standing_day(facts jsonb) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT max(fact_day(f)) FROM jsonb_array_elements(facts) f
          WHERE f ->> 'withdrawn' IS DISTINCT FROM 'true' $$;

-- The legal date of the last standing fact that set the commune: which unit a code meant depends
-- on it.
CREATE FUNCTION commune_day(facts jsonb) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$ SELECT max(fact_day(f)) FROM jsonb_array_elements(facts) f
          WHERE f -> 'sets' ->> 'commune' IS NOT NULL
            AND f ->> 'withdrawn' IS DISTINCT FROM 'true' $$;

ALTER TABLE entity
    ADD COLUMN search tsvector GENERATED ALWAYS AS (array_to_tsvector(search_words(name))) STORED,
    -- The legal date of the last standing fact: from then on the state of this row holds. Null
    -- when nothing stands. Most subjects have one fact, and for them it must cost nothing.
    ADD COLUMN since date GENERATED ALWAYS AS (
        CASE WHEN jsonb_array_length(facts) = 1 AND facts -> 0 -> 'withdrawn' IS NULL
             THEN fact_day(facts -> 0) ELSE standing_day(facts) END) STORED,
    ADD COLUMN commune_on date GENERATED ALWAYS AS (
        CASE WHEN jsonb_array_length(facts) = 1 AND facts -> 0 -> 'withdrawn' IS NULL
             THEN fact_day(facts -> 0) ELSE commune_day(facts) END) STORED;

CREATE INDEX entity_by_name ON entity USING gin (search);
-- Few values each: Postgres keeps one key with many places, which is small and cheap to keep.
CREATE INDEX entity_by_kind_status ON entity (kind, status);
CREATE INDEX entity_by_commune ON entity (commune);
CREATE INDEX entity_by_industry ON entity (industry_scheme, industry_code COLLATE "C");
CREATE INDEX entity_by_registered_on ON entity (registered_on);
CREATE INDEX entity_by_since ON entity (since);

-- States that stood earlier, from `since` to the day before `until`: what an `as of` needs beside
-- `entity`. Follows from the facts and is written with them; most subjects have none.
CREATE TABLE entity_former (
    code text NOT NULL,
    since date NOT NULL,
    until date NOT NULL,
    kind text NOT NULL,
    legal_form text,
    name text NOT NULL,
    status text NOT NULL,
    capital_vnd bigint,
    commune text NOT NULL,
    commune_on date NOT NULL,
    industry_scheme text NOT NULL,
    industry_code text NOT NULL,
    registered_on date NOT NULL,
    parent text,
    search tsvector GENERATED ALWAYS AS (array_to_tsvector(search_words(name))) STORED,
    PRIMARY KEY (code, since),
    CONSTRAINT entity_former_stood_for_a_day CHECK (since < until)
);
CREATE INDEX entity_former_by_until ON entity_former (until);
CREATE INDEX entity_former_by_name ON entity_former USING gin (search);
CREATE INDEX entity_former_by_kind_status ON entity_former (kind, status);
CREATE INDEX entity_former_by_commune ON entity_former (commune);
CREATE INDEX entity_former_by_industry ON entity_former
    (industry_scheme, industry_code COLLATE "C");
CREATE INDEX entity_former_by_registered_on ON entity_former (registered_on);
CREATE INDEX entity_former_by_parent ON entity_former (parent) WHERE parent IS NOT NULL;

-- Whoever waits for the log to grow is told when the relay has stamped.
CREATE FUNCTION announce_stamped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('caunoi_stamped', NEW.stamped_through::text);
    RETURN NULL;
END $$;
CREATE TRIGGER relay_announces AFTER INSERT OR UPDATE OF stamped_through ON relay
    FOR EACH ROW EXECUTE FUNCTION announce_stamped();
