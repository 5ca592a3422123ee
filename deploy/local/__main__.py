"""Command line of the embedded stack: `python -m deploy.local run|stop|reset|status|demo`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run a command; what cannot be done is said in a sentence, with exit code 1."""
    arguments = _arguments()
    folder = Path(arguments.folder).expanduser().absolute()
    try:
        return _run(arguments, folder)
    except ModuleNotFoundError as error:
        return _fail(f"The package {error.name} is missing. Install everything with: uv sync")


def _run(arguments: argparse.Namespace, folder: Path) -> int:
    # Imported here, so that a missing package is a sentence and not a traceback.
    from deploy.local import commands  # noqa: PLC0415
    from deploy.local.errors import LocalError, describe_os_error  # noqa: PLC0415

    try:
        act: dict[str, Callable[[], int]] = {
            "run": lambda: commands.run(folder, arguments.servers_only),
            "demo": commands.demo,
            "stop": lambda: commands.stop(folder),
            "reset": lambda: commands.reset(folder),
            "status": lambda: commands.status(folder),
        }
        return act[arguments.command]()
    except LocalError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(describe_os_error(error, folder))


def _fail(text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("run", "bring everything up and keep it running until Ctrl-C"),
        ("stop", "end what runs"),
        ("reset", "end what runs and delete its data"),
        ("status", "say what runs"),
        ("demo", "bring everything up in a temporary folder, check the figures, remove it"),
    ):
        command = commands.add_parser(name, help=text)
        if name == "run":
            only = "start Kafka and PostgreSQL alone"
            command.add_argument("--servers-only", action="store_true", help=only)
        command.add_argument(
            "--folder",
            default=os.environ.get("CAUNOI_FOLDER", str(_ROOT / ".caunoi")),
            help="where the data is (default: %(default)s)",
        )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
