"""The facts of the race in the contract's form: the same registrations on every machine."""

import itertools
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta

from shared.contracts.catalogue import event_type
from shared.contracts.communes import communes

FORMS = ["llc_one_member", "llc_multi_member", "joint_stock", "partnership", "sole_proprietorship"]
WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def codes() -> Iterator[str]:
    """Valid codes in order; a stem whose check digit would be 10 has none."""
    for stem in itertools.count(490_000_001):
        check = 10 - sum(int(d) * w for d, w in zip(str(stem), WEIGHTS, strict=True)) % 11
        if check < 10:
            yield f"{stem}{check}"


def registrations(n: int) -> Iterator[tuple[str, str, bytes, tuple[str, int, str], int]]:
    """The first n registrations: (code, ce_type, data, (kind, year, commune), capital)."""
    known = list(communes())
    for i, code in zip(range(n), codes(), strict=False):
        r = random.Random(i)
        coop = r.random() < 0.05
        day = date(2025, 1, 1) + timedelta(days=r.randrange(365))
        kind = "cooperative" if coop else "enterprise"
        state = {
            "kind": kind,
            "legal_form": "cooperative" if coop else r.choice(FORMS),
            "name": f"{'Hợp tác xã' if coop else 'Công ty TNHH'} Xứ Lạng số {i}",
            "status": "active",
            "capital_vnd": r.randrange(100, 50000) * 1_000_000,
            "commune": r.choice(known),
            "industry": {
                "scheme": "vsic2025",
                "code": f"{r.randrange(1, 99):02d}{r.randrange(10, 99)}",
            },
            "registered_on": day.isoformat(),
            "parent": None,
        }
        name = "CooperativeRegistered" if coop else "EnterpriseRegistered"
        data = {
            "subject": code,
            "sequence": 1,
            "asserts": [
                {
                    "entry": 1,
                    "fact": name,
                    "on": day.isoformat(),
                    "by": "first",
                    "before": None,
                    "after": state,
                }
            ],
            "retracts": [],
            "state": state,
            "corrects": None,
            "origin": "live",
            "cause": None,
            "source": {
                "system": "/vn/lang-son/registry",
                "reference": f"ĐKKD-{day.year}-{i:07d}",
            },
            "reason": None,
        }
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        yield (
            code,
            event_type(name),
            body,
            (kind, day.year, str(state["commune"])),
            int(str(state["capital_vnd"])),
        )
