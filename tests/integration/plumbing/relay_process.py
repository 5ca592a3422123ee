"""A relay in a process of its own, so that a test can kill it or freeze it."""

import asyncio
import sys

from shared.plumbing import log
from tests.integration.plumbing.log_support import make_relay


def main() -> None:
    dsn, kafka, topic = sys.argv[1:]
    log.configure("relay-process")
    asyncio.run(make_relay(dsn, kafka, topic, rows=20).run())


if __name__ == "__main__":
    main()
