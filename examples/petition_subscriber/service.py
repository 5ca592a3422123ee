"""What the subscriber asks of the petitions service over HTTP: the snapshot, and the log."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from examples.petition_subscriber.mine import Event

_PAGE = 500


class CutShortError(Exception):
    """The snapshot ended before its last line: ask for it again."""


@dataclass(frozen=True)
class Petitions:
    """The petitions service at `url`; the token has the scope `figures:read`."""

    url: str
    token: str

    async def snapshot(self) -> tuple[list[int], list[dict[str, Any]]]:
        """Return the last position of each partition, and all petitions as of there."""
        async with self._client() as client, client.stream("GET", "/v1/snapshot") as answer:
            answer.raise_for_status()
            lines = [json.loads(line) async for line in answer.aiter_lines()]
        if not lines or lines[-1] != {"petitions": len(lines) - 2}:
            raise CutShortError
        return lines[0]["partitions"], lines[1:-1]

    async def between(self, partition: int, after: int, before: int) -> AsyncIterator[Event]:
        """Yield the events of a partition that stand between two positions of the log."""
        async with self._client() as client:
            while after < before - 1:
                answer = await client.get("/v1/events", params={"after": after, "limit": _PAGE})
                answer.raise_for_status()
                page = answer.json()
                if not page["events"]:
                    return
                for event in page["events"]:
                    if event["position"] >= before:
                        return
                    if event["partition"] == partition:
                        yield _event(event)
                after = page["next"]

    def _client(self) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30)


def _event(raw: dict[str, Any]) -> Event:
    return Event(
        raw["partition"],
        raw["position"],
        raw["previous"],
        raw["subject"],
        raw["sequence"],
        raw["data"]["state"],
    )
