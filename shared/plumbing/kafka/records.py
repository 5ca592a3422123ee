"""A record as it lies in Kafka: undecoded, whatever it holds."""

from dataclasses import dataclass
from typing import Any

Header = tuple[str, bytes | None]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record, undecoded. Key and value may be absent; header values may be anything."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    timestamp_ms: int

    def header(self, name: str) -> str | None:
        """The last header of this name as text; None when absent, null or not UTF-8."""
        for key, value in reversed(self.headers):
            if key == name and value is not None:
                try:
                    return value.decode()
                except UnicodeDecodeError:
                    return None
        return None


def raw_record(record: Any) -> RawRecord:
    """Our view of a record of aiokafka. Cannot fail."""
    return RawRecord(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )
