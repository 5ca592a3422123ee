-- The district in which a unit lay: there are none since 2025-07-01, but old papers name it, and two
-- communes of one name were told apart by it.

ALTER TABLE commune_unit
    ADD COLUMN district text,
    ADD CONSTRAINT commune_unit_lay_in_a_district_while_there_were
        CHECK (district IS NULL OR valid_to <= DATE '2025-07-01' AND valid_to IS NOT NULL);
