"""The token file of the embedded stack: who may call the services, and as whom."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

from deploy.local.postgres import write_secret

SCOPES = (
    "registry:feed",
    "registry:read",
    "petitions:file",
    "petitions:handle",
    "petitions:review",
    "plans:set",
    "figures:read",
    "operate",
)
OPERATOR = "operator"
# Those who act on petitions: one officer of each agency that leads a field, and the portal.
AGENCIES = ("STC", "SNNMT", "SXD", "SNV", "SGDDT", "SKHCN", "SCT", "NHNN", "THUE", "BQLKKT", "VPUB")
REVIEWER = "STC"
PORTAL = "portal"


class Token(TypedDict):
    """One row of the file; `agency` is the code of the agency its holder acts for."""

    token: str
    name: str
    agency: str | None
    scopes: list[str]


def new_token(name: str, agency: str | None, scopes: Sequence[str]) -> Token:
    """A token nobody can guess."""
    return Token(
        token=secrets.token_urlsafe(24), name=name, agency=agency, scopes=sorted(set(scopes))
    )


def ensure(path: Path, more: Sequence[Token] = ()) -> list[Token]:
    """The tokens of the file, written first where they are missing (mode 600).

    There is always one named `operator` with every scope, one `officer-<agency>` for each agency
    and one `portal`; they stay the same from run to run.
    `more` replace tokens of the same name.
    """
    tokens = {token["name"]: token for token in _read(path)}
    before = dict(tokens)
    tokens.setdefault(OPERATOR, new_token(OPERATOR, None, SCOPES))
    tokens[OPERATOR]["scopes"] = sorted(SCOPES)
    for made in _officers():
        tokens.setdefault(made["name"], made)
    tokens.update({token["name"]: token for token in more})
    if tokens != before or path.stat().st_mode & 0o077:
        rows = list(tokens.values())
        write_secret(path, json.dumps({"tokens": rows}, ensure_ascii=False, indent=2) + "\n")
    return list(tokens.values())


def _officers() -> list[Token]:
    officers = []
    for agency in AGENCIES:
        more = ["petitions:review"] if agency == REVIEWER else []
        scopes = ["petitions:file", "petitions:handle", *more]
        officers.append(new_token(f"officer-{agency}", agency, scopes))
    return [*officers, new_token(PORTAL, None, ["petitions:file"])]


def _read(path: Path) -> list[Token]:
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return [
            Token(
                token=str(row["token"]),
                name=str(row["name"]),
                agency=row["agency"],
                scopes=[str(scope) for scope in row["scopes"]],
            )
            for row in content["tokens"]
        ]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []  # none yet, or not whole: made anew
