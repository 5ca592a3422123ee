"""Where an event belongs in its topic, and the hash that ties it to the one before."""

import hashlib
import struct
from datetime import UTC, datetime, timedelta

from shared.plumbing.kafka.clients import partition_of as partition_of_key
from shared.plumbing.outbox.log import LoggedEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBERS = struct.Struct(">qhqiq")
_LENGTH = struct.Struct(">i")


def genesis(topic: str, partitions: int) -> bytes:
    """The hash before the first row of the log of this topic."""
    return hashlib.sha256(f"caunoi log 1\n{topic}\n{partitions}".encode()).digest()


def partition_of(subject: str, partitions: int) -> int:
    """The partition of a subject: murmur2 of its UTF-8, as Kafka's own clients compute it."""
    return partition_of_key(subject.encode(), partitions)


def link(before: bytes, event: LoggedEvent) -> bytes:
    """The hash of a row: SHA-256 of the hash before it and of the row in canonical form.

    Canonical form: position, partition, previous, sequence and the microseconds of `recorded_at`
    as big-endian integers of 8, 2, 8, 4, 8 octets; then ce_id, subject, type, traceparent and data
    in UTF-8, each behind its length in 4 octets (-1 for an absent traceparent).
    """
    digest = hashlib.sha256(before)
    moment = (event.recorded_at - _EPOCH) // _MICROSECOND
    parts = [_NUMBERS.pack(event.position, event.partition, event.previous, event.sequence, moment)]
    for text in (event.ce_id, event.subject, event.type):
        octets = text.encode()
        parts += (_LENGTH.pack(len(octets)), octets)
    if event.traceparent is None:
        parts.append(_LENGTH.pack(-1))
    else:
        octets = event.traceparent.encode()
        parts += (_LENGTH.pack(len(octets)), octets)
    parts += (_LENGTH.pack(len(event.data)), event.data)
    digest.update(b"".join(parts))
    return digest.digest()
