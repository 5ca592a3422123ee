"""Files of petitions: sent and fetched as they are, one at a time, always as a download."""

from datetime import datetime
from email.message import Message
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse

from services.petitions.api.parameters import Handler, Id, Sender
from services.petitions.domain.files import ENDINGS
from services.petitions.handlers.attachments import MOST_OCTETS, Attachment, Attachments
from shared.plumbing.http import BodyRule

OCTETS: Final = "application/octet-stream"
PLACE: Final = "/v1/petitions/*/attachments"
BODY_RULE: Final = BodyRule(MOST_OCTETS, frozenset({OCTETS, *ENDINGS}))
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_TAKES: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is. What it is, its content says.",
        "content": dict.fromkeys((OCTETS, *ENDINGS), _BINARY),
    }
}
_GIVES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": dict.fromkeys(ENDINGS, _BINARY)}
}
# Whatever it holds, a browser saves it and runs nothing of it.
_SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


class AttachmentOut(BaseModel):
    """A file of a petition; `sha256` is in hexadecimal."""

    id: UUID
    name: str
    media_type: str
    octets: int
    sha256: str
    sent_at: datetime


class AddedOut(AttachmentOut):
    """A file that was added. `repeated`: the petition had the same content before."""

    repeated: bool


class AttachmentsOut(BaseModel):
    """The files of a petition, as they came."""

    items: list[AttachmentOut]


def attachments_router(attachments: Attachments) -> APIRouter:
    """The routes of the files."""
    router = APIRouter(prefix="/v1/petitions/{petition_id}/attachments", tags=["attachments"])

    @router.post(
        "",
        status_code=201,
        response_model=AddedOut,
        openapi_extra=_TAKES,
        summary="Add a file (who filed the petition, or who works on it)",
    )
    async def add(
        petition_id: Id,
        request: Request,
        principal: Sender,
        content_disposition: Annotated[
            str | None,
            Header(
                max_length=1000,
                description="The file's name, like attachment; filename*=UTF-8''don.pdf",
            ),
        ] = None,
    ) -> Response:
        name = _said_name(content_disposition)
        added = await attachments.add(petition_id, name, request.stream(), principal)
        body = _json(added.attachment) | {"repeated": added.repeated}
        where = f"/v1/petitions/{petition_id}/attachments/{added.attachment.id}"
        return Response(
            orjson.dumps(body),
            200 if added.repeated else 201,
            headers={"Location": where, "Cache-Control": "private, no-store"},
            media_type="application/json",
        )

    @router.get("", response_model=AttachmentsOut, summary="The files of a petition")
    async def listing(petition_id: Id, principal: Handler) -> Response:
        found = await attachments.listing(petition_id, principal)
        body = orjson.dumps({"items": [_json(one) for one in found]})
        headers = {"Cache-Control": "private, no-store"}
        return Response(body, headers=headers, media_type="application/json")

    @router.get(
        "/{attachment_id}",
        response_class=StreamingResponse,
        responses=_GIVES,
        summary="Download a file",
    )
    async def get(petition_id: Id, attachment_id: UUID, principal: Handler) -> Response:
        found = await attachments.get(petition_id, str(attachment_id), principal)
        headers = {
            **_SAFE,
            "Content-Disposition": _disposition(found.name),
            "Content-Length": str(found.octets),
            "ETag": f'"{found.sha256}"',
        }
        pieces = attachments.octets(found)
        return StreamingResponse(pieces, headers=headers, media_type=found.media_type)

    return router


def _said_name(disposition: str | None) -> str | None:
    if disposition is None:
        return None
    message = Message()
    message["Content-Disposition"] = disposition
    try:
        name = message.get_filename()
        # Senders that write UTF-8 into a header come out of HTTP as Latin-1.
        return name.encode("latin-1").decode("utf-8") if name else None
    except UnicodeError:
        return name
    except (ValueError, LookupError):
        return None


def _disposition(name: str) -> str:
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in "._-" else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _json(one: Attachment) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "media_type": one.media_type,
        "octets": one.octets,
        "sha256": one.sha256,
        "sent_at": one.sent_at.isoformat().replace("+00:00", "Z"),
    }
