"""What surrounds every request: a limit, a line in the log, a count. Pure ASGI."""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.plumbing.clock import monotonic
from shared.plumbing.errors import Problem
from shared.plumbing.http import problems
from shared.plumbing.ids import new_event_id
from shared.plumbing.log import get_logger, say_plainly

_log = get_logger(__name__)
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLIENT_CLOSED = 499
# What is still taken, and thrown away, of a body that was refused for its size.
_LINGER_OCTETS = 64 * 1024 * 1024
_LINGER_SECONDS = 5.0


class HttpMetrics:
    """Requests and seconds by route template: few series, whatever is asked for."""

    def __init__(self, registry: CollectorRegistry, service: str) -> None:
        self._service = service
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._requests = Counter(
            "caunoi_http_requests_total",
            "HTTP requests answered.",
            ["service", "method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "caunoi_http_request_seconds",
            "Seconds from the first octet of a request to the last of its answer.",
            ["service", "method", "route"],
            registry=registry,
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        key = (method if method in _METHODS else "OTHER", route, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._find(*key)
        series[0].inc()
        series[1].observe(seconds)

    def _find(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        # Looked up once for each kind of request: finding a series costs more than moving it.
        return (
            self._requests.labels(self._service, method, route, str(status)),
            self._seconds.labels(self._service, method, route),
        )


class Observer:
    """Outermost: logs and counts each request, and turns what nobody caught into a 500.

    The line holds no query, no body and no header: they may name a person.
    """

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = monotonic(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            status = _CLIENT_CLOSED
        except Exception as error:
            await self._fail(error, scope, receive, watch, started=status != 0)
        finally:
            self._note(scope, status or _CLIENT_CLOSED, monotonic() - began)

    async def _fail(
        self, error: Exception, scope: Scope, receive: Receive, send: Send, *, started: bool
    ) -> None:
        instance = f"urn:uuid:{new_event_id()}"
        _log.error("unhandled", instance=instance, path=scope["path"], exc_info=error)
        if started:
            raise error  # too late for an answer: the server breaks the connection
        await problems.answer(problems.internal(), instance)(scope, receive, send)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], route_template(scope)
        self._metrics.observe(method, route, status, seconds)
        if route in _QUIET and status == HTTPStatus.OK:
            return
        facts = {"method": method, "route": route, "status": status, "seconds": round(seconds, 6)}
        if status >= 500:
            _log.error("request", **facts)
        else:
            say_plainly(__name__, "request", **facts)


def route_template(scope: Scope) -> str:
    """The template of the route that served a request, `-` when none did."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context, "path_format", None) or getattr(scope.get("route"), "path_format", None)
    return str(path or "-")


@dataclass(frozen=True)
class BodyRule:
    """What may be sent: at most so many octets, of these media types."""

    max_bytes: int = 1024 * 1024
    media_types: frozenset[str] = frozenset({"application/json"})


class BodyGate:
    """Refuses a body of a wrong type or size before anything is done with it.

    `rules` by path prefix, the longest that fits wins; everything else follows the default rule.
    `*` in a prefix stands for one segment of the path.
    A body without Content-Length is counted as it comes.
    """

    def __init__(self, app: ASGIApp, rules: Mapping[str, BodyRule]) -> None:
        self._app = app
        self._rules = [
            (re.compile(re.escape(prefix).replace(r"\*", "[^/]+")), rules[prefix])
            for prefix in sorted(rules, key=len, reverse=True)
        ]
        self._default = BodyRule()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 413 or 415."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = self._rule(scope["path"])
        refusal = _refuse(Headers(scope=scope), rule)
        if refusal is not None:
            if refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                send = _lingering(receive, send)
            await problems.answer(refusal)(scope, receive, send)
            return
        taken = 0

        async def count() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > rule.max_bytes:
                    # The framework lets this kind through while it reads a body.
                    raise HTTPException(413) from problems.body_too_large(rule.max_bytes)
            return message

        async def answer(message: Message) -> None:
            await (late if taken > rule.max_bytes else send)(message)

        late = _lingering(receive, send)
        await self._app(scope, count, answer)

    def _rule(self, path: str) -> BodyRule:
        for prefix, rule in self._rules:
            if prefix.match(path):
                return rule
        return self._default


def _lingering(receive: Receive, send: Send) -> Send:
    """Send an answer, but end it only when the rest of the body has come.

    A connection that is closed with octets unread is reset, and the client, still sending, would
    lose the answer that it was just given.
    """

    async def answer(message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body"):
            await send(message)
            return
        await send({**message, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await _throw_away(receive)
        await send({"type": "http.response.body", "body": b""})

    return answer


async def _throw_away(receive: Receive) -> None:
    taken = 0
    while taken < _LINGER_OCTETS:
        message = await receive()
        taken += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


def _refuse(headers: Headers, rule: BodyRule) -> Problem | None:
    length = headers.get("content-length", "")
    has_body = "transfer-encoding" in headers or length not in ("", "0")
    if length.isdecimal() and int(length) > rule.max_bytes:
        return problems.body_too_large(rule.max_bytes)
    if has_body and not _is_taken(headers.get("content-type", ""), rule):
        kinds = ", ".join(sorted(rule.media_types))
        return problems.by_status(
            415,
            detail_vi=f"Hãy gửi nội dung kiểu {kinds} (UTF-8).",
            detail_en=f"Send a body of type {kinds} (UTF-8).",
        )
    return None


def _is_taken(content_type: str, rule: BodyRule) -> bool:
    kind, *parameters = [part.strip().lower() for part in content_type.split(";")]
    charset = next((p[8:].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    return kind in rule.media_types and charset in ("utf-8", "utf8")
