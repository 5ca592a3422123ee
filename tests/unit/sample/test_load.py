"""What a load learns from the registry's answers and from analytics over HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deploy.sample.analytics import NotYetError, RefusedError, ask
from deploy.sample.answers import Answers, FactsRefusedError
from shared.contracts.topics import REGISTRY_EVENTS_TOPIC, REGISTRY_REJECTED_TOPIC

EVENT = b'{"subject":"4950000011","source":{"system":"x","reference":"MAU-SODU-000001"}}'


async def test_an_event_accepts_the_reference_it_carries() -> None:
    answers = Answers("127.0.0.1:1")
    answers.take(REGISTRY_EVENTS_TOPIC.name, EVENT, ())
    answers.take(REGISTRY_EVENTS_TOPIC.name, b'{"source":{"reference":"OTHER-1"}}', ())
    assert answers.accepted == {"MAU-SODU-000001"}
    answers.check(["MAU-SODU-000001"])
    await answers.stop()


async def test_a_refusal_is_quoted_wherever_the_reference_stands() -> None:
    answers = Answers("127.0.0.1:1")
    topic = REGISTRY_REJECTED_TOPIC.name
    answers.take(topic, b'{"reference":"MAU-2025-000007","commune":"0"}', (("x", None),))
    answers.take(topic, b"\xff", (("ce_id", b"MAU-2025-000008"), ("why", "lỗi".encode())))
    with pytest.raises(FactsRefusedError, match="MAU-2025-000007"):
        answers.check(["MAU-2025-000007"])
    with pytest.raises(FactsRefusedError, match="lỗi"):
        answers.check(["MAU-2025-000008"])
    await answers.stop()


async def test_what_was_refused_and_then_accepted_is_accepted() -> None:
    answers = Answers("127.0.0.1:1")
    answers.take(REGISTRY_REJECTED_TOPIC.name, b'"MAU-SODU-000001"', ())
    answers.take(REGISTRY_EVENTS_TOPIC.name, EVENT, ())
    answers.check(["MAU-SODU-000001"])
    await answers.stop()


class _Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "Bearer t"
        body = b'{"a": 1}'
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture(scope="module")
def door() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_service_that_starts_is_asked_again_and_a_refusal_is_final(door: str) -> None:
    assert ask("GET", f"{door}/200", "t") == {"a": 1}
    for starting in (409, 503):
        with pytest.raises(NotYetError, match=str(starting)):
            ask("GET", f"{door}/{starting}", "t")
    with pytest.raises(RefusedError, match="403"):
        ask("GET", f"{door}/403", "t")


def test_a_service_that_is_away_is_asked_again(door: str) -> None:
    with pytest.raises(NotYetError):
        ask("GET", "http://127.0.0.1:1/", "t")
