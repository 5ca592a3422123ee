-- A dependent unit may stand before its parent in a file: its row waits until the file is read, and
-- so do the later rows of the same code.

CREATE INDEX import_row_waiting ON import_row (import_id, row)
    WHERE result = 'waiting_for_parent';
CREATE INDEX import_row_waiting_code ON import_row (import_id, code)
    WHERE result = 'waiting_for_parent';
