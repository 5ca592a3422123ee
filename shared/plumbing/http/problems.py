"""Every refusal of a service as application/problem+json."""

from collections.abc import Mapping

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.plumbing.errors import Problem
from shared.plumbing.http.fields import from_pydantic, invalid_fields
from shared.plumbing.log import get_logger
from shared.plumbing.postgres import UNAVAILABLE

_log = get_logger(__name__)
MEDIA_TYPE = "application/problem+json"

# status: code, Vietnamese, English
_BY_STATUS: Mapping[int, tuple[str, str, str]] = {
    400: ("bad_request", "Yêu cầu không hợp lệ", "Bad request"),
    404: ("not_found", "Không tìm thấy", "Not found"),
    405: ("method_not_allowed", "Phương thức không được dùng ở đây", "Method not allowed"),
    406: ("not_acceptable", "Không có dạng trả lời phù hợp", "Not acceptable"),
    413: ("body_too_large", "Nội dung gửi lên quá lớn", "Body too large"),
    415: ("unsupported_media_type", "Kiểu nội dung không được hỗ trợ", "Unsupported media type"),
}


def answer(problem: Problem, instance: str | None = None) -> Response:
    """A problem as an HTTP answer."""
    return Response(
        orjson.dumps(problem.to_json(instance)),
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=MEDIA_TYPE,
    )


def by_status(status: int, *, detail_vi: str = "", detail_en: str = "") -> Problem:
    """The problem that stands for a bare HTTP status."""
    code, vi, en = _BY_STATUS.get(status, (f"http_{status}", "Không thực hiện được", "Refused"))
    return Problem(code, status, title_vi=vi, title_en=en, detail_vi=detail_vi, detail_en=detail_en)


def body_too_large(limit: int) -> Problem:
    """413: the body is larger than `limit` octets."""
    code, vi, en = _BY_STATUS[413]
    return Problem(
        code,
        413,
        title_vi=vi,
        title_en=en,
        detail_vi=f"Nội dung được tối đa {limit} byte.",
        detail_en=f"A body may have at most {limit} bytes.",
        facts={"limit": limit},
        headers={"Connection": "close"},
    )


def unauthenticated() -> Problem:
    """401: no token, or one that nobody has."""
    return Problem(
        "unauthenticated",
        401,
        title_vi="Chưa xác thực",
        title_en="Not authenticated",
        detail_vi="Cần tiêu đề “Authorization: Bearer <mã>” với mã hợp lệ.",
        detail_en="Send the header 'Authorization: Bearer <token>' with a valid token.",
        headers={"WWW-Authenticate": 'Bearer realm="caunoi"'},
    )


def unavailable() -> Problem:
    """503: something we stand on does not answer now; the same request may go through later."""
    return Problem(
        "unavailable",
        503,
        title_vi="Tạm thời chưa phục vụ được",
        title_en="Temporarily unavailable",
        detail_vi="Cơ sở dữ liệu chưa sẵn sàng. Xin thử lại sau ít giây.",
        detail_en="The database is not available. Try again in a few seconds.",
        headers={"Retry-After": "2"},
    )


def internal() -> Problem:
    """500: our mistake; the instance names the line in our log."""
    return Problem(
        "internal",
        500,
        title_vi="Lỗi của hệ thống",
        title_en="Internal error",
        detail_vi="Hệ thống gặp lỗi. Xin báo mã sự cố trong “instance” cho người vận hành.",
        detail_en="Something went wrong here. Tell the operator the id in 'instance'.",
    )


def malformed_json(position: int | None) -> Problem:
    """400: the body is not JSON."""
    return Problem(
        "malformed_json",
        400,
        title_vi="Nội dung không phải JSON hợp lệ",
        title_en="The body is not valid JSON",
        facts={} if position is None else {"position": position},
    )


def install(app: FastAPI) -> None:
    """Answer everything that is raised below the routes as a problem."""

    async def on_problem(_: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(error)

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = error.errors()
        if errors and errors[0]["type"] == "json_invalid":
            position = errors[0]["loc"][-1]
            return answer(malformed_json(position if isinstance(position, int) else None))
        return answer(invalid_fields([from_pydantic(one) for one in errors]))

    async def on_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(_from_status(request, error))

    async def on_unavailable(request: Request, error: Exception) -> Response:
        _log.warning(
            "unavailable", path=request.url.path, reason=f"{type(error).__name__}: {error}"
        )
        return answer(unavailable())

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_status)
    for kind in UNAVAILABLE:
        app.add_exception_handler(kind, on_unavailable)


def _from_status(request: Request, error: HTTPException) -> Problem:
    if isinstance(error.__cause__, Problem):
        return error.__cause__
    if error.status_code == 400 and isinstance(error.__cause__, (UnicodeError, RecursionError)):
        return malformed_json(None)  # the body could not even be read as text, or nests too deep
    path = request.url.path
    problem = by_status(
        error.status_code,
        detail_vi=f"Không có gì tại {path}." if error.status_code == 404 else "",
        detail_en=f"There is nothing at {path}." if error.status_code == 404 else "",
    )
    problem.headers = dict(error.headers or {})
    return problem
