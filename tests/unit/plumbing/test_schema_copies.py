"""The tables that plumbing brings stand in the services' migrations word for word."""

from pathlib import Path

import pytest

from shared.plumbing import idempotency, outbox
from shared.plumbing.kafka import offsets

MIGRATIONS = sorted(Path(__file__).parents[3].glob("services/*/migrations/*.sql"))


@pytest.mark.parametrize(
    ("mark", "schema"),
    [
        ("CREATE TABLE outbox", outbox.SCHEMA),
        ("CREATE TABLE consumed (", offsets.SCHEMA),
        ("CREATE TABLE idempotency (", idempotency.SCHEMA),
    ],
)
def test_a_copy_in_a_migration_is_whole_and_unchanged(mark: str, schema: str) -> None:
    assert mark in schema
    for path in MIGRATIONS:
        text = path.read_text("utf-8")
        if mark in text:
            assert schema.strip() in text, f"{path} holds another version of {mark}"
