"""Reading what officers write in sheets: headings, cells, rows. Pure; what is ambiguous is refused.

A row becomes a reported fact (`shared.contracts.intake`) or a Refusal with a code.
"""

from services.registry.domain.sheets.headings import Columns, find_columns
from services.registry.domain.sheets.rows import Options, Read, RowReader
from services.registry.domain.sheets.words import plain

__all__ = ["Columns", "Options", "Read", "RowReader", "find_columns", "plain"]
