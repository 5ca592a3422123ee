"""Whose reference it is: an upstream system is one source, whatever the door it comes by."""

from typing import Final

PREFIX: Final = "/vn/lang-son/"
_BY_HTTP: Final = f"{PREFIX}http/"


def source_of(name: str) -> str:
    """Return the source of who calls by HTTP under a name: that of its records on the topic."""
    return f"{PREFIX}{name}"


def one_source(source: str) -> str:
    """Return the source that a record's `ce_source` names.

    Posts once had a source of their own, `/vn/lang-son/http/<name>`, and whoever wanted one
    reference by two doors had to write that on the topic: it means the same as without `http/`.
    """
    if source.startswith(_BY_HTTP) and len(source) > len(_BY_HTTP):
        return PREFIX + source[len(_BY_HTTP) :]
    return source
