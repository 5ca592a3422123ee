"""What the sample asks of analytics over HTTP: figures at a date, and setting the plan."""

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from deploy.sample.published import Figure, Plan

_TIMEOUT_S: Final = 10.0
_STARTING: Final = frozenset({409, 502, 503, 504})


class NotYetError(Exception):
    """The service is starting or unreachable: ask again later."""


class RefusedError(Exception):
    """The service will not do this, now or later; the text says why."""


def _opener() -> OpenerDirector:
    # The services are asked directly: a proxy of the environment is meant for the internet.
    return build_opener(ProxyHandler({}))


class Analytics:
    """A client of analytics at `url`, with a bearer token (scopes figures:read, plans:set)."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    async def figures(self, as_of: date) -> dict[str, Figure]:
        """Return all figures at a date by indicator. Raises NotYetError, RefusedError."""
        answer = await self._ask("GET", f"/v1/indicators?as_of={as_of}")
        return {name: figure_of(raw) for name, raw in answer["indicators"].items()}

    async def answer(self, as_of: date, by: str | None = None) -> Any:
        """Return all that is answered for a date, by a breakdown if asked. Raises as `figures`."""
        part = f"&by={by}" if by else ""
        return await self._ask("GET", f"/v1/indicators?as_of={as_of}{part}")

    async def set_plan(self, plan: Plan) -> None:
        """Set a target; the same row again changes nothing. Raises NotYetError, RefusedError."""
        body = {
            "value": plan.target,
            "effective_from": plan.effective_from.isoformat(),
            "decision": plan.decision,
        }
        await self._ask("PUT", f"/v1/plans/{plan.year}/{plan.indicator}", body)

    async def _ask(self, method: str, path: str, body: object = None) -> Any:
        return await asyncio.to_thread(ask, method, self._url + path, self._token, body)


def ask(method: str, url: str, token: str, body: object = None) -> Any:
    """Make one request and return the decoded JSON, {} when the answer is empty.

    Raises NotYetError when the service is starting or away, RefusedError for other errors.
    """
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    data = None
    if body is not None:
        data = json.dumps(body, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    return open_answer(Request(url, data=data, headers=headers, method=method))


def open_answer(request: Request) -> Any:
    """Make a request and return the decoded JSON, as `ask` does."""
    what = f"{request.get_method()} {request.full_url}"
    try:
        with _opener().open(request, timeout=_TIMEOUT_S) as response:
            return json.loads(response.read() or b"{}")
    except HTTPError as error:
        told = error.read(2000).decode(errors="replace")
        kind = NotYetError if error.code in _STARTING else RefusedError
        raise kind(f"{what}: {error.code} {told}") from error
    except (URLError, OSError, HTTPException) as error:
        raise NotYetError(f"{what}: {error}") from error


async def ready(url: str) -> None:
    """Return when the service at `url` says that it is ready. Raises NotYetError."""
    await asyncio.to_thread(_ready, url.rstrip("/") + "/readyz")


def _ready(url: str) -> None:
    try:
        with _opener().open(Request(url), timeout=_TIMEOUT_S):
            return
    except (URLError, OSError, HTTPException) as error:
        raise NotYetError(f"{url}: {error}") from error


def figure_of(raw: Mapping[str, Any]) -> Figure:
    """Read one indicator of the answer."""
    plan = raw.get("plan") or {}
    value = raw.get("value")
    return Figure(
        value if isinstance(value, int) else None, plan.get("numerator"), plan.get("denominator")
    )
