from pathlib import Path

from services import petitions
from shared.plumbing import idempotency, outbox
from shared.plumbing.migrate import migrate
from shared.plumbing.outbox.watch import ANNOUNCE

MIGRATIONS = Path(petitions.__file__).parent / "migrations"


async def test_migrating_twice_changes_nothing(dsn: str) -> None:
    assert await migrate(dsn, MIGRATIONS) == []


def test_the_tables_of_the_plumbing_are_copied_whole() -> None:
    assert (MIGRATIONS / "0001_log.sql").read_text("utf-8") == outbox.SCHEMA
    assert (MIGRATIONS / "0002_doors.sql").read_text("utf-8") == idempotency.SCHEMA
    assert (MIGRATIONS / "0010_announce.sql").read_text("utf-8").endswith(ANNOUNCE)
