"""The whole system as real processes, asked as its users ask: HTTP, Kafka, SQL and commands."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import Ports
from deploy.local.services import SERVICES, database
from deploy.local.stack import ROOT, Stack
from deploy.local.tokens import SCOPES, Token, new_token
from shared.contracts.topics import (
    PETITION_EVENTS_TOPIC,
    REGISTRY_EVENTS_TOPIC,
    REGISTRY_INTAKE_TOPIC,
    Topic,
)
from tests.support.servers import until

Figures = Mapping[str, int]
"""Every number of an answer by its name; `<share>.numerator`, `<share>.denominator`, `<x>.count`."""
Series = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def callers() -> list[Token]:
    """Return whoever calls beside the operator: agencies, the portal, one with each scope."""
    return [
        new_token("STC", "STC", ["petitions:handle"]),
        new_token("VPUB", "VPUB", ["petitions:handle"]),
        new_token("portal", None, ["petitions:file"]),
        new_token("nobody", None, []),
        *(new_token(f"only {scope}", None, [scope]) for scope in SCOPES),
    ]


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code and all that it said."""

    code: int
    said: str


class House:
    """Questions to a running stack. `figures` of today unless a date is given."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._offsets: AIOKafkaConsumer | None = None

    # -- HTTP ------------------------------------------------------------------------------

    def client(self, service: str, by: str | None = "operator") -> httpx.AsyncClient:
        """Return a client of a service that calls as `by`, or without a token."""
        headers = {"authorization": f"Bearer {self.token(by)}"} if by else {}
        url = getattr(self.stack.addresses, service)
        # No TLS here: reading the certificates costs more than a request.
        return httpx.AsyncClient(
            base_url=url, headers=headers, timeout=30, trust_env=False, verify=False
        )

    def token(self, name: str) -> str:
        """Return the token of a caller."""
        return next(row["token"] for row in self.stack.tokens if row["name"] == name)

    async def get(
        self,
        service: str,
        path: str,
        by: str | None = "operator",
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Return what a service answers with 200."""
        async with self.client(service, by) as client:
            answer = await client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(
        self, service: str, path: str, body: Any, by: str | None = "operator", **headers: str
    ) -> httpx.Response:
        """Post JSON and return the answer, whatever it is."""
        async with self.client(service, by) as client:
            return await client.post(path, json=body, headers=headers)

    async def indicators(self, as_of: date | None = None, by: str = "") -> dict[str, Any]:
        """Return the answer of /v1/indicators, by a breakdown if asked."""
        params = {"as_of": as_of.isoformat()} if as_of else {}
        params |= {"by": by} if by else {}
        found: dict[str, Any] = await self.get("analytics", "/v1/indicators", params=params)
        return found

    async def figures(self, as_of: date | None = None) -> Figures:
        """Return every number of the indicators."""
        return numbers((await self.indicators(as_of))["indicators"])

    async def series(self, service: str) -> Series:
        """Return /metrics: {(name, labels): value}."""
        async with self.client(service, None) as client:
            answer = await client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    # -- SQL -------------------------------------------------------------------------------

    async def sql(self, service: str, statement: str, *arguments: Any) -> list[Any]:
        """Return the rows of a statement in a service's database."""
        conn = await asyncpg.connect(self.stack.database_url(database(service)), timeout=30)
        try:
            return list(await conn.fetch(statement, *arguments))
        finally:
            await conn.close()

    async def number(self, service: str, statement: str, *arguments: Any) -> int:
        """Return the one number that a statement answers."""
        ((found,),) = await self.sql(service, statement, *arguments)
        return int(found or 0)

    async def rows(self, service: str, *tables: str) -> dict[str, int]:
        """Return how many rows tables have."""
        return {t: await self.number(service, f"SELECT count(*) FROM {t}") for t in tables}

    # -- Kafka -----------------------------------------------------------------------------

    @property
    def kafka(self) -> str:
        """The bootstrap address."""
        return self.stack.addresses.kafka

    async def ends(self, topic: Topic) -> dict[int, int]:
        """Return the end offset of each partition of a topic."""
        if self._offsets is None:
            self._offsets = AIOKafkaConsumer(bootstrap_servers=self.kafka, enable_auto_commit=False)
            await self._offsets.start()
        places = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
        return {p.partition: end for p, end in (await self._offsets.end_offsets(places)).items()}

    async def close(self) -> None:
        """Let the connections go; they come back when they are needed."""
        offsets, self._offsets = self._offsets, None
        if offsets is not None:
            await offsets.stop()

    # -- waiting ---------------------------------------------------------------------------

    async def settled(self) -> None:
        """Return when whatever was given to any door has reached the figures."""
        await until(self._intake_taken, what="the intake topic taken")
        for service in ("registry", "petitions"):
            await until(lambda s=service: self._published(s), what=f"{service} published")  # type: ignore[misc]
        await until(self._applied, what="the event topics applied")

    async def _intake_taken(self) -> bool:
        rows = await self.sql("registry", "SELECT partition, next FROM consumed")
        return _reached(await self.ends(REGISTRY_INTAKE_TOPIC), dict(rows))

    async def _published(self, service: str) -> bool:
        ((done,),) = await self.sql(
            service,
            "SELECT NOT EXISTS (SELECT FROM outbox)"
            " AND coalesce((SELECT sent_through = stamped_through FROM relay), true)",
        )
        return bool(done)

    async def _applied(self) -> bool:
        for topic in (REGISTRY_EVENTS_TOPIC, PETITION_EVENTS_TOPIC):
            rows = await self.sql(
                "analytics", "SELECT partition, next FROM g1.consumed WHERE topic = $1", topic.name
            )
            if not _reached(await self.ends(topic), dict(rows)):
                return False
        return True

    # -- commands --------------------------------------------------------------------------

    async def operate(self, service: str, command: str) -> Finished:
        """Run an operator command of a service beside the running one."""
        return await finish(
            await start(["-m", f"services.{service}", command], self.stack.environment(service))
        )

    async def start_load(self) -> asyncio.subprocess.Process:
        """Start loading the sample, as an operator would."""
        where = self.stack.addresses
        return await start(
            [
                *("-m", "deploy.sample", "load", "--wait=240", f"--kafka={where.kafka}"),
                *(f"--registry={where.registry}", f"--analytics={where.analytics}"),
            ],
            {"CAUNOI_TOKEN": self.stack.token},
        )

    async def check_report(self) -> Finished:
        """Compare every published figure with the live one."""
        return await finish(
            await start(
                [
                    *("-m", "deploy.sample", "report", "--check"),
                    f"--analytics={self.stack.addresses.analytics}",
                ],
                {"CAUNOI_TOKEN": self.stack.token},
            )
        )


def numbers(indicators: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return every number of the indicators of an answer."""
    found: dict[str, int] = {}
    for name, figure in indicators.items():
        if isinstance(figure["value"], int) and "count" not in figure:
            found[name] = figure["value"]
        for part in ("numerator", "denominator", "count"):
            if part in figure:
                found[f"{name}.{part}"] = figure[part]
    return found


def moved(before: Figures, after: Figures) -> dict[str, int]:
    """Return what has changed, and by how much."""
    names = before.keys() | after.keys()
    deltas = {name: after.get(name, 0) - before.get(name, 0) for name in names}
    return {name: delta for name, delta in deltas.items() if delta}


def _reached(ends: Mapping[int, int], taken: Mapping[int, int]) -> bool:
    return all(taken.get(partition, 0) == end for partition, end in ends.items())


async def start(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    """Start a Python program of ours; its output is kept for `finish`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def finish(process: asyncio.subprocess.Process, seconds: float = 300) -> Finished:
    """Wait for the end of a program."""
    try:
        said, _ = await asyncio.wait_for(process.communicate(), seconds)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    assert process.returncode is not None
    return Finished(process.returncode, said.decode())


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Yield a running stack in a folder of its own, on free ports, and stop it."""
    with tempfile.TemporaryDirectory(prefix="caunoi-e2e-") as folder:
        # The servers run as another user when we are root.
        Path(folder).chmod(0o755)
        stack = Stack(Path(folder), ports=Ports.free(), services=SERVICES, more_tokens=callers())
        with stack:
            yield stack
