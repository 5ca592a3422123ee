"""OpenAPI as our services really answer: every refusal is a problem document."""

from typing import Any

from fastapi import FastAPI

from shared.plumbing.http.problems import MEDIA_TYPE

DEFAULT_RESPONSE: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A refusal, in Vietnamese and in English (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}

_FIELD = {
    "type": "object",
    "required": ["in", "pointer", "code", "vi", "en"],
    "properties": {
        "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie"]},
        "pointer": {"type": "string", "description": "JSON pointer to the field."},
        "code": {"type": "string"},
        "vi": {"type": "string"},
        "en": {"type": "string"},
    },
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "code", "status", "title", "title_en", "detail", "detail_en"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:caunoi:problem:invalid_field"]},
        "code": {"type": "string", "description": "Stable: react to this."},
        "status": {"type": "integer"},
        "title": {"type": "string", "description": "Vietnamese."},
        "title_en": {"type": "string"},
        "detail": {"type": "string", "description": "Vietnamese."},
        "detail_en": {"type": "string"},
        "instance": {"type": "string", "description": "Names this occurrence in our log."},
        "facts": {
            "type": "object",
            "description": "What a program needs to react; `errors` for code invalid_field.",
            "properties": {
                "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}}
            },
            "additionalProperties": True,
        },
    },
}


def install_openapi(app: FastAPI) -> None:
    """Document problems instead of the framework's own validation errors."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas.pop("HTTPValidationError", None)
            schemas.pop("ValidationError", None)
            schemas["Problem"], schemas["FieldError"] = _PROBLEM, _FIELD
            for path in document.get("paths", {}).values():
                for operation in path.values():
                    _drop_framework_errors(operation.get("responses", {}))
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _drop_framework_errors(responses: dict[str, Any]) -> None:
    content = responses.get("422", {}).get("content", {}).get("application/json", {})
    if content.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
        del responses["422"]
