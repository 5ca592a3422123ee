"""Runs `migrate` and then `topics` of several services in one interpreter.

They are the services' own commands, `python -m services.<name> migrate`. Six interpreters that
each import the same libraries would take longer than everything else at a start.

Reads `CAUNOI_PREPARE`: JSON {service: its environment}. Topics wait for Kafka, migrations do not.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time

from deploy.local.kafka import brokers

VARIABLE = "CAUNOI_PREPARE"


def main() -> int:
    """Returns 0, or 1 after the first command that failed."""
    services: dict[str, dict[str, str]] = json.loads(os.environ.pop(VARIABLE))
    for name, environment in services.items():
        if not _run(name, "migrate", environment):
            return 1
    for environment in services.values():
        _await_kafka(int(environment["CAUNOI_KAFKA"].rpartition(":")[2]))
    return 0 if all(_run(name, "topics", own) for name, own in services.items()) else 1


def _run(service: str, command: str, environment: dict[str, str]) -> bool:
    before = dict(os.environ)
    os.environ.update(environment)
    sys.argv = [f"services.{service}", command]
    print(f"{service} {command}", flush=True)
    try:
        runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code not in (0, None):
            print(f"{service} {command} failed: {end.code}", flush=True)
            return False
    finally:
        os.environ.clear()
        os.environ.update(before)
    return True


def _await_kafka(port: int) -> None:
    """Whoever started this ends it when Kafka does not come."""
    while brokers(port) < 1:
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
