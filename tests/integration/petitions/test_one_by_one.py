"""Requests that are done in one transaction come to the same as those done one after another."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import asyncpg
import orjson
import pytest

from services.petitions.api.actions import BODIES
from services.petitions.api.bodies import FileIn
from services.petitions.api.problems import conflict_of, problem_of
from services.petitions.api.views import acted_answer, filed_answer
from services.petitions.app import Service
from services.petitions.domain.private import tracking_code_of
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.workflow import Action
from services.petitions.handlers import Caller, Key, VersionConflict
from services.petitions.handlers.asked import Acting, Filing, Job, key_of
from services.petitions.handlers.desk import needs_more
from shared.contracts.envelope import Source
from shared.plumbing import ids
from shared.plumbing.auth import Principal
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer
from tests.integration.petitions.bodies import filing
from tests.integration.petitions.conftest import PRINCIPALS
from tests.integration.petitions.replicas import replica
from tests.support.servers import Servers, cloned

PORTAL, STC, SXD, DESK, REVIEWER = (
    next(p for p in PRINCIPALS if p.name == name)
    for name in ("portal", "STC", "SXD", "VPUB", "reviewer")
)
ACTS: list[tuple[Action, Principal, dict[str, Any]]] = [
    ("assign", DESK, {}),
    ("assign", DESK, {"agency": "SXD"}),
    ("answer", STC, {"document": "1/STC", "outcome": "accepted"}),
    ("answer", SXD, {"document": "1/SXD"}),
    ("resolve", STC, {"document": "2/STC"}),
    ("confirm", PORTAL, {}),
    ("dispute", PORTAL, {"reason": "chưa thanh toán"}),
    ("transfer", STC, {"agency": "SXD", "reason": "đúng lĩnh vực hơn"}),
    ("extend", STC, {"days": 5, "reason": "cần xác minh", "legal_basis": "Điều 5"}),
    ("review", REVIEWER, {"recommendation": "làm dứt điểm", "due_on": "2026-03-31"}),
    ("reject", STC, {"reason": "gọi 0912 345 678"}),
    ("withdraw", DESK, {}),
    ("correct", STC, {"reason": "ghi nhầm", "field": "land"}),
    ("correct", STC, {"reason": "ghi nhầm", "undo": True}),
    ("mark_duplicate", STC, {"original": "KN-2026-000001"}),
]


def jobs(dice: random.Random, count: int) -> list[Job]:
    """Make requests about a few petitions, in no sensible order; some come twice."""
    made: list[Job] = []
    for number in range(count):
        if made and dice.random() < 0.1:
            made.append(dice.choice(made))
        elif number < 3 or dice.random() < 0.2:
            made.append(_filing(dice))
        else:
            made.append(_acting(dice))
    return made


def _caller(dice: random.Random, principal: Principal) -> Caller:
    key = dice.choice([None] * 5 + [f"k-{dice.randrange(30)}"])
    return Caller(principal, Key(key, dice.randbytes(32)) if key else None)


def _filing(dice: random.Random) -> Filing:
    reference = f"PA-{dice.randrange(8)}"
    kind = dice.choice(["petition"] * 5 + ["complaint"])
    text = dice.choice(["Nợ đọng xây dựng cơ bản nhiều năm.", "Thủ tục đất đai còn chậm."])
    body = FileIn.model_validate_json(
        orjson.dumps(filing(reference=reference, kind=kind, text=text))
    )
    source = Source(system="/vn/lang-son/http/portal", reference=reference)
    return Filing(body.command(), body.private(), source, _caller(dice, PORTAL), filed_answer)


def _acting(dice: random.Random) -> Acting:
    action, principal, said = dice.choice(ACTS)
    body = BODIES[action].model_validate_json(orjson.dumps(said))
    named = dice.random() < 0.3
    number = dice.randrange(1, 5)
    return Acting(
        petition_id=f"KN-2026-{number:06d}",
        command=body.command(),
        expected=dice.choice([None] * 8 + [1, 2, 3]),
        source=Source(system="s", reference=f"R-{dice.randrange(40)}" if named else "own"),
        is_named=named,
        tracking_code=code_of(number) if principal is PORTAL else None,
        caller=_caller(dice, principal),
        render=acted_answer,
    )


def code_of(number: int) -> str:
    """Return the tracking code that the n-th new petition gets in these tests."""
    return tracking_code_of(f"secret {number}")


def _words(settled: Answer | Exception) -> object:
    """Return what a caller would see."""
    if isinstance(settled, Refusal):
        settled = problem_of(settled)
    if isinstance(settled, VersionConflict):
        settled = conflict_of(settled)
    if isinstance(settled, Problem):
        return settled.status, orjson.dumps(settled.to_json()), dict(settled.headers)
    assert isinstance(settled, Answer), repr(settled)
    return settled.status, settled.body, dict(settled.headers)


async def _alone(service: Service, asked: Sequence[Job]) -> list[object]:
    said = []
    for job in asked:
        try:
            said.append(_words(await service.commands._do_one(job)))
        except (Refusal, Problem, VersionConflict) as refusal:
            said.append(_words(refusal))
    return said


async def _at_once(service: Service, asked: Sequence[Job], dice: random.Random) -> list[object]:
    """Do them in transactions of some size; nobody has a key twice in one, as `Together` sees."""
    said: list[object] = []
    rest = list(asked)
    while rest:
        batch: list[Job] = []
        most = dice.randrange(1, 20)
        known = {name for one in said for name in _filed(one)}
        while rest and len(batch) < most and not _meets(batch, rest[0], known):
            batch.append(rest.pop(0))
        settled = await service.commands._do_some(batch)
        for job, one in zip(batch, settled, strict=True):
            said += [_words(one)] if one is not None else await _alone(service, [job])
    return said


def _filed(said: object) -> list[str]:
    assert isinstance(said, tuple)
    return [orjson.loads(said[1])["id"]] if said[0] == 201 else []


def _meets(batch: Sequence[Job], job: Job, known: set[str]) -> bool:
    """Say whether a job cannot be in this transaction, or not be done in its turn."""

    def alone(one: Job) -> bool:
        # An id that was guessed may be given in the same transaction.
        return needs_more(one) or (isinstance(one, Acting) and one.petition_id not in known)

    key = key_of(job)
    return (bool(batch) and (alone(job) or alone(batch[0]))) or (
        key is not None and key in {key_of(one) for one in batch}
    )


async def _left(dsn: str) -> dict[str, list[tuple[Any, ...]]]:
    conn = await asyncpg.connect(dsn)
    questions = {
        "petition": "SELECT id, version, entries, last_on, state::text, workings::text,"
        " ledger::text, tracking_code FROM petition ORDER BY id",
        "private": "SELECT * FROM petition_private ORDER BY 1",
        "likeness": "SELECT * FROM petition_likeness ORDER BY 1",
        "event": "SELECT subject, sequence, type, data FROM event ORDER BY subject, sequence",
        "reference": "SELECT * FROM reference ORDER BY 1, 2",
        "review": "SELECT * FROM petition_review ORDER BY 1, 2",
        "idempotency": "SELECT principal, key, request, status, body FROM idempotency ORDER BY 1, 2",
    }
    try:
        return {
            name: [tuple(row) for row in await conn.fetch(question)]
            for name, question in questions.items()
        }
    finally:
        await conn.close()


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the tracking codes those of `code_of`; calling it begins anew."""
    numbers: Iterator[int] = iter(())

    def restart() -> None:
        nonlocal numbers
        numbers = iter(range(1, 1_000))

    monkeypatch.setattr(ids, "new_token", lambda: f"secret {next(numbers)}")
    return restart


@pytest.mark.parametrize("walk", range(6))
async def test_done_together_comes_to_the_same_as_one_after_another(
    servers: Servers, template: str, secrets: Callable[[], None], seed: int, long: bool, walk: int
) -> None:
    for turn in range(15 if long else 1):
        dice = random.Random(f"{seed} {walk} {turn}")
        asked = jobs(dice, 80)
        async with cloned(servers.postgres, template) as one, replica(one) as service:
            await _a_session(one)
            secrets()
            said = await _alone(service, asked)
            left = await _left(one)
        async with cloned(servers.postgres, template) as many, replica(many) as service:
            await _a_session(many)
            secrets()
            assert await _at_once(service, asked, dice) == said
            assert await _left(many) == left
        assert any(_filed(one) for one in said)


async def _a_session(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    await conn.execute(
        "INSERT INTO conference_session (id, name, held_on, place, chair, recorded_at)"
        " VALUES ('HN-2026-03', 'a', $1, 'b', 'c', now())",
        date(2026, 3, 1),
    )
    await conn.close()
