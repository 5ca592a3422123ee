"""Command line of the sample: load it, report from live figures, write it to a file."""

import argparse
import asyncio
import os
import sys
from datetime import date
from pathlib import Path

from deploy.sample import petitions
from deploy.sample.analytics import Analytics, NotYetError, RefusedError
from deploy.sample.answers import FactsRefusedError
from deploy.sample.load import Loader, TooLateError, against_published
from deploy.sample.petition_report import petitions_paragraph
from deploy.sample.published import checkpoints
from deploy.sample.report import BANNER, FOOTNOTE, comparison, paragraph
from deploy.sample.timeline import records


def main() -> int:
    """Run a command; returns 0, 1 when figures differ or something is refused or too late."""
    args = _arguments()
    try:
        return asyncio.run(_run(args))
    except (TooLateError, FactsRefusedError, RefusedError, NotYetError) as error:
        print(f"Dữ liệu mẫu / sample: {error}", file=sys.stderr)
        return 1


async def _run(args: argparse.Namespace) -> int:
    if args.command == "write":
        return _write(args.file)
    analytics = Analytics(args.analytics, args.token)
    if args.command == "load":
        return await _load(args, analytics)
    return await _report(args, analytics)


async def _load(args: argparse.Namespace, analytics: Analytics) -> int:
    code = await _load_register(args, analytics)
    if code == 0 and args.petitions:
        new, known = await petitions.load(args.petitions, args.token, analytics)
        _say(f"Kiến nghị mẫu / sample petitions: {new} mới / new, {known} đã có / known")
    return code


async def _load_register(args: argparse.Namespace, analytics: Analytics) -> int:
    loader = Loader(args.kafka, args.registry, args.analytics, analytics, say=_say)
    loaded = await loader.run(args.wait)
    if not loaded.sent:
        _say(f"Mẫu đã nạp từ trước / the sample was loaded before ({loaded.known} records)")
        return 0
    _say(
        f"Khớp số liệu công bố sau {loaded.seconds:.1f} s kể từ bản ghi đầu tiên / figures exact "
        f"{loaded.seconds:.1f} s after the first record sent ({loaded.sent} records)"
    )
    return 0


async def _report(args: argparse.Namespace, analytics: Analytics) -> int:
    print(BANNER)
    days = args.as_of or [point.as_of for point in checkpoints()]
    for day in days:
        print(f"\n{paragraph(day, await analytics.figures(day))}")
    said = await petitions_paragraph(max(days), analytics, args.petitions, args.token)
    print(f"\n{said}")
    print(f"\n{FOOTNOTE}")
    if not args.check:
        return 0
    lines = await against_published(analytics)
    print(f"\n{comparison(lines)}")
    return 0 if all(line.agrees for line in lines) else 1


def _write(file: Path) -> int:
    with file.open("wb") as out:
        for record in records():
            out.write(record.line() + b"\n")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.sample", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load", help="send the sample and wait for the published figures")
    load.add_argument("--kafka", required=True, metavar="HOST:PORT")
    load.add_argument("--registry", required=True, metavar="URL")
    load.add_argument("--petitions", metavar="URL", help="send sample petitions there too")
    load.add_argument("--wait", type=float, default=120.0, metavar="SECONDS")
    report = commands.add_parser("report", help="print the conference's paragraph, live")
    report.add_argument("--check", action="store_true", help="compare with what was published")
    report.add_argument("--petitions", metavar="URL", help="say how the conference stands too")
    report.add_argument("--as-of", type=date.fromisoformat, action="append", metavar="DATE")
    for command in (load, report):
        command.add_argument("--analytics", required=True, metavar="URL")
        # Arguments can be seen by every user of a machine, the environment cannot.
        command.add_argument("--token", default=os.environ.get("CAUNOI_TOKEN", ""))
    write = commands.add_parser("write", help="write the records as NDJSON, in sending order")
    write.add_argument("file", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
