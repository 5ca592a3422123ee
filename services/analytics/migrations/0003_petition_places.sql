-- Late answers and days to resolve are counted by petitioner kind too: their keys get a fourth
-- part. What is kept is made again from the ledger, in every generation.
DO $$
DECLARE
    g text;
BEGIN
    FOR g IN SELECT format('g%s', number) FROM generation ORDER BY number LOOP
        EXECUTE format('DELETE FROM %I.cell WHERE dim IN (''due'', ''days'')', g);
        EXECUTE format($sql$
            INSERT INTO %1$I.cell (dim, period, measure, key, writer, n, amount)
            SELECT 'due', on_date, 'petition.due',
                   concat_ws('|', state ->> 'due_on', state ->> 'field',
                             coalesce(state ->> 'agency', '-'), state ->> 'petitioner_kind'),
                   0, sum(step), 0
            FROM (SELECT on_date, entry -> 'after' AS state, sign AS step FROM %1$I.petition_fact
                  UNION ALL
                  SELECT on_date, entry -> 'before', -sign FROM %1$I.petition_fact) AS moves
            WHERE state ->> 'status' IN ('filed', 'assigned', 'in_progress')
            GROUP BY 2, 4 HAVING sum(step) <> 0$sql$, g);
        EXECUTE format($sql$
            INSERT INTO %1$I.cell (dim, period, measure, key, writer, n, amount)
            SELECT 'days', on_date, 'petition:resolved',
                   concat_ws('|', lpad(state ->> 'days_elapsed', 6, '0'), state ->> 'field',
                             coalesce(state ->> 'agency', '-'), state ->> 'petitioner_kind'),
                   0, sum(sign), 0
            FROM (SELECT on_date, sign, entry -> 'after' AS state FROM %1$I.petition_fact
                  WHERE entry ->> 'fact' = 'PetitionResolved') AS settlements
            GROUP BY 2, 4 HAVING sum(sign) <> 0$sql$, g);
    END LOOP;
END $$;

-- Transfers are looked up by petition: whose were transferred more than once, and what they lived.
CREATE FUNCTION add_petition_indexes(number int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    g text := format('g%s', number);
BEGIN
    EXECUTE format(
        'CREATE INDEX petition_fact_transfer ON %I.petition_fact (subject, on_date)
         WHERE entry ->> ''fact'' = ''PetitionTransferred''', g);
    EXECUTE format('CREATE INDEX petition_fact_subject ON %I.petition_fact (subject)', g);
END
$$;

SELECT add_petition_indexes(number) FROM generation;
