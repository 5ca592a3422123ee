"""The house keeps its shape: what import-linter does not see."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = {"services", "shared", "deploy", "tests", "bench", "examples"}
PYTHON = [
    path
    for top in ("services", "shared", "deploy", "bench", "examples", "tests")
    for path in (ROOT / top).rglob("*.py")
    if "__pycache__" not in path.parts
]


def test_no_dependency_claims_one_of_our_top_level_names() -> None:
    claimed = importlib.metadata.packages_distributions()
    assert {name: claimed[name] for name in OURS & claimed.keys()} == {}


# The compiler keeps machine code by the date of the one file that it stands in: parts of it in other
# files could change without its being made anew.
ONE_PIECE = {"services/analytics/domain/scan.py"}


def test_no_file_is_two_things() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    too_long = {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > 400}
    assert too_long.keys() <= ONE_PIECE


def test_only_one_place_reads_the_clock() -> None:
    words = ("datetime.now(", "date.today(", "utcnow(", "time.time(", "time.monotonic(")
    readers = {
        str(path.relative_to(ROOT))
        for path in PYTHON
        if path.relative_to(ROOT).parts[0] in {"services", "shared"}
        and any(word in path.read_text(encoding="utf-8") for word in words)
    }
    assert readers == {"shared/plumbing/clock.py"}


def test_the_contract_and_the_rules_can_be_imported_without_any_client() -> None:
    code = (
        "import sys, shared.contracts.catalogue, shared.contracts.intake, "
        "services.registry.domain, services.petitions.domain, services.analytics.domain.batch\n"
        "print(sorted({'asyncpg', 'aiokafka', 'faststream', 'fastapi', 'prometheus_client'} "
        "& {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
