"""What an operator reads when the stack is up: where everything is and what to try."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from stdnum.vn import mst

from deploy.local.stack import Stack

_VIETNAM = timezone(timedelta(hours=7))


def where(stack: Stack, services: Sequence[str]) -> str:
    """Addresses, token, logs."""
    addresses = stack.addresses
    lines = [f"  {name:<10} {getattr(addresses, name)}  (/openapi.json)" for name in services]
    return "\n".join(
        [
            *lines,
            f"  {'Kafka':<10} {addresses.kafka}",
            f"  {'PostgreSQL':<10} {addresses.postgres}  (password: {stack.pgpass})",
            f"  {'token':<10} {stack.token}  ({stack.token_file})",
            f"  {'logs':<10} {stack.logs}",
        ]
    )


def what_to_try(stack: Stack) -> str:
    """Commands to paste: register an enterprise, see the figures move."""
    today = datetime.now(UTC).astimezone(_VIETNAM).date().isoformat()
    code, addresses = _unused_code(), stack.addresses
    body = (
        f'{{"code": "{code}", "on": "{today}", "origin": "live", "reference": "THU-{code}", '
        '"legal_form": "llc_one_member", "name": "Công ty TNHH MTV Thử Nghiệm", '
        '"capital_vnd": 5000000000, "commune": "05977", '
        '"industry": {"scheme": "vsic2025", "code": "4690"}}'
    )
    return "\n".join(
        [
            "Try, in another terminal:",
            f"  export TOKEN={stack.token}",
            f'  curl -s -H "Authorization: Bearer $TOKEN" \\\n'
            f"    '{addresses.analytics}/v1/indicators?as_of={today}' | head -c 330",
            f"  curl -s -X POST {addresses.registry}/v1/enterprises \\\n"
            f'    -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: THU-{code}" \\\n'
            f"    -H 'Content-Type: application/json' -d '{body}'",
            "  and the first again: the figures have moved.",
        ]
    )


def _unused_code() -> str:
    """A code with a right check digit, from a range that nobody was given."""
    while True:
        digits = f"{random.randint(499_000_000, 499_999_999):09d}"
        code = digits + str(mst.calc_check_digit(digits))
        if mst.is_valid(code):
            return code
