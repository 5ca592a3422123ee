"""Run the subscriber: `python -m examples.petition_subscriber --help`."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from examples.petition_subscriber.follow import Follower, application
from examples.petition_subscriber.mine import MyList
from examples.petition_subscriber.service import Petitions


def main() -> int:
    """Follow until interrupted, or show the list."""
    parser = argparse.ArgumentParser(prog="python -m examples.petition_subscriber")
    parser.add_argument("--kafka", default="127.0.0.1:19092", metavar="HOST:PORT")
    parser.add_argument("--petitions", default="http://127.0.0.1:8002", metavar="URL")
    parser.add_argument("--list", type=Path, default=Path("petitions.sqlite"), metavar="FILE")
    parser.add_argument("--group", default="petition-subscriber")
    parser.add_argument("--show", action="store_true", help="count the petitions and end")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    mine = MyList(args.list)
    if args.show:
        for status, count in sorted(mine.by_status().items()):
            print(f"{count:6} {status}")
        return 0
    # Arguments can be seen by every user of a machine, the environment cannot.
    petitions = Petitions(args.petitions, os.environ.get("CAUNOI_TOKEN", ""))
    asyncio.run(application(args.kafka, args.group, Follower(mine, petitions)).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
