"""Text that Postgres cannot store is refused at the door, wherever it hides."""

from typing import Any

from fastapi import Request

from shared.plumbing.errors import JsonValue
from shared.plumbing.http.fields import invalid_field, invalid_fields

_NUL = "\x00"
_ESCAPES = (b"\\u0000", b"\\ud", b"\\uD")


async def refuse_unstorable_text(request: Request) -> None:
    """A dependency of every route: Problem 422 for NUL or lone surrogates in path, query or body.

    JSON may spell both as escapes, and Python takes them; Postgres takes neither.
    """
    errors: list[dict[str, JsonValue]] = []
    if _NUL in request.url.path or _NUL in request.scope["path"]:
        errors.append(invalid_field("unstorable_text", ["path"]))
    errors += [
        invalid_field("unstorable_text", ["query", name.replace(_NUL, "")])
        for name, value in request.query_params.multi_items()
        if not is_storable(name) or not is_storable(value)
    ]
    # The route has read and decoded the body already, and the request keeps both.
    if hasattr(request, "_json") and may_be_unstorable(await request.body()):
        errors += _find(await request.json(), ["body"])
    if errors:
        raise invalid_fields(errors)


def may_be_unstorable(body: bytes) -> bool:
    """Whether JSON may hold such text: only these escapes bring it in; most bodies have none."""
    return any(escape in body for escape in _ESCAPES)


def is_storable(text: str) -> bool:
    """Whether Postgres can store this text."""
    if _NUL in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _find(value: Any, location: list[str | int]) -> list[dict[str, JsonValue]]:
    if isinstance(value, str):
        return [] if is_storable(value) else [invalid_field("unstorable_text", location)]
    if isinstance(value, list):
        return [e for place, one in enumerate(value) for e in _find(one, [*location, place])]
    if isinstance(value, dict):
        bad = [invalid_field("unstorable_text", location) for key in value if not is_storable(key)]
        return bad + [
            error
            for key, one in value.items()
            if is_storable(key)
            for error in _find(one, [*location, key])
        ]
    return []
