"""Use cases: load -> decide -> save -> append the event, in one transaction each."""

from services.petitions.handlers.once import Caller, Key
from services.petitions.handlers.reading import Case, Reading, Standing
from services.petitions.handlers.writing import Filed, VersionConflict, Writing
from services.petitions.store import Filters, Place, Written

__all__ = [
    "Caller",
    "Case",
    "Filed",
    "Filters",
    "Key",
    "Place",
    "Reading",
    "Standing",
    "VersionConflict",
    "Writing",
    "Written",
]
