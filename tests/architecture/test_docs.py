"""The documents say what is there: links, commands, contracts of the house, decisions."""

import configparser
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI

from deploy.local.ports import Ports
from services.analytics import app as analytics
from services.analytics.domain.indicators import breakdowns
from services.analytics.settings import Settings as AnalyticsSettings
from services.petitions import app as petitions
from services.petitions.settings import Settings as PetitionSettings
from services.registry import app as registry
from services.registry.settings import Settings as RegistrySettings
from shared.contracts.intake import EnterpriseRegisteredIn

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
HAND_WRITTEN = [path for path in DOCUMENTS if path.name != "events.md"]
BODIES = {"/v1/enterprises": EnterpriseRegisteredIn}
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def prose(path: Path) -> str:
    return re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(path), flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as code hosts make them."""
    titles = re.findall(r"^#+ (.*)$", prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_link_within_the_project_leads_somewhere(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        found = (path.parent / place).resolve() if place else path
        is_page = anchor and found.suffix == ".md" and found.is_file()
        if not found.exists() or (is_page and anchor not in anchors(found)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    rules = re.findall(r"^([a-z][a-z-]*):", text_of(ROOT / "Makefile"), flags=re.MULTILINE)
    commands = [*blocks(path, "bash"), *re.findall(r"`([^`\n]*)`", prose(path))]
    named = {
        word
        for command in commands
        for word in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", command, flags=re.MULTILINE)
    }
    assert named <= set(rules)


@pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)
def test_every_block_for_the_shell_is_one(path: Path) -> None:
    for block in blocks(path, "bash"):
        done = subprocess.run(
            ["bash", "-n"], input=block, capture_output=True, text=True, check=False
        )
        assert done.stderr == ""


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda p: p.name)
def test_every_environment_variable_that_is_named_is_read(path: Path) -> None:
    named = set(re.findall(r"\b(?:CAUNOI|TEST)_[A-Z_]+\b", text_of(path)))
    assert {name for name in named if not _is_read(name)} == set()


def _is_read(name: str) -> bool:
    code = _code()
    field_name = name.removeprefix("CAUNOI_").lower()
    port = name.removeprefix("CAUNOI_PORT_").lower()
    return (
        f'"{name}"' in code
        or re.search(rf"^    {field_name}: ", code, flags=re.MULTILINE) is not None
        or (name.startswith("CAUNOI_PORT_") and port in Ports.__slots__)
    )


@cache
def _code() -> str:
    places = [
        *(ROOT / "services").glob("*/settings.py"),
        *(ROOT / "deploy/local").glob("*.py"),
        ROOT / "tests/conftest.py",
        ROOT / "tests/support/servers.py",
    ]
    return "\n".join(text_of(place) for place in places)


@dataclass
class Curl:
    """A curl command, as far as the documents use it."""

    url: str = ""
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    data: str | None = None

    @classmethod
    def of(cls, words: list[str]) -> "Curl":
        """Read the words of a command. AssertionError for an option that is not known here."""
        found, rest = cls(), iter(words)
        for word in rest:
            if word == "-X":
                found.method = next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(":")
                found.headers[name.lower()] = value.strip()
            elif word == "-d":
                found.data = next(rest)
            elif word != "-s":
                assert not word.startswith("-"), word
                assert not found.url, word
                found.url = word
        return found


def curls() -> Iterator[Curl]:
    for block in (block for path in HAND_WRITTEN for block in blocks(path, "bash")):
        if "curl " in block:
            # One command a block: what is pasted at once is read at once.
            assert block.startswith("curl ")
            assert block.count("curl ") == 1
            command, _, _ = block.replace("\\\n", " ").partition(" | ")
            yield Curl.of(shlex.split(command)[1:])


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[int, FastAPI]:
    """The services by their usual ports, not started."""
    tokens = tmp_path_factory.mktemp("tokens") / "tokens.json"
    tokens.write_text('{"tokens": []}')
    where: dict[str, Any] = {"database_url": "", "kafka": "127.0.0.1:1", "tokens": tokens}
    ports = Ports()
    return {
        ports.registry: registry.build(RegistrySettings(**where)),
        ports.petitions: petitions.build(PetitionSettings(**where)),
        ports.analytics: analytics.build(AnalyticsSettings(**where)),
    }


def operation_of(app: FastAPI, method: str, path: str) -> dict[str, Any]:
    for template, operations in app.openapi()["paths"].items():
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    pytest.fail(f"there is no {method} {path}")


def test_every_curl_asks_for_a_route_that_is_there_in_the_way_it_wants(
    apps: dict[int, FastAPI],
) -> None:
    asked = list(curls())
    assert len(asked) >= 3
    for curl in asked:
        where = urlsplit(curl.url)
        assert where.hostname == "127.0.0.1"
        assert where.port in apps, curl.url
        operation = operation_of(apps[where.port], curl.method, where.path)
        query = dict(parse_qsl(where.query))
        known = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        assert query.keys() <= known
        assert query.get("by", breakdowns()[0]) in breakdowns()
        if where.path.startswith("/v1/"):
            assert curl.headers["authorization"] == "Bearer $TOKEN"
        if curl.data is not None:
            assert curl.headers["content-type"] == "application/json"
            BODIES[where.path].model_validate_json(json.dumps(json.loads(curl.data)))


def test_the_page_of_the_house_names_every_contract_that_import_linter_holds() -> None:
    linter = configparser.ConfigParser()
    linter.read(ROOT / ".importlinter", encoding="utf-8")
    names = {linter[s]["name"] for s in linter.sections() if s.startswith("importlinter:contract:")}
    page = text_of(ROOT / "docs/architecture.md")
    told = set(
        re.findall(r"^\| ([^|]+?) \|", page.split("## Who may import whom")[1], re.MULTILINE)
    )
    assert names <= told
    layers = linter["importlinter:contract:rooms"]["layers"].split("\n")
    rooms = re.findall(r"\w+", " ".join(layers))
    line = re.findall(r"^\| Rooms in their order \|(.*?):", page, flags=re.MULTILINE)
    assert re.findall(r"`(\w+)`", line[0]) == rooms


def test_decisions_are_numbered_without_a_gap_and_all_in_the_index() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    index = text_of(ROOT / "docs/decisions/README.md")
    rows = re.findall(r"^\| (\d+) \| \[[^\]]+\]\(([^)]+)\)", index, flags=re.MULTILINE)
    assert rows == [(str(n), path.name) for n, path in enumerate(DECISIONS, start=1)]
    for number, path in enumerate(DECISIONS, start=1):
        assert text_of(path).startswith(f"# {number}. "), path.name
        assert "\n**Status:** " in text_of(path), path.name
