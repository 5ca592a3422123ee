"""Facts as an upstream system or a portal would send them, all of today."""

import itertools
from collections.abc import Iterator
from typing import Any

from stdnum.vn import mst

from shared.contracts.topics import Topic
from shared.plumbing.clock import SystemClock, legal_date
from shared.plumbing.kafka.clients import partition_of

COMMUNE = "05977"
INDUSTRY = {"scheme": "vsic2025", "code": "4690"}
BILLION = 1_000_000_000


def today() -> str:
    """Return today's legal date."""
    return legal_date(SystemClock().now()).isoformat()


def _codes() -> Iterator[str]:
    for serial in itertools.count(490_100_000):
        code = f"{serial:09d}{mst.calc_check_digit(f'{serial:09d}')}"
        if mst.is_valid(code):
            yield code


_unused = _codes()


def new_code(topic: Topic | None = None, partition: int | None = None) -> str:
    """Return a valid code that no test has had, of a partition of a topic if asked."""
    while True:
        code = next(_unused)
        if topic is None or partition_of(code.encode(), topic.partitions) == partition:
            return code


def _fact(code: str, **fields: Any) -> dict[str, Any]:
    number = next(_references)
    return {"code": code, "on": today(), "reference": f"E2E-{number:05d}-{code}", **fields}


_references = itertools.count(1)


def enterprise(code: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a body of POST /v1/enterprises."""
    return (
        _fact(
            code or new_code(),
            legal_form="llc_one_member",
            name="Công ty TNHH MTV Thử Nghiệm",
            capital_vnd=5 * BILLION,
            commune=COMMUNE,
            industry=INDUSTRY,
        )
        | changes
    )


def cooperative(code: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a body of POST /v1/cooperatives."""
    return (
        _fact(
            code or new_code(),
            kind="cooperative",
            name="Hợp tác xã Thử Nghiệm",
            capital_vnd=2 * BILLION,
            commune=COMMUNE,
            industry=INDUSTRY,
        )
        | changes
    )


def unit(of: str, number: int, **changes: Any) -> dict[str, Any]:
    """Return a body of POST /v1/branches."""
    return (
        {"parent": of}
        | _fact(
            f"{of}-{number:03d}",
            kind="branch",
            name=f"Chi nhánh số {number}",
            commune=COMMUNE,
            industry=INDUSTRY,
        )
        | changes
    )


def change(fact: str, **fields: Any) -> dict[str, Any]:
    """Return a body of POST /v1/entities/{code}/changes."""
    body = _fact("", fact=fact, **fields)
    del body["code"]
    return body


def petition(**changes: Any) -> dict[str, Any]:
    """Return a body of POST /v1/petitions. STC leads its field, SXD the other one."""
    return {
        "field": "construction_debt",
        "other_fields": ["construction"],
        "petitioner_kind": "household",
        "title": "Vướng mắc thanh toán",
        "text": "Kính đề nghị tháo gỡ vướng mắc nợ đọng xây dựng cơ bản.",
        "petitioner": {"name": "Nguyễn Thị Hoa Ban", "phone": "0912 345 678"},
        "reference": f"PA-{next(_references):05d}",
    } | changes
