"""Commands: `write` the page, `check` that it is not stale."""

import sys
from pathlib import Path

from services.registry.domain.life import COMMAND, render

PAGE = Path(__file__).resolve().parents[4] / "docs" / "entity-life.md"


def main(arguments: list[str]) -> int:
    """Run a command; 1 when the page is stale, 2 for anything else."""
    if arguments == ["write"]:
        PAGE.write_text(render(), "utf-8")
        return 0
    if arguments == ["check"]:
        stale = not PAGE.exists() or PAGE.read_text("utf-8") != render()
        if stale:
            print(f"docs/entity-life.md is stale: {COMMAND} write")
        return int(stale)
    print(f"{COMMAND} write | check")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
