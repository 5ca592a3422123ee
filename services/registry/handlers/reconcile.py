"""Holding the source of record's figures against the register: compared, kept, answered."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.registry.handlers.once import Key
from services.registry.store import reconciliations as store
from services.registry.store import snapshot
from services.registry.store.reconciliations import (
    WHAT,
    Difference,
    Figure,
    Reconciliation,
    Theirs,
    Total,
)
from shared.plumbing import idempotency
from shared.plumbing.clock import Clock
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer
from shared.plumbing.postgres import Connection, Database

__all__ = ["WHAT", "Difference", "Drift", "Reconciler", "Result", "Said", "Theirs", "Total"]


@dataclass(frozen=True)
class Drift:
    """Ours less theirs, of a kind: subjects, and VND (None: the source gives none)."""

    kind: str
    entities: int
    capital_vnd: int | None


@dataclass(frozen=True)
class Result:
    """A reconciliation with its figures, and how many codes differ by what (None: totals)."""

    made: Reconciliation
    figures: Sequence[Figure]
    differing: dict[str, int] | None

    @property
    def drifts(self) -> list[Drift]:
        """The drift of each kind."""
        kinds: defaultdict[str, list[Figure]] = defaultdict(list)
        for figure in self.figures:
            kinds[figure.kind].append(figure)
        return [_drift(kind, figures) for kind, figures in sorted(kinds.items())]


def _drift(kind: str, figures: Sequence[Figure]) -> Drift:
    told = [f for f in figures if f.their_capital_vnd is not None]
    capital = sum(f.our_capital_vnd - (f.their_capital_vnd or 0) for f in told) if told else None
    return Drift(kind, sum(f.our_count - f.their_count for f in figures), capital)


@dataclass(frozen=True)
class Said:
    """Who says it: the caller and the name that it gives its source. Figures of the day `as_of`."""

    by: str
    source: str
    as_of: date


@dataclass(frozen=True)
class Reconciler:
    """Reconciliations. Methods raise one of `postgres.UNAVAILABLE`."""

    database: Database
    clock: Clock
    new_id: Callable[[], str]

    async def totals(
        self,
        said: Said,
        totals: Sequence[Total],
        key: Key | None,
        render: Callable[[Result], Answer],
    ) -> Answer:
        """Compare totals; the answer, or the one already given under the key."""

        async def compare(conn: Connection, id_: str) -> Callable[[], Key | None]:
            await store.compare_totals(conn, id_, said.as_of, totals)
            return lambda: key

        return await _once(self._make(said, "totals", compare, render))

    async def listed(
        self,
        said: Said,
        kinds: Sequence[str],
        rows: AsyncIterator[list[Theirs]],
        key: Callable[[], Key | None],
        render: Callable[[Result], Answer],
    ) -> Answer:
        """Compare a list of codes that comes piece by piece; `key` is asked at its end.

        Raises Problem `duplicate_code`, and what reading the list raises: nothing is kept then.
        """

        async def compare(conn: Connection, id_: str) -> Callable[[], Key | None]:
            await store.open_list(conn)
            async for some in rows:
                await store.take_list(conn, some)
            twice = await store.find_twice(conn)
            if twice is not None:
                raise _twice(twice)
            await store.compare_list(conn, id_, said.as_of, kinds)
            return key

        return await _once(self._make(said, "list", compare, render))

    async def _make(
        self,
        said: Said,
        basis: str,
        compare: Callable[[Connection, str], Awaitable[Callable[[], Key | None]]],
        render: Callable[[Result], Answer],
    ) -> Answer:
        # One snapshot for the position and for all that is compared.
        async with self.database.transaction("repeatable_read") as conn:
            cut = await snapshot.cut(conn)
            now = self.clock.now()
            made = Reconciliation(
                self.new_id(), now, said.by, said.source, basis, said.as_of, cut.position
            )
            await store.add(conn, made)
            key = (await compare(conn, made.id))()
            if key is None:
                return render(await _result(conn, made))
            given = await idempotency.claim(
                conn, principal=key.principal, key=key.key, digest=key.digest, now=now
            )
            if given is None:
                answer = render(await _result(conn, made))
                await idempotency.remember(
                    conn, principal=key.principal, key=key.key, answer=answer
                )
                return answer
            # It was done before: what was done now is rolled back by leaving through an error.
            raise _Given(given)

    async def find(self, id_: str) -> Result:
        """One reconciliation. Raises Problem 404."""
        async with self.database.connection() as conn:
            return await _result(conn, await _found(conn, id_))

    async def newest(self, before: str | None, limit: int) -> list[Result]:
        """The newest reconciliations, before the one of an id."""
        async with self.database.connection() as conn:
            made = await store.newest(conn, before, limit)
            return [await _result(conn, one) for one in made]

    async def differences(
        self, id_: str, what: str | None, after: str, limit: int
    ) -> list[Difference]:
        """The codes that differ, in their order, after a code. Raises Problem 404."""
        async with self.database.connection() as conn:
            await _found(conn, id_)
            return await store.differences(conn, id_, what, after, limit)

    async def drifts(self) -> list[Drift]:
        """The drifts of the latest reconciliation; none when there was none."""
        latest = await self.newest(None, 1)
        return latest[0].drifts if latest else []


class _Given(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


async def _once(work: Awaitable[Answer]) -> Answer:
    try:
        return await work
    except _Given as given:
        return given.answer


async def _found(conn: Connection, id_: str) -> Reconciliation:
    made = await store.find(conn, id_)
    if made is None:
        raise Problem(
            "unknown_reconciliation",
            404,
            title_vi="Không có lần đối chiếu này",
            title_en="There is no such reconciliation",
            facts={"id": id_},
        )
    return made


async def _result(conn: Connection, made: Reconciliation) -> Result:
    differing = None
    if made.basis == "list":
        differing = await store.count_differences(conn, made.id)
    return Result(made, await store.figures(conn, made.id), differing)


def _twice(code: str) -> Problem:
    return Problem(
        "duplicate_code",
        422,
        title_vi="Danh sách có mã số trùng",
        title_en="The list has a code twice",
        detail_vi=f"Mã số {code} xuất hiện nhiều lần trong danh sách.",
        detail_en=f"The code {code} is in the list more than once.",
        facts={"code": code},
    )
