"""Loads the sample into a running system and waits until its figures are the published ones."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from deploy.sample.analytics import Analytics, NotYetError, ready
from deploy.sample.answers import Answers
from deploy.sample.published import Line, checkpoints, compare, plans
from deploy.sample.send import send
from deploy.sample.timeline import records

_PAUSE_S: Final = 0.1
_T = TypeVar("_T")


@dataclass(frozen=True)
class Loaded:
    """What a load did. `sent` records were sent, `known` were there before; `seconds` is from the
    first one sent to exact figures. With nothing sent nothing is compared: what others registered
    since may have moved the figures.
    """

    sent: int
    known: int
    seconds: float


class TooLateError(Exception):
    """The time allowed is over; the text says what was still missing."""


@dataclass
class Loader:
    """Loads through Kafka at `kafka` (host:port), sets the plan and looks at the figures over
    HTTP. `say` is told each step, in Vietnamese and English.
    """

    kafka: str
    registry_url: str
    analytics_url: str
    analytics: Analytics
    say: Callable[[str], None] = lambda _: None
    _missing: str = field(default="", init=False)

    async def run(self, wait_s: float) -> Loaded:
        """Load and wait for exact figures, `wait_s` seconds at most.

        Raises TooLateError, FactsRefusedError (the registry refused facts), RefusedError (HTTP).
        """
        try:
            async with asyncio.timeout(wait_s):
                await self._prepare()
                self._missing = f"Kafka {self.kafka}"
                answers = await self._patiently(lambda: Answers(self.kafka).start())
                try:
                    return await self._send_and_watch(answers)
                finally:
                    await answers.stop()
        except TimeoutError as error:
            raise TooLateError(f"Quá {wait_s:.0f} s / too late: {self._missing}") from error

    async def _prepare(self) -> None:
        for url in (self.registry_url, self.analytics_url):
            await self._patiently(lambda url=url: ready(url))  # type: ignore[misc]
        for plan in plans():
            await self._patiently(lambda plan=plan: self.analytics.set_plan(plan))  # type: ignore[misc]

    async def _send_and_watch(self, answers: Answers) -> Loaded:
        sample = records()
        unknown = [r for r in sample if r.reference not in answers.accepted]
        known = len(sample) - len(unknown)
        if not unknown:
            return Loaded(0, known, 0.0)
        self.say(f"Gửi {len(unknown)} bản ghi mẫu / sending {len(unknown)} sample records")
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._missing = "sổ đăng ký chưa trả lời hết / facts not all answered by the registry"
        await send(self.kafka, unknown, answers)
        await answers.wait_for([r.reference for r in unknown])
        await self._until_exact()
        return Loaded(len(unknown), known, loop.time() - began)

    async def _until_exact(self) -> None:
        while True:
            lines = await self._patiently(lambda: against_published(self.analytics))
            wrong = [line for line in lines if not line.agrees]
            if not wrong:
                return
            self._missing = "; ".join(
                f"{w.as_of} {w.indicator} {w.live} ({w.rule} {w.published})" for w in wrong
            )
            await asyncio.sleep(_PAUSE_S)

    async def _patiently(self, step: Callable[[], Awaitable[_T]]) -> _T:
        while True:
            try:
                return await step()
            except (NotYetError, KafkaError) as error:
                self._missing = str(error)
                await asyncio.sleep(_PAUSE_S)


async def against_published(analytics: Analytics) -> list[Line]:
    """Compare the live figures at all published dates. Raises NotYetError, RefusedError."""
    found: list[Sequence[Line]] = []
    for point in checkpoints():
        found.append(compare(point, await analytics.figures(point.as_of)))  # noqa: PERF401
    return [line for lines in found for line in lines]
