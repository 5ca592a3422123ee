"""Refusals as problems: what the caller can do next becomes a status."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from services.registry.domain import Refusal
from services.registry.domain.complaints import specific
from shared.contracts.intake import CHANGES
from shared.plumbing.errors import Problem
from shared.plumbing.http import problems
from shared.plumbing.http.fields import from_pydantic, invalid_fields

_TITLES: Final[Mapping[int, tuple[str, str]]] = {
    404: ("Không có trong sổ đăng ký", "Not on the register"),
    409: ("Không hợp với sổ đăng ký", "In conflict with the register"),
    410: ("Đăng ký đã bị huỷ", "Registration voided"),
    412: ("Đối tượng đã thay đổi", "The entity has changed"),
    422: ("Dữ liệu không hợp lệ", "Invalid data"),
    500: ("Lỗi của hệ thống", "Internal error"),
}
_STATUS: Final[Mapping[str, int]] = {
    "unknown_entity": 404,
    "unknown_reorganization": 404,
    "already_registered": 409,
    "reference_conflict": 409,
    "nothing_changed": 409,
    "status_forbids": 409,
    "parent_ended": 409,
    "ended_with_parent": 409,
    "not_reinstatable": 409,
    "open_units": 409,
    "follows_parent": 409,
    "follows_from_suspension": 409,
    "part_of_reorganization": 409,
    "void_instead": 409,
    "registration_voided": 410,
    "version_conflict": 412,
}


def problem_of(refusal: Refusal) -> Problem:
    """Return a refusal as a problem: 404, 409, 412, or 422 where the request itself is wrong."""
    status = _STATUS.get(refusal.code, 422)
    title_vi, title_en = _TITLES[status]
    version = refusal.facts.get("version")
    return Problem(
        refusal.code,
        status,
        title_vi=title_vi,
        title_en=title_en,
        detail_vi=refusal.vi,
        detail_en=refusal.en,
        facts=refusal.facts,
        headers={"ETag": f'"{version}"'} if version else {},
    )


def problem_of_fields(errors: list[Mapping[str, Any]]) -> Problem:
    """Return field errors as one problem; a single one with a code of its own gives its code."""
    problem = invalid_fields([from_pydantic(error) for error in errors])
    own = specific(errors[0]) if len(errors) == 1 else None
    if own is None:
        return problem
    code, vi, en = own
    title_vi, title_en = _TITLES[422]
    return Problem(
        code,
        422,
        title_vi=title_vi,
        title_en=title_en,
        detail_vi=vi,
        detail_en=en,
        facts=problem.facts,
    )


def _without_tag(error: Mapping[str, Any]) -> Mapping[str, Any]:
    # Pydantic names the member of the union where the caller's body has only fields.
    place = error["loc"]
    if len(place) > 1 and place[1] in CHANGES:
        return {**error, "loc": (place[0], *place[2:])}
    return error


def install_problems(app: FastAPI) -> None:
    """Answer what this service's rules refuse."""
    general = app.exception_handlers[RequestValidationError]

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [_without_tag(one) for one in error.errors()]
        if len(errors) == 1 and specific(errors[0]) is not None:
            return problems.answer(problem_of_fields(errors))
        plain = RequestValidationError(errors)
        answer: Response = await general(request, plain)  # type: ignore[misc]
        return answer

    async def on_refusal(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return problems.answer(problem_of(error))

    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Refusal, on_refusal)
