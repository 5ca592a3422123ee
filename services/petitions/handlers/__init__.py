"""Use cases: load -> decide -> save -> append the event, in one transaction each."""

from services.petitions.handlers.asked import Acted, Filed, VersionConflict
from services.petitions.handlers.commands import Commands
from services.petitions.handlers.once import Caller, Key
from services.petitions.handlers.queries import Case, Listed, Queries, Standing
from services.petitions.store import Filters, Place, Written

__all__ = [
    "Acted",
    "Caller",
    "Case",
    "Commands",
    "Filed",
    "Filters",
    "Key",
    "Listed",
    "Place",
    "Queries",
    "Standing",
    "VersionConflict",
    "Written",
]
