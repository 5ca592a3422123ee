from pathlib import Path

import pytest

from services import registry
from shared.plumbing import idempotency, outbox
from shared.plumbing.kafka import offsets
from shared.plumbing.outbox.watch import ANNOUNCE

MIGRATIONS = Path(registry.__file__).parent / "migrations"


@pytest.mark.parametrize("schema", [outbox.SCHEMA, ANNOUNCE, offsets.SCHEMA, idempotency.SCHEMA])
def test_the_migrations_hold_the_tables_of_the_plumbing(schema: str) -> None:
    text = "\n".join(path.read_text("utf-8") for path in sorted(MIGRATIONS.glob("*.sql")))
    assert schema.strip() in text
