"""The subscriber's own list in SQLite: the petitions, and how far each partition was read."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Verdict = Literal["applied", "repeat"]
_SCHEMA = """
CREATE TABLE IF NOT EXISTS petition (
    id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, status TEXT NOT NULL, agency TEXT,
    state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS mark (partition INTEGER PRIMARY KEY, position INTEGER NOT NULL);
"""


class Hole(Exception):
    """Something is missing between the mark of a partition and an event."""

    def __init__(self, partition: int, mark: int, previous: int) -> None:
        super().__init__(
            f"partition {partition}: {mark} is the last applied, {previous} is missing"
        )
        self.partition, self.mark, self.previous = partition, mark, previous


@dataclass(frozen=True)
class Event:
    """An event with its place: `previous` is the position before it in its partition."""

    partition: int
    position: int
    previous: int
    subject: str
    sequence: int
    state: Mapping[str, Any]


class MyList:
    """The list. Every change is one transaction with the mark that says it was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._change() as db:
            db.executescript(_SCHEMA)

    @property
    def begun(self) -> bool:
        """Whether there is a snapshot to go on from."""
        with self._look() as db:
            return bool(db.execute("SELECT count(*) FROM mark").fetchone()[0])

    def begin(self, partitions: Iterable[int], lines: Iterable[Mapping[str, Any]]) -> None:
        """Begin anew with a snapshot: the last position of each partition, and all petitions."""
        with self._change() as db:
            db.execute("DELETE FROM petition")
            db.execute("DELETE FROM mark")
            for line in lines:
                _put(db, line["id"], line["sequence"], line["state"])
            db.executemany("INSERT INTO mark VALUES (?, ?)", enumerate(partitions))

    def apply(self, event: Event) -> Verdict:
        """Apply an event once. Raises Hole when the one before it was not applied."""
        with self._change() as db:
            mark = self._mark(db, event.partition)
            if event.position <= mark:
                return "repeat"
            if event.previous != mark:
                raise Hole(event.partition, mark, event.previous)
            _put(db, event.subject, event.sequence, event.state)
            db.execute(
                "INSERT INTO mark VALUES (?, ?)"
                " ON CONFLICT DO UPDATE SET position = excluded.position",
                (event.partition, event.position),
            )
        return "applied"

    def mark(self, partition: int) -> int:
        """Return the last position that was applied in a partition, 0 for none."""
        with self._look() as db:
            return self._mark(db, partition)

    def petitions(self) -> dict[str, tuple[int, dict[str, Any]]]:
        """Return sequence and state of each petition."""
        with self._look() as db:
            rows = db.execute("SELECT id, sequence, state FROM petition").fetchall()
        return {row[0]: (row[1], json.loads(row[2])) for row in rows}

    def by_status(self) -> dict[str, int]:
        """Count the petitions of each status."""
        with self._look() as db:
            return dict(db.execute("SELECT status, count(*) FROM petition GROUP BY status"))

    @staticmethod
    def _mark(db: sqlite3.Connection, partition: int) -> int:
        row = db.execute("SELECT position FROM mark WHERE partition = ?", (partition,)).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def _look(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path)) as db:
            yield db

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        # `with db` commits at the end of the block and rolls back on any error.
        with closing(sqlite3.connect(self._path)) as db, db:
            db.execute("BEGIN IMMEDIATE")
            yield db


def _put(db: sqlite3.Connection, subject: str, sequence: int, state: Mapping[str, Any]) -> None:
    # The state is whole in every event: the newest is all there is to know.
    db.execute(
        "INSERT INTO petition VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
        " sequence = excluded.sequence, status = excluded.status, agency = excluded.agency,"
        " state = excluded.state WHERE excluded.sequence > petition.sequence",
        (subject, sequence, state["status"], state["agency"], json.dumps(state)),
    )
