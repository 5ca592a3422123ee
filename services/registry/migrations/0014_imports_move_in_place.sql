-- The cursor of an import moves with every slice: with room in its page no index is touched, and
-- the old places are used again at once.

ALTER TABLE import SET (fillfactor = 40);
