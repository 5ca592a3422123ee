"""Idempotency-Key: the second of two equal requests gets the answer of the first.

The key, a digest of the request and the answer are stored in the transaction of the work itself,
so that either all of it happened or nothing did.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.plumbing.errors import Problem
from shared.plumbing.postgres import Connection

SCHEMA = """\
-- Answers already given, by principal and Idempotency-Key.
CREATE TABLE idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL CONSTRAINT idempotency_request_is_sha256 CHECK (octet_length(request) = 32),
    status smallint,
    headers jsonb NOT NULL DEFAULT '{}',
    body bytea,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON idempotency (made_at);
"""  # noqa: E501
"""The table, to be copied into a migration of the service."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer as it was given."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def request_digest(method: str, path: str, body: bytes) -> bytes:
    """What makes two requests the same: method, path and the exact body."""
    head = f"{method.upper()} {path}\n".encode()
    return hashlib.sha256(head + body).digest()


async def claim(
    conn: Connection, *, principal: str, key: str, digest: bytes, now: datetime
) -> Answer | None:
    """Take the key for this transaction, or get the answer that was already given under it.

    While another transaction holds the key, waits for its end. None: the key is ours, do the work
    and `remember` the answer in the same transaction. Raises Problem 422
    `idempotency_key_reused` when the key came with another request.
    """
    taken = await conn.fetchval(
        "INSERT INTO idempotency (principal, key, request, made_at) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING RETURNING true",
        principal,
        key,
        digest,
        now,
    )
    if taken:
        return None
    row = await conn.fetchrow(
        "SELECT request, status, headers, body FROM idempotency WHERE principal = $1 AND key = $2",
        principal,
        key,
    )
    if row is None or row["request"] != digest or row["status"] is None:
        raise _reused(key)
    return Answer(row["status"], row["body"], row["headers"])


async def remember(conn: Connection, *, principal: str, key: str, answer: Answer) -> None:
    """Store the answer under a key that was claimed in this transaction."""
    await conn.execute(
        "UPDATE idempotency SET status = $3, headers = $4, body = $5 "
        "WHERE principal = $1 AND key = $2",
        principal,
        key,
        answer.status,
        dict(answer.headers),
        answer.body,
    )


class KeyTaken(Exception):
    """Another transaction answered under one of the keys first: begin the transaction anew."""


@dataclass(frozen=True)
class Given:
    """The answer that a key has, and the digest of the request that it was given to."""

    request: bytes
    answer: Answer

    def for_request(self, key: str, digest: bytes) -> Answer:
        """The answer; Problem 422 `idempotency_key_reused` when it was another request."""
        if self.request != digest:
            raise _reused(key)
        return self.answer


async def find_answers(
    conn: Connection, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Given]:
    """The answers that were given under these (principal, key), of those that have one."""
    if not keys:
        return {}
    rows = await conn.fetch(
        "SELECT i.principal, i.key, i.request, i.status, i.body, i.headers "
        "FROM unnest($1::text[], $2::text[]) AS k (principal, key) "
        "JOIN idempotency i ON i.principal = k.principal AND i.key = k.key",
        [principal for principal, _ in keys],
        [key for _, key in keys],
    )
    return {(r[0], r[1]): Given(r[2], Answer(r[3], r[4], r[5])) for r in rows}


async def save_answers(
    conn: Connection, given: Mapping[tuple[str, str], Given], now: datetime
) -> None:
    """Store answers under keys that had none. Raises KeyTaken.

    For work that looks its keys up, does many things and stores all answers at the end, where
    `claim` and `remember` would cost two statements each.
    """
    if not given:
        return
    # In one order by everybody, so that nobody waits in a ring.
    rows = [(*key, given[key]) for key in sorted(given)]
    done = await conn.execute(
        "INSERT INTO idempotency (principal, key, request, status, headers, body, made_at) "
        "SELECT *, $7 FROM unnest($1::text[], $2::text[], $3::bytea[], $4::smallint[], "
        "$5::jsonb[], $6::bytea[]) ON CONFLICT DO NOTHING",
        [principal for principal, _, _ in rows],
        [key for _, key, _ in rows],
        [one.request for _, _, one in rows],
        [one.answer.status for _, _, one in rows],
        [dict(one.answer.headers) for _, _, one in rows],
        [one.answer.body for _, _, one in rows],
        now,
    )
    if int(done.split()[-1]) != len(rows):
        raise KeyTaken


async def forget_before(conn: Connection, moment: datetime) -> int:
    """Delete keys made before a moment; how many."""
    done = await conn.execute("DELETE FROM idempotency WHERE made_at < $1", moment)
    return int(done.split()[-1])


def _reused(key: str) -> Problem:
    return Problem(
        "idempotency_key_reused",
        422,
        title_vi="Khoá Idempotency-Key đã dùng cho yêu cầu khác",
        title_en="Idempotency-Key already used for another request",
        detail_vi="Khoá này đã được gửi với nội dung khác. Hãy dùng khoá mới cho yêu cầu mới.",
        detail_en="This key came before with another request. Use a new key for a new request.",
        facts={"key": key},
    )
