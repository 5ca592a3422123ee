"""Takes petitions through their course as fast as is answered, and says how long each act took.

    python -m bench.petition_acts --port 8002 --token T --clients 32 --seconds 10

Each client files a petition, assigns, answers and settles it, and begins again: four requests, all
of which change something. Prints one JSON object as `bench.posts` does; times in milliseconds.
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator

import uvloop

from bench.posts import Connection
from shared.plumbing.clock import monotonic

# Petitions that all say the same would measure the search for duplicates and nothing else.
_STARTS = ("đ", "kh", "th", "tr", "ph", "ng", "nh", "ch", "l", "m")
_WORDS = [a + b for a in _STARTS for b in ("ất", "oán", "iền", "ường", "ự", "án")]
_WORDS = [f"{a} {b}" for a in _WORDS for b in _WORDS]


class Reading(Connection):
    """A connection that keeps the body of the last answer."""

    body = b""

    def data_received(self, data: bytes) -> None:
        whole = self._got + data
        super().data_received(data)
        if not self._got:
            self.body = whole[whole.find(b"\r\n\r\n") + 4 :]


def filing(number: str) -> dict[str, object]:
    """Return a petition as a portal would send it: some lines of text of its own, a person."""
    r = random.Random(number)
    return {
        "field": "construction_debt",
        "petitioner_kind": "enterprise",
        "entity": "4900000017",
        "title": f"Thanh toán khối lượng hoàn thành số {number}",
        "text": " ".join(r.choice(_WORDS) for _ in range(60)),
        "petitioner": {"name": "Nguyễn Văn Mẫu", "phone": "0912 345 678"},
        "reference": f"PA-{number}",
    }


class Load:
    """Clients that act until their time is over."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._head = (
            f"HTTP/1.1\r\nhost: 127.0.0.1:{given.port}\r\nauthorization: Bearer {given.token}\r\n"
            "content-type: application/json\r\n"
        )
        self.taken: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def run(self) -> float:
        """Act; the seconds that it took."""
        began = monotonic()
        await asyncio.gather(*(self._client(n, began) for n in range(self._given.clients)))
        return monotonic() - began

    async def _client(self, number: int, began: float) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Reading, "127.0.0.1", self._given.port)
        turn = 0
        while monotonic() < began + self._given.seconds:
            turn += 1
            for path, body in self._course(f"{self._given.first}-{number}-{turn}", connection):
                data = json.dumps(body, ensure_ascii=False).encode()
                head = f"POST {path} {self._head}content-length: {len(data)}\r\n\r\n".encode()
                sent = monotonic()
                status = await connection.ask(head + data)
                self.taken.append(monotonic() - sent)
                self.statuses[status] += 1
                if status not in (200, 201):
                    connection.close()
                    return
        connection.close()

    @staticmethod
    def _course(number: str, connection: Reading) -> Iterator[tuple[str, dict[str, object]]]:
        yield "/v1/petitions", filing(number)
        place = f"/v1/petitions/{json.loads(connection.body)['id']}/actions"
        yield f"{place}/assign", {}
        yield f"{place}/answer", {"document": "41/STC-DN", "outcome": "accepted"}
        yield f"{place}/resolve", {"document": "52/STC-DN"}


def main() -> None:
    """Run the load that the arguments describe; print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--first", type=int, default=0, help="distinguishes one run from another")
    load = Load(parser.parse_args())
    seconds = uvloop.run(load.run())
    taken = sorted(load.taken)
    share = {f"p{p}": round(1000 * taken[int(len(taken) * p / 100)], 2) for p in (50, 99)}
    bad = {s: n for s, n in load.statuses.items() if s not in (200, 201)}
    rate = round((len(taken) - sum(bad.values())) / seconds, 1)
    print(json.dumps({"rate": rate, **share, "posts": len(taken), "bad": bad}))


if __name__ == "__main__":
    main()
