"""Use cases of the registry: `Registrar` for every door, `Once` for HTTP, `Queries` for reading."""

from services.registry.handlers.once import Done, Key, Once
from services.registry.handlers.queries import Queries
from services.registry.handlers.record import Registrar
from services.registry.handlers.work import Outcome, Request, Unreadable, trace_of

__all__ = [
    "Done",
    "Key",
    "Once",
    "Outcome",
    "Queries",
    "Registrar",
    "Request",
    "Unreadable",
    "trace_of",
]
