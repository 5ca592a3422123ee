"""Writing a batch: offsets as the fence, ledger lines, sums, parked records; one transaction."""

from collections.abc import Iterable, Mapping, Sequence

from services.analytics.domain.batch import DeadLetter, Fact, Partition, Progress, Span
from services.analytics.domain.cells import Deltas
from services.analytics.domain.chain import Chain
from services.analytics.domain.columns import Entries, Placed
from services.analytics.domain.petition_fold import DecodedPetition
from services.analytics.store.copying import COLUMNS, entity_copy
from shared.plumbing.postgres import Connection


class Fenced(Exception):
    """Somebody else moved the offsets: the batch is not ours to commit."""


def schema(generation: int) -> str:
    """Return the schema of a generation's tables."""
    return f"g{int(generation)}"


async def live_generation(conn: Connection) -> int:
    """Return the number of the generation that answers."""
    number = await conn.fetchval("SELECT number FROM generation WHERE state = 'live'")
    if number is None:
        raise LookupError("no generation is live")
    return int(number)


async def load_progress(
    conn: Connection, g: str, partitions: Iterable[Partition]
) -> dict[Partition, Progress]:
    """Return how far each partition is applied; unknown ones begin at 0."""
    wanted = list(partitions)
    topics, numbers = [p.topic for p in wanted], [p.number for p in wanted]
    await conn.execute(
        f"""INSERT INTO {g}.consumed (topic, partition)
            SELECT * FROM unnest($1::text[], $2::int[]) ON CONFLICT DO NOTHING""",
        topics,
        numbers,
    )
    rows = await conn.fetch(
        f"""SELECT topic, partition, next, mark, before, parked FROM {g}.consumed
            JOIN unnest($1::text[], $2::int[]) AS w (topic, partition) USING (topic, partition)""",
        topics,
        numbers,
    )
    return {
        Partition(row["topic"], row["partition"]): Progress(
            row["next"], Chain(row["mark"], tuple(row["parked"]), row["before"])
        )
        for row in rows
    }


async def begin(conn: Connection, generation: int) -> str | None:
    """Hold a generation for this transaction and return its state, None when it is gone.

    A swap waits for us, and we see its outcome. The commit may return before it is on the disk.
    """
    row = await conn.fetchrow(
        """SELECT state, set_config('synchronous_commit', 'off', true) FROM generation
           WHERE number = $1 FOR SHARE""",
        generation,
    )
    return None if row is None else str(row["state"])


async def move_offsets(conn: Connection, g: str, spans: Mapping[Partition, Span]) -> None:
    """Move the offsets of a batch. Raises Fenced when one of them is not where it began."""
    ordered = sorted(spans.items())
    moved = await conn.fetch(
        f"""UPDATE {g}.consumed AS c SET
                next = b.hi, mark = b.mark, before = b.before, parked = b.parked::bigint[],
                applied = c.applied + b.applied, repeated = c.repeated + b.repeated,
                parked_count = c.parked_count + b.parked_count,
                newest = greatest(c.newest, b.newest), committed_at = now()
            FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[],
                        $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::timestamptz[],
                        $11::bigint[])
                AS b (topic, partition, lo, hi, mark, parked, applied, repeated, parked_count,
                    newest, before)
            WHERE c.topic = b.topic AND c.partition = b.partition AND c.next = b.lo
            RETURNING 1""",
        [p.topic for p, _ in ordered],
        [p.number for p, _ in ordered],
        [s.lo for _, s in ordered],
        [s.hi for _, s in ordered],
        [s.chain.mark for _, s in ordered],
        ["{" + ",".join(map(str, s.chain.parked)) + "}" for _, s in ordered],
        [s.applied for _, s in ordered],
        [s.repeated for _, s in ordered],
        [s.parked for _, s in ordered],
        [s.newest for _, s in ordered],
        [s.chain.before for _, s in ordered],
    )
    if len(moved) != len(ordered):
        raise Fenced(
            f"{len(ordered) - len(moved)} of {len(ordered)} partitions were moved by another"
        )


async def append_entities(
    conn: Connection, g: str, parts: Sequence[tuple[Entries, Placed]]
) -> None:
    """Append the ledger lines of entity events."""
    if not parts:
        return
    source, lines = entity_copy(parts)
    done = await conn.copy_to_table(
        "entity_fact", schema_name=g, columns=COLUMNS, source=source, format="binary"
    )
    if done != f"COPY {lines}":
        raise RuntimeError(f"{done}: {lines} lines were to be copied")


async def append_petitions(conn: Connection, g: str, facts: Sequence[Fact]) -> None:
    """Append the ledger lines of petition events."""
    rows = [
        (
            *(f.src, f.offset, f.position, f.recorded_at, e.subject, e.sequence),
            e.origin == "backfill",
            line.sign,
            line.entry.on,
            line.entry.model_dump_json(),
        )
        for f in facts
        if isinstance(e := f.event, DecodedPetition)
        for line in e.lines
    ]
    if rows:
        await conn.executemany(
            f"""INSERT INTO {g}.petition_fact (src, "offset", position, recorded_at, subject,
                    sequence, backfill, sign, on_date, entry)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, ($10::text)::jsonb)""",
            rows,
        )


async def add_cells(conn: Connection, g: str, writer: int, deltas: Deltas) -> None:
    """Add deltas to the cells of one writer; each row is touched once, in one order."""
    # The order is the same for every writer, so that two that share a number by mistake wait for
    # each other instead of dead-locking.
    rows = sorted((*cell, *value) for cell, value in deltas.items())
    if not rows:
        return
    await conn.execute(
        f"""INSERT INTO {g}.cell AS c (writer, dim, period, measure, key, n, amount)
            SELECT $1, * FROM unnest($2::text[], $3::date[], $4::text[], $5::text[],
                                     $6::bigint[], $7::bigint[])
            ON CONFLICT (dim, period, measure, key, writer)
            DO UPDATE SET n = c.n + excluded.n, amount = c.amount + excluded.amount""",
        writer,
        *map(list, zip(*rows, strict=True)),
    )


async def park(conn: Connection, dead: Sequence[DeadLetter]) -> None:
    """Keep records that cannot be applied, whole."""
    await conn.executemany(
        """INSERT INTO dead_letter (topic, partition, "offset", key, value,
               header_names, header_values, code, detail)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
           ON CONFLICT ON CONSTRAINT dead_letter_once DO NOTHING""",
        [
            (
                *(d.record.topic, d.record.partition, d.record.offset),
                *(d.record.key, d.record.value),
                [_text(name) for name, _ in d.record.headers],
                [value for _, value in d.record.headers],
                *(d.code, _text(d.detail)),
            )
            for d in dead
        ],
    )


def _text(value: str) -> str:
    # Postgres takes neither NUL nor lone surrogates in a text.
    return value.replace("\x00", "\\0").encode("utf-8", "backslashreplace").decode()
