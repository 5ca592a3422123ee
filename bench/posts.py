"""Posts registrations as fast as they are answered, or at a rate, and says how long each took.

    python -m bench.posts --port 8001 --path /v1/enterprises --token T --clients 32 --seconds 10

A program of its own on raw sockets: a client library would cost more than the server that is
measured. Prints one JSON object; times in milliseconds.
"""

import argparse
import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import cast

import uvloop

from bench.facts import codes
from shared.contracts.communes import communes
from shared.plumbing.clock import monotonic

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def bodies(first: int) -> Iterator[bytes]:
    """Valid registrations of different enterprises, from the `first`-th on."""
    known = sorted(communes())
    for number, code in enumerate(islice(codes(), first, None), start=first):
        body = {
            "code": code,
            "on": "2025-03-10",
            "reference": f"DKKD-2025-{number:07d}",
            "legal_form": "llc_one_member",
            "name": f"Công ty TNHH Xứ Lạng số {number}",
            "capital_vnd": 2_000_000_000,
            "commune": known[number % len(known)],
            "industry": {"scheme": "vsic2025", "code": "4711"},
        }
        yield json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection on which one request is under way at a time."""

    def __init__(self) -> None:
        self._got = b""
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no asyncio.Transport, but do the same.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        end = self._got.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._got, 0, end)
        if length is None or len(self._got) < end + 4 + int(length[1]):
            return
        status, self._got = int(self._got[9:12]), b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)

    def connection_lost(self, _: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)

    async def ask(self, request: bytes) -> int:
        """The status of the answer; 0 when the connection ended."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


class Load:
    """Clients that post until their time is over."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        # Counting up to the first one takes a while: before the clock runs.
        begin = bodies(arguments.first)
        self._bodies = chain([next(begin)], begin)
        self._head = (
            f"POST {arguments.path} HTTP/1.1\r\nhost: 127.0.0.1:{arguments.port}\r\n"
            f"authorization: Bearer {arguments.token}\r\ncontent-type: application/json\r\n"
        )
        self.count = 0
        self.taken: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def run(self) -> float:
        """Post; the seconds that it took."""
        began = monotonic()
        clients = self._arguments.clients
        await asyncio.gather(*(self._client(number, began) for number in range(clients)))
        return monotonic() - began

    async def _client(self, number: int, began: float) -> None:
        given = self._arguments
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", given.port)
        pause = given.clients / given.rate if given.rate else 0.0
        due = began + number * pause / given.clients
        while (now := monotonic()) < began + given.seconds:
            if pause:
                await asyncio.sleep(max(due - now, 0))
                due += pause
            request = self._request()
            sent = monotonic()
            status = await connection.ask(request)
            self.taken.append(monotonic() - sent)
            self.statuses[status] += 1
            if status == 0:
                break
        connection.close()

    def _request(self) -> bytes:
        body = next(self._bodies)
        self.count += 1
        key = f"idempotency-key: k-{self._arguments.first + self.count}\r\n"
        head = self._head + (key if self._arguments.keys else "")
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def main() -> None:
    """Run the load that the arguments describe; print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/v1/enterprises")
    parser.add_argument("--token", default="")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0, help="posts a second; 0: no limit")
    parser.add_argument("--first", type=int, default=0, help="the number of the first registration")
    parser.add_argument("--keys", action="store_true", help="with an Idempotency-Key each")
    load = Load(parser.parse_args())
    seconds = uvloop.run(load.run())
    taken = sorted(load.taken)
    share = {f"p{p}": round(1000 * taken[int(len(taken) * p / 100)], 2) for p in (50, 99)}
    bad = {s: n for s, n in load.statuses.items() if s != 201}
    rate = round((len(taken) - sum(bad.values())) / seconds, 1)
    print(json.dumps({"rate": rate, **share, "posts": len(taken), "bad": bad}))


if __name__ == "__main__":
    main()
