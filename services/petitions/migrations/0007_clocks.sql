-- Clocks and alarms: what the service knows of a petition beside what it publishes, and the limits.

ALTER TABLE petition
    -- Of the domain's Workings; {} is a petition from before there were clocks.
    ADD COLUMN workings jsonb NOT NULL DEFAULT '{}',
    -- The day of the next alarm, ISO text like due_on; null while the clock stands still.
    ADD COLUMN alarm_on text COLLATE "C" GENERATED ALWAYS AS (workings ->> 'alarm_on') STORED,
    ADD COLUMN alarms integer NOT NULL
        GENERATED ALWAYS AS (coalesce((workings ->> 'alarms')::integer, 0)) STORED,
    ADD COLUMN disputed boolean NOT NULL
        GENERATED ALWAYS AS (coalesce((workings ->> 'disputed')::boolean, false)) STORED,
    ADD COLUMN answered_on text COLLATE "C" GENERATED ALWAYS AS (state ->> 'answered_on') STORED,
    ADD COLUMN session text COLLATE "C" GENERATED ALWAYS AS (state ->> 'session') STORED;

-- Who is late is found by this and by nothing else: no sweep over all petitions.
CREATE INDEX petition_by_alarm ON petition (alarm_on, id) WHERE alarm_on IS NOT NULL;
CREATE INDEX petition_by_session ON petition (session, due_on, id) WHERE session IS NOT NULL;
-- What the reviewer may have to look at, in the order of due dates.
CREATE INDEX petition_to_review ON petition (due_on, id)
    WHERE status NOT IN ('resolved', 'rejected', 'withdrawn', 'duplicate')
      AND (status = 'answered' OR disputed OR alarms > 0);

-- Time limits are rows: the most particular that is in force counts, then the youngest.
CREATE TABLE time_limit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    step text NOT NULL CONSTRAINT time_limit_step_is_known CHECK (step IN
        ('answer', 'update', 'agency', 'extend', 'reopen', 'review',
         'escalate_1', 'escalate_2', 'escalate_3')),
    field text,
    complexity text CONSTRAINT time_limit_complexity_is_known CHECK (complexity IN
        ('simple', 'normal', 'complex', 'very_complex')),
    amount integer NOT NULL CONSTRAINT time_limit_is_some_days CHECK (amount BETWEEN 0 AND 3660),
    unit text NOT NULL CONSTRAINT time_limit_unit_is_known CHECK (unit IN ('working', 'calendar')),
    legal_basis text NOT NULL CONSTRAINT time_limit_has_a_basis CHECK (legal_basis <> ''),
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT time_limit_ends_after_it_begins CHECK (valid_to > valid_from),
    CONSTRAINT time_limit_once UNIQUE NULLS NOT DISTINCT (step, field, complexity, valid_from)
);
INSERT INTO time_limit (step, complexity, amount, unit, legal_basis, valid_from) VALUES
    ('answer', NULL, 20, 'calendar', 'Trả lời phản ánh, kiến nghị trong 20 ngày kể từ ngày tiếp nhận', '1990-01-01'),
    ('update', NULL, 7, 'calendar', 'Quá 20 ngày: cập nhật tiến độ 7 ngày một lần cho đến khi trả lời', '1990-01-01'),
    ('agency', NULL, 15, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('agency', 'simple', 2, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('agency', 'normal', 5, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('agency', 'complex', 15, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('agency', 'very_complex', 30, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('extend', NULL, 30, 'calendar', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('reopen', NULL, 90, 'calendar', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('review', NULL, 10, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('escalate_1', NULL, 2, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('escalate_2', NULL, 5, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01'),
    ('escalate_3', NULL, 10, 'working', 'Thông lệ của tỉnh; thay bằng quy chế của địa phương', '1990-01-01');
