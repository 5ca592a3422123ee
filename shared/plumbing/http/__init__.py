"""The HTTP door that every service has: build it with `create_app`, run it with `serve`."""

from shared.plumbing.http.app import create_app, serve
from shared.plumbing.http.fields import field_error, invalid_field, invalid_fields
from shared.plumbing.http.health import HealthChecks
from shared.plumbing.http.middleware import BodyRule
from shared.plumbing.http.principals import (
    CurrentPrincipal,
    IdempotencyKey,
    principal_dependency,
    requires,
)

__all__ = [
    "BodyRule",
    "CurrentPrincipal",
    "HealthChecks",
    "IdempotencyKey",
    "create_app",
    "field_error",
    "invalid_field",
    "invalid_fields",
    "principal_dependency",
    "requires",
    "serve",
]
