"""The Java side of Kafka: its command line, and an archive that halves the time to start.

The archive (JDK 25 "AOT cache") holds Kafka's classes as they stand after a start: up in 0.9 s
and 1.7 s of processor instead of 1.9 and 3.1. It is made once by one start in a scratch folder.
Java leaves it aside by itself when it does not fit, so nothing depends on it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError
from deploy.local.jars import exclusive
from deploy.local.launch import Spec, end_tree, launch
from deploy.local.packages import java, java_identity

LOG_SETTINGS = Path(__file__).with_name("log4j2.properties")


@dataclass(frozen=True, slots=True)
class Trainee:
    """A start to learn from: what to run, and when it has shown enough."""

    spec: Spec
    ready: Callable[[], bool]


Train = Callable[[Path, tuple[str, ...]], Trainee]


def command(classpath: list[Path], megabytes: int, aot: Path | None, *more: str) -> tuple[str, ...]:
    """The Java command line up to the class to run, with a heap of at most `megabytes`."""
    archive_option = (f"-XX:AOTCache={aot}",) if aot else ()
    return (
        str(java()),
        f"-Xmx{megabytes}m",
        "-Xms64m",
        # On two cores the serial collector takes least memory and no threads from Kafka.
        "-XX:+UseSerialGC",
        # A broker that ran out of memory is better started again than half alive.
        "-XX:+ExitOnOutOfMemoryError",
        "-Xlog:disable",
        "-Xlog:all=error:stderr",
        "--sun-misc-unsafe-memory-access=allow",
        *archive_option,
        *more,
        f"-Dlog4j2.configurationFile={LOG_SETTINGS.as_uri()}",
        "-cp",
        os.pathsep.join(str(path) for path in classpath),
    )


def archive(
    classpath: list[Path], cache: Path, train: Train, stopped: Callable[[], bool]
) -> Path | None:
    """The archive for this Java and class path, made first where it is missing.

    None when Java cannot make one here; an empty file remembers that.
    """
    identity = "\n".join([java_identity(), *map(str, classpath)])
    path = cache / f"kafka-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.aot"
    if not path.exists():
        with exclusive(cache / ".lock"):
            if not path.exists():
                _make(path, classpath, train, stopped)
    return path if path.stat().st_size > 0 else None


def _make(path: Path, classpath: list[Path], train: Train, stopped: Callable[[], bool]) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="train-", dir=path.parent) as scratch:
        java_line = command(classpath, 512, None, f"-XX:AOTCacheOutput={part}")
        try:
            complete = _watch(train(Path(scratch), java_line), stopped)
        except LocalError:
            complete = False
    if stopped():
        raise LocalError("The preparation of Kafka was stopped.")
    for old in path.parent.glob("kafka-*.aot"):
        old.unlink()
    if complete and part.exists():
        part.replace(path)
    else:
        path.touch()


def _watch(trainee: Trainee, stopped: Callable[[], bool]) -> bool:
    """Run the start to its readiness and its clean end, at which Java writes the archive."""
    process = launch(trainee.spec)
    deadline = time.monotonic() + 60
    asked_to_end = False
    while process.poll() is None:
        if stopped() or time.monotonic() > deadline:
            end_tree(process.pid)
            process.wait()
            return False
        if not asked_to_end and trainee.ready():
            process.terminate()
            asked_to_end = True
        time.sleep(0.05)
    return asked_to_end
