"""Every SQL statement of the petitions, beside its arguments. Knows no rule.

`petitions` (rows and what is private of them), `references`, `events`.
"""

from services.petitions.store.events import Written, load_events
from services.petitions.store.petitions import (
    Filters,
    Place,
    PrivateRefused,
    count_by_status,
    load,
    load_documents,
    load_ledger,
    load_private,
    lock,
    page,
)
from services.petitions.store.references import (
    Reference,
    ReferenceKey,
    ReferenceTaken,
    find_references,
    keep_references,
)

__all__ = [
    "Filters",
    "Place",
    "PrivateRefused",
    "Reference",
    "ReferenceKey",
    "ReferenceTaken",
    "Written",
    "count_by_status",
    "find_references",
    "keep_references",
    "load",
    "load_documents",
    "load_events",
    "load_ledger",
    "load_private",
    "lock",
    "page",
]
