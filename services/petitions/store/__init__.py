"""Every SQL statement of the petitions, beside its arguments. Knows no rule.

`petitions` (rows and what is private of them), `references`, `events`.
"""

from services.petitions.store.events import Written, load_events
from services.petitions.store.petitions import (
    Filters,
    Place,
    PrivateRefused,
    count_by_status,
    insert,
    load,
    load_documents,
    load_ledger,
    load_private,
    lock,
    next_number,
    page,
    restate,
    save,
    tracking_code,
)
from services.petitions.store.references import (
    Reference,
    ReferenceTaken,
    find_reference,
    keep_reference,
)

__all__ = [
    "Filters",
    "Place",
    "PrivateRefused",
    "Reference",
    "ReferenceTaken",
    "Written",
    "count_by_status",
    "find_reference",
    "insert",
    "keep_reference",
    "load",
    "load_documents",
    "load_events",
    "load_ledger",
    "load_private",
    "lock",
    "next_number",
    "page",
    "restate",
    "save",
    "tracking_code",
]
