"""Text that Postgres cannot store is refused at the door, wherever it hides."""

from typing import Any

from fastapi import Request

from shared.plumbing.errors import JsonValue
from shared.plumbing.http.fields import invalid_field, invalid_fields

_NUL = "\x00"


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
    # Only these escapes can bring such text into JSON; most bodies hold none of them. The route
    # has read and decoded the body already, and the request keeps both.
    if hasattr(request, "_json"):
        body = await request.body()
        if b"\\u0000" in body or b"\\ud" in body or b"\\uD" in body:
            errors += _find(await request.json(), ["body"])
    if errors:
        raise invalid_fields(errors)


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
