"""All benchmarks: one JSON line a figure. `--long` takes the long ones, `--only NAME` one file.

PEERS=<folder> races the stream engines of that folder beside ours.
"""

import argparse
import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from bench import analytics, race
from bench.race import Figure

MODULES = ("house", "registry", "registry_import", "registry_exports", "petitions")


def everything(long: bool, only: str | None) -> Iterator[Figure]:
    """Yield every figure, service by service."""
    if only in {None, "analytics"}:
        yield from analytics.figures(long)
    if only in {None, "race"}:
        peers = os.environ.get("PEERS")
        yield from race.figures(runs=5 if long else 3, peers=Path(peers) if peers else None)
    for name in MODULES:
        if only in {None, name} and Path(__file__).with_name(f"{name}.py").exists():
            yield from importlib.import_module(f"bench.{name}").figures(long)


if __name__ == "__main__":
    cli = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    cli.add_argument("--long", action="store_true")
    cli.add_argument("--only")
    given = cli.parse_args()
    for line in everything(given.long, given.only):
        print(json.dumps(line, ensure_ascii=False), flush=True)
