"""Who is asking, and what they may do."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from shared.plumbing.errors import Problem
from shared.plumbing.log import get_logger

_log = get_logger(__name__)


@dataclass(frozen=True)
class Principal:
    """A caller: a person or a program, perhaps of an agency, with what it may do.

    `source` is the upstream system for which it speaks, None for one of its own name.
    """

    name: str
    agency: str | None
    scopes: frozenset[str]
    source: str | None = None


class PrincipalSource(Protocol):
    """Where tokens are known. Today a file; later another source fills the same port."""

    async def find(self, token: str) -> Principal | None:
        """The principal of a token, or None when nobody has it."""
        ...


def require(principal: Principal, scope: str) -> None:
    """Pass when the principal has the scope, else raise Problem 403 `forbidden`."""
    if scope in principal.scopes:
        return
    raise Problem(
        "forbidden",
        403,
        title_vi="Không có quyền thực hiện",
        title_en="Not allowed",
        detail_vi=f"Tài khoản này không có quyền “{scope}”.",
        detail_en=f"This principal lacks the scope '{scope}'.",
        facts={"scope": scope},
    )


class _Entry(msgspec.Struct):
    token: str
    name: str
    agency: str | None
    scopes: list[str]
    source: str | None = None


class _Document(msgspec.Struct):
    tokens: list[_Entry]


class TokenFile:
    """Tokens from a JSON file, read again whenever it changes.

    A file that cannot be read at the start raises (OSError, ValueError); one that becomes
    unreadable later keeps the tokens read last, and says so in the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._principals: list[tuple[bytes, Principal]] = []
        self._reload()

    async def find(self, token: str) -> Principal | None:
        """The principal of a token, or None when nobody has it."""
        try:
            self._reload()
        except (OSError, ValueError) as error:
            _log.error("token_file_unreadable", path=str(self._path), error=str(error))
        digest = _digest(token)
        found = None
        # Every entry is compared, whole: the time taken tells nothing about the tokens.
        for known, principal in self._principals:
            if hmac.compare_digest(known, digest):
                found = principal
        return found

    def _reload(self) -> None:
        status = self._path.stat()
        stamp = (status.st_mtime_ns, status.st_ino)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        document = msgspec.json.decode(self._path.read_bytes(), type=_Document)
        self._principals = [
            (_digest(e.token), Principal(e.name, e.agency, frozenset(e.scopes), e.source))
            for e in document.tokens
        ]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
