"""The event log of a service and the relay that publishes it.

Writers `append` within their transaction; a `Relay` stamps and sends; `feed`, `head` and `verify`
read. The tables are in schema.sql (SCHEMA).
"""

from shared.plumbing.outbox.bulk import append_many
from shared.plumbing.outbox.log import (
    SCHEMA,
    Head,
    LoggedEvent,
    NewEvent,
    SequenceTaken,
    append,
    feed,
    head,
)
from shared.plumbing.outbox.metrics import OutboxMetrics
from shared.plumbing.outbox.relay import NotReady, Relay
from shared.plumbing.outbox.stamping import RelayRefused
from shared.plumbing.outbox.verify import Mark, Misfit, verify

__all__ = [
    "SCHEMA",
    "Head",
    "LoggedEvent",
    "Mark",
    "Misfit",
    "NewEvent",
    "NotReady",
    "OutboxMetrics",
    "Relay",
    "RelayRefused",
    "SequenceTaken",
    "append",
    "append_many",
    "feed",
    "head",
    "verify",
]
