-- The different words of all names, so that a name is also found by the middle of a word and
-- despite a typing error. There are few of them beside the names, and most names bring no new one.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE name_word (
    -- Small letters without diacritics, as in `search`. What begins with a digit is no word here:
    -- of a number only the beginning says anything.
    word text COLLATE "C" PRIMARY KEY
);
CREATE INDEX name_word_by_trigram ON name_word USING gin (word gin_trgm_ops);

-- A word stays when its last name goes: it finds nothing then, and costs nothing.
CREATE FUNCTION keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- In one order, so that two writers of the same new words do not wait for one another.
    INSERT INTO name_word (word)
    SELECT DISTINCT w COLLATE "C" FROM written, unnest(tsvector_to_array(written.search)) w
    WHERE w COLLATE "C" >= 'a' AND length(w) BETWEEN 2 AND 60 ORDER BY 1
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER entity_new_words AFTER INSERT ON entity
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION keep_words();
CREATE TRIGGER entity_other_words AFTER UPDATE ON entity
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION keep_words();
CREATE TRIGGER entity_former_new_words AFTER INSERT ON entity_former
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION keep_words();
CREATE TRIGGER entity_former_other_words AFTER UPDATE ON entity_former
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION keep_words();

INSERT INTO name_word (word)
SELECT DISTINCT w COLLATE "C"
FROM (SELECT search FROM entity UNION ALL SELECT search FROM entity_former) n,
     unnest(tsvector_to_array(n.search)) w
WHERE w COLLATE "C" >= 'a' AND length(w) BETWEEN 2 AND 60;

-- Who asks for a name of common words alone ("công ty") wants the names of just these words first;
-- without this they would be looked for among all that hold them.
CREATE INDEX entity_by_just_words ON entity USING hash ((search::text));
CREATE INDEX entity_former_by_just_words ON entity_former USING hash ((search::text));
