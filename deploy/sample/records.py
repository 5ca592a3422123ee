"""What is sent: intake records of an upstream system, as CloudEvents in Kafka's binary mode."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final, Literal

SOURCE: Final = "/vn/lang-son/dkkd-sample"
TOPIC: Final = "caunoi.registry.intake.v1"
REFERENCE_PREFIX: Final = "MAU-"


@dataclass(frozen=True, slots=True)
class Record:
    """One fact as it is sent. `wave` orders what hangs together across keys: a later wave is
    sent when the registry has answered the earlier ones (a branch needs its parent).
    """

    fact: str
    code: str
    on: date
    origin: Literal["live", "backfill"]
    reference: str
    wave: int
    fields: Mapping[str, Any]

    @property
    def key(self) -> bytes:
        """The Kafka key: the entity code."""
        return self.code.encode()

    def body(self) -> dict[str, Any]:
        """Return the data of the event; the HTTP doors take the same."""
        return {
            "code": self.code,
            "on": self.on.isoformat(),
            "origin": self.origin,
            "reference": self.reference,
            **self.fields,
        }

    def value(self) -> bytes:
        """Return the bytes of the Kafka value."""
        return json.dumps(self.body(), ensure_ascii=False, separators=(",", ":")).encode()

    def line(self) -> bytes:
        """Return one line of NDJSON: the body, and before it the fact that the headers name."""
        whole = {"fact": self.fact, **self.body()}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()

    def headers(self) -> list[tuple[str, bytes]]:
        """Return the CloudEvents headers. `ce_time` follows from the date: no clock is read."""
        # Three o'clock UTC is ten in the morning at the registration office.
        at = datetime.combine(self.on, time(3), UTC)
        head = {
            "ce_specversion": "1.0",
            "ce_id": self.reference,
            "ce_type": f"vn.caunoi.intake.{self.fact}.v1",
            "ce_source": SOURCE,
            "ce_time": at.isoformat().replace("+00:00", "Z"),
            "ce_subject": self.code,
            "content-type": "application/json",
        }
        return [(name, text.encode()) for name, text in head.items()]
