-- The timer asks which ended imports still have their rows.

CREATE INDEX import_to_remove ON import (ended_at, id)
    WHERE removed_at IS NULL AND ended_at IS NOT NULL;
