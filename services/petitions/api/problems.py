"""Refusals of the rules as problems: what the caller can do next becomes a status."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from services.petitions.api.views import etag, standing_json
from services.petitions.domain.refusals import Refusal, Way
from services.petitions.handlers import VersionConflict
from shared.plumbing.errors import Problem
from shared.plumbing.http import problems
from shared.plumbing.http.fields import from_pydantic, invalid_fields

_BY_WAY: Final[Mapping[Way, tuple[int, str, str]]] = {
    "invalid": (422, "Nội dung không được chấp nhận", "Not acceptable as it is"),
    "forbidden": (403, "Không có quyền thực hiện", "Not allowed"),
    "absent": (404, "Không tìm thấy", "Not found"),
    "conflict": (409, "Không hợp với tình trạng hiện tại", "In conflict with the present state"),
}


def problem_of(refusal: Refusal) -> Problem:
    """Return a refusal as a problem."""
    status, title_vi, title_en = _BY_WAY[refusal.way]
    return Problem(
        refusal.code,
        status,
        title_vi=title_vi,
        title_en=title_en,
        detail_vi=refusal.vi,
        detail_en=refusal.en,
        facts=refusal.facts,
    )


def conflict_of(conflict: VersionConflict) -> Problem:
    """Return a lost race as a problem that shows how the petition stands now."""
    version = conflict.standing.petition.version
    return Problem(
        "version_conflict",
        412,
        title_vi="Kiến nghị đã thay đổi",
        title_en="The petition has changed",
        detail_vi=f"Người khác vừa cập nhật: phiên bản hiện nay là {version}. "
        "Xem lại tình trạng rồi làm tiếp.",
        detail_en=f"Somebody else has changed it: it has version {version} now. "
        "Look at its present state, then go on.",
        facts=standing_json(conflict.standing),
        headers={"ETag": etag(version)},
    )


def problem_of_field(error: Mapping[str, Any]) -> Problem | None:
    """Return the problem of a single wrong field that has a code of its own, else None."""
    context = error.get("ctx") or {}
    if "vi" not in context or "en" not in context:
        return None
    _, title_vi, title_en = _BY_WAY["invalid"]
    return Problem(
        str(error["type"]),
        422,
        title_vi=title_vi,
        title_en=title_en,
        detail_vi=str(context["vi"]),
        detail_en=str(context["en"]),
        facts=invalid_fields([from_pydantic(error)]).facts,
    )


def install_problems(app: FastAPI) -> None:
    """Answer what this service's rules refuse."""
    general = app.exception_handlers[RequestValidationError]

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = list(error.errors())
        own = problem_of_field(errors[0]) if len(errors) == 1 else None
        if own is not None:
            return problems.answer(own)
        answer: Response = await general(request, error)  # type: ignore[misc]
        return answer

    async def on_refusal(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return problems.answer(problem_of(error))

    async def on_conflict(_: Request, error: Exception) -> Response:
        assert isinstance(error, VersionConflict)
        return problems.answer(conflict_of(error))

    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(VersionConflict, on_conflict)
