-- What the trailing check of the ledger has seen: one row a subject. Not on the hot path.
CREATE FUNCTION add_sequence_trail(number int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    g text := format('g%s', number);
BEGIN
    -- A subject's events are numbered 1, 2, 3 ... without a gap, whatever the chain says.
    EXECUTE format($ddl$
        CREATE TABLE %I.subject_sequence (
            subject   text COLLATE "C" PRIMARY KEY,
            sequence  int NOT NULL
        )$ddl$, g);
    EXECUTE format($ddl$
        CREATE TABLE %I.sequence_gap (
            subject   text COLLATE "C" NOT NULL,
            expected  int NOT NULL,
            found     int NOT NULL,
            seen_at   timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (subject, expected)
        )$ddl$, g);
    -- How far the check has come in each partition, by the producer's position.
    EXECUTE format($ddl$
        CREATE TABLE %I.sequence_trail (
            src       smallint PRIMARY KEY,
            position  bigint NOT NULL
        )$ddl$, g);
    -- Positions grow with the ledger, so block ranges find them and cost an insert nothing.
    EXECUTE format(
        'CREATE INDEX entity_fact_position ON %I.entity_fact USING brin (position)
         WITH (pages_per_range = 32)', g);
    EXECUTE format(
        'CREATE INDEX petition_fact_position ON %I.petition_fact USING brin (position)', g);
END
$$;

SELECT add_sequence_trail(1);
