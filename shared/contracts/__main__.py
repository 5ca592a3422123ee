"""`python -m shared.contracts generate | check`: publish the contract, or guard it."""

import argparse
import sys
from pathlib import Path

from shared.contracts.publishing.check import check
from shared.contracts.publishing.generate import generate
from shared.contracts.publishing.items import HERE, Tree


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 when the contract does not hold or would be broken."""
    options = _parser().parse_args(arguments)
    tree = Tree(options.root)
    if options.command == "check":
        return _check(tree)
    return _generate(tree, allow_breaking=options.allow_breaking)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m shared.contracts", description=__doc__)
    parser.add_argument("--root", type=Path, default=HERE.root, help="the repository's root")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="exit 1 when what is committed is stale, wrong or broken")
    writing = commands.add_parser("generate", help="write schemas, AsyncAPI and docs/events.md")
    writing.add_argument(
        "--allow-breaking",
        action="store_true",
        help="write although a promise is broken; only before anybody was promised anything",
    )
    return parser


def _check(tree: Tree) -> int:
    problems = check(tree)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} problems" if problems else "the contract holds")
    return 1 if problems else 0


def _generate(tree: Tree, *, allow_breaking: bool) -> int:
    changed, lost = generate(tree, allow_breaking=allow_breaking)
    for path, found in lost:
        print(f"breaking: {path.relative_to(tree.root)}: {found}", file=sys.stderr)
    if lost and not allow_breaking:
        print(
            "nothing was written: a change like this is a new major version of the event",
            file=sys.stderr,
        )
        return 1
    for path in changed:
        print(path.relative_to(tree.root))
    return 0


if __name__ == "__main__":
    sys.exit(main())
