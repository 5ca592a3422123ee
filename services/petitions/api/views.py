"""What this door answers."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

import orjson
from pydantic import BaseModel

from services.petitions.domain.decide import Petition
from services.petitions.domain.workflow import Action
from services.petitions.handlers import Acted, Case, Filed, Listed, Place, Standing, Written
from services.petitions.handlers.register import EntityMark
from shared.contracts.states import PetitionState
from shared.plumbing.errors import Problem
from shared.plumbing.idempotency import Answer


class PetitionerOut(BaseModel):
    """The person."""

    name: str
    phone: str | None
    email: str | None
    address: str | None


class PrivateOut(BaseModel):
    """What only those who work on the petition may read."""

    title: str
    text: str
    petitioner: PetitionerOut


class DocumentOut(BaseModel):
    """The number of the document by which a fact was done."""

    sequence: int
    fact: str
    on: str
    document: str


class SummaryOut(BaseModel):
    """A petition in a list."""

    id: str
    version: int
    state: PetitionState


class ListedOut(SummaryOut):
    """A petition in a list.

    `entity_known`: the registry has said that the code is registered; null when none is named.
    `entity_ended`: it ended while the petition is open.
    """

    entity_known: bool | None
    entity_ended: bool


class StandingOut(SummaryOut):
    """A petition as it stands; `version` is its ETag."""

    possible_actions: list[Action]


class ActedOut(StandingOut):
    """A petition after an action. `repeated`: it was taken before, under this reference."""

    repeated: bool


class AlikeOut(BaseModel):
    """A petition of the same field that may say the same; `similarity` is 0 to 1."""

    id: str
    similarity: float


class FiledOut(ActedOut):
    """A petition that was filed. The tracking code is for the petitioner.

    `possible_duplicates` are offered, most alike first; nothing is merged.
    """

    tracking_code: str
    possible_duplicates: list[AlikeOut]


class CaseOut(StandingOut):
    """A petition with its documents; `private` is null for who does not work on it."""

    documents: list[DocumentOut]
    private: PrivateOut | None
    entity_known: bool | None
    entity_ended: bool


class PageOut(BaseModel):
    """A page of a list in the order of due dates; `next` is the `after` of the next page."""

    items: list[ListedOut]
    next: str | None


class EventOut(BaseModel):
    """An event of a petition; its place is null while it waits to be published.

    `previous` is the position before it in its partition of the topic, 0 for the first.
    """

    position: int | None
    partition: int | None
    previous: int | None
    id: str
    type: str
    time: datetime
    subject: str
    sequence: int
    data: dict[str, Any]


class HistoryOut(BaseModel):
    """Events of one petition in their order; `next` is the place to go on from."""

    events: list[EventOut]
    next: int


class HasPetition(Protocol):
    """An item of a list in the order of due dates."""

    @property
    def petition(self) -> Petition:
        """The petition of the item."""
        ...


def etag(version: int) -> str:
    """Write a version as an ETag."""
    return f'"{version}"'


def standing_json(standing: Standing) -> dict[str, Any]:
    """Write a petition as `StandingOut`."""
    return {
        **summary_json(standing.petition),
        "possible_actions": list(standing.possible_actions),
    }


def summary_json(petition: Petition) -> dict[str, Any]:
    """Write a petition as `SummaryOut`."""
    return {
        "id": petition.id,
        "version": petition.version,
        "state": orjson.Fragment(petition.state.model_dump_json()),
    }


def case_json(case: Case) -> dict[str, Any]:
    """Write a petition as `CaseOut`."""
    private = asdict(case.private) if case.private else None
    return {
        **standing_json(case.standing),
        "documents": case.documents,
        "private": private,
        **_entity_json(case.entity),
    }


def listed_json(listed: Listed) -> dict[str, Any]:
    """Write a petition as `ListedOut`."""
    return {**summary_json(listed.petition), **_entity_json(listed.entity)}


def _entity_json(mark: EntityMark) -> dict[str, Any]:
    return {"entity_known": mark.known, "entity_ended": mark.ended}


def filed_answer(filed: Filed) -> Answer:
    """Answer a filing: 201, or 200 when it was filed before; where it is, its tracking code."""
    petition = filed.standing.petition
    body = {
        **standing_json(filed.standing),
        "repeated": filed.repeated,
        "tracking_code": filed.tracking_code,
        "possible_duplicates": [asdict(alike) for alike in filed.alike],
    }
    headers = {"ETag": etag(petition.version), "Location": f"/v1/petitions/{petition.id}"}
    return Answer(200 if filed.repeated else 201, orjson.dumps(body), headers)


def acted_answer(acted: Acted) -> Answer:
    """Answer an action: 200, the petition as it stands."""
    body = {**standing_json(acted.standing), "repeated": acted.repeated}
    headers = {"ETag": etag(acted.standing.petition.version)}
    return Answer(200, orjson.dumps(body), headers)


def event_json(event: Written) -> dict[str, Any]:
    """Write an event as `EventOut`; its data are the very bytes that were published."""
    return {
        "position": event.position,
        "partition": event.partition,
        "previous": event.previous,
        "id": event.ce_id,
        "type": event.type,
        "time": event.recorded_at.isoformat().replace("+00:00", "Z"),
        "subject": event.subject,
        "sequence": event.sequence,
        "data": orjson.Fragment(event.data),
    }


def next_of(page: Sequence[HasPetition], limit: int) -> str | None:
    """Return the cursor after a full page, None when nothing can follow."""
    if len(page) < limit:
        return None
    last = page[-1].petition
    return f"{last.state.due_on.isoformat()}~{last.id}"


def read_cursor(cursor: str | None) -> Place | None:
    """Read a cursor back. Raises Problem 422 `invalid_cursor`."""
    if cursor is None:
        return None
    due_on, mark, petition_id = cursor.partition("~")
    if not mark or len(due_on) != 10 or not petition_id:
        raise Problem(
            "invalid_cursor",
            422,
            title_vi="Con trỏ trang không hợp lệ",
            title_en="Invalid cursor",
            detail_vi="Dùng nguyên giá trị “next” của trang trước.",
            detail_en="Use the value of `next` of the page before, unchanged.",
        )
    return Place(due_on, petition_id)
