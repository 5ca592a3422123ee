"""A register with something of everything in it, and requests that it takes."""

import itertools
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from hypothesis import strategies as st

from bench.facts import codes

ROOT: Final = Path(__file__).parents[2]
COMMON: Final[dict[str, Any]] = {
    "name": "Công ty Mẫu",
    "commune": "06001",
    "industry": {"scheme": "vsic2025", "code": "4711"},
}
HEADINGS: Final = "Mã số,Tên,Loại hình,Vốn (đồng),Xã/phường,Ngành vsic2025,Ngày đăng ký\n"
FILES: Final = {
    "text/csv": HEADINGS.encode()
    + "{0},Một,công ty cổ phần,5000,06001,4711,10/03/2025\n9,Sai,,,,,\n".encode(),
    "application/x-ndjson": b'{"code": "{0}", "fact": "EntitySuspended", "on": "2025-05-01", '
    b'"reference": "N-1"}\n{}\n',
}


@dataclass
class Prepared:
    """Codes by what they are for, and ids of what was made, by the path that names them."""

    living: list[str]
    mortal: list[str]
    free: list[str]
    ids: dict[str, list[str]] = field(default_factory=dict)


def enterprise(code: str, reference: str, **fields: Any) -> dict[str, Any]:
    """Return the body of a registration."""
    return {
        **COMMON,
        "code": code,
        "on": "2025-03-10",
        "reference": reference,
        "legal_form": "joint_stock",
        "capital_vnd": 10_000_000_000,
        **fields,
    }


def separation(code: str, new: str, reference: str) -> dict[str, Any]:
    """Return a separation after which `code` lives on."""
    born = {**COMMON, "code": new, "legal_form": "joint_stock", "capital_vnd": 4}
    return {
        "kind": "separation",
        "on": "2025-06-01",
        "reference": reference,
        "predecessors": [code],
        "successors": [{"code": code}, born],
    }


def prepare(url: str, environment: dict[str, str]) -> Prepared:
    """Fill the register behind a door; imports are worked on by the service's own command."""
    given = list(itertools.islice(codes(), 600))
    made = Prepared(given[:20], given[20:200], given[200:])
    with httpx.Client(base_url=url, headers={"authorization": "Bearer x"}, timeout=30) as http:

        def post(path: str, body: Any, **more: Any) -> Any:
            answer = http.post(path, **(more or {"json": body}))
            assert answer.status_code in (200, 201, 202), answer.text
            return answer.json()

        for code in (*made.living, *made.mortal):
            post("/v1/enterprises", enterprise(code, f"P-{code}"))
        act = separation(made.living[0], made.free.pop(), "P-act")
        made.ids["/v1/reorganizations/{id}"] = [post("/v1/reorganizations", act)["id"]]
        said = {"entities": [{"code": made.living[0], "capital_vnd": 1}, {"code": made.free[0]}]}
        found = [post("/v1/reconciliations", said)["id"]]
        made.ids["/v1/reconciliations/{id}"] = found
        made.ids["/v1/reconciliations/{id}/differences"] = found
        files = [
            post("/v1/imports", None, content=octets, headers={"content-type": media})["id"]
            for media, octets in FILES.items()
        ]
        for rest in ("", "/report", "/rejected"):
            made.ids[f"/v1/imports/{{import_id}}{rest}"] = files
    subprocess.run(
        [sys.executable, "-m", "services.registry", "work-imports"],
        cwd=ROOT,
        env={**os.environ, **environment},
        # It ends with whoever holds the other end.
        stdin=subprocess.PIPE,
        check=True,
    )
    return made


def requests(path: str, made: Prepared) -> st.SearchStrategy[tuple[str, Any]]:
    """Return requests of an operation that can be taken: (the code in its path, its body)."""
    one, free = st.sampled_from(made.living), st.sampled_from(made.free)
    # Of each operation its own: what is drawn for one must not stand in another's way.
    named = path.removeprefix("/v1/")
    references = st.integers(0, 10**9).map(lambda number: f"{named} {number}")
    bodies = {
        "/v1/enterprises": st.builds(enterprise, free, references),
        "/v1/cooperatives": st.builds(_cooperative, free, references),
        "/v1/branches": st.builds(_branch, one, st.integers(1, 999), references),
        "/v1/reorganizations": st.builds(separation, one, free, references),
        "/v1/entities/{code}/changes": st.builds(_change, references, st.integers(0, 10**15)),
        "/v1/entities/{code}/corrections": st.builds(
            _correction, references, st.integers(0, 10**15)
        ),
        "/v1/entities/{code}/void": st.builds(_void, references),
        "/v1/reconciliations": st.builds(_figures, st.integers(0, 10**6)),
        "/v1/imports": st.sampled_from(sorted(FILES)),
    }
    whose = st.sampled_from(made.mortal) if path.endswith("/void") else one
    return st.tuples(whose, bodies.get(path, st.none()))


def _cooperative(code: str, reference: str) -> dict[str, Any]:
    body = {**enterprise(code, reference), "kind": "cooperative"}
    del body["legal_form"]
    return body


def _branch(parent: str, number: int, reference: str) -> dict[str, Any]:
    fact = {"code": f"{parent}-{number:03}", "on": "2025-04-01", "reference": reference}
    return {**COMMON, **fact, "parent": parent}


def _change(reference: str, capital_vnd: int) -> dict[str, Any]:
    fact = {"fact": "CapitalChanged", "on": "2025-05-01", "reference": reference}
    return {**fact, "capital_vnd": capital_vnd}


def _correction(reference: str, capital_vnd: int) -> dict[str, Any]:
    wrong = {"corrects": 1, "reference": reference, "reason": "sai sót khi nhập"}
    return {**wrong, "capital_vnd": capital_vnd}


def _void(reference: str) -> dict[str, Any]:
    return {"on": "2025-06-01", "reference": reference, "reason": "cấp nhầm"}


def _figures(count: int) -> dict[str, Any]:
    return {"figures": [{"kind": "enterprise", "count": count, "capital_vnd": count}]}
