"""Identifiers and tokens: the only place that makes random ones."""

import secrets

import uuid_utils


def new_event_id() -> str:
    """A fresh UUIDv7 in its usual text form: unique, and rising with time."""
    return str(uuid_utils.uuid7())


def new_token() -> str:
    """A fresh bearer token of 256 random bits, safe in a header and in a URL."""
    return secrets.token_urlsafe(32)
