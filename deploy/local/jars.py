"""Kafka's jars: fetched once from Maven Central, checked against `kafka.lock`, kept in the cache.

The lock names every jar with its SHA-256, so a fetch needs no walk through the poms and brings
the same bytes everywhere. `python -m deploy.local.jars` resolves anew and writes the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError

KAFKA_VERSION = "4.3.1"
# The second is only the binding of Kafka's log calls; "!" keeps its managed versions out.
ROOTS = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!",
)
LOCK = Path(__file__).with_name("kafka.lock")
CENTRAL = "https://repo.maven.apache.org/maven2"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One jar: Maven coordinate `group:artifact:version` and the SHA-256 of its bytes in hex."""

    coordinate: str
    sha256: str

    @property
    def filename(self) -> str:
        """`<artifact>-<version>.jar`."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


def locked() -> list[Jar]:
    """The jars of the lock file, in class path order."""
    rows = (line.split() for line in LOCK.read_text("utf-8").splitlines() if line.strip())
    return [Jar(coordinate, digest) for coordinate, digest in rows]


def ensure(cache: Path, progress: Progress = lambda _done, _total: None) -> list[Path]:
    """The jars on disk, fetched first when they are not there; `progress` gets (done, of).

    The folder takes its name only when it is complete and checked, so a fetch that was cut short
    is done again. Raises LocalError without a network or on a wrong checksum.
    """
    folder = cache / f"kafka-{KAFKA_VERSION}"
    jars = locked()
    paths = [folder / jar.filename for jar in jars]
    if all(path.exists() for path in paths):
        return paths
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / ".lock"):
        if not all(path.exists() for path in paths):
            _fetch(jars, folder, progress)
    return paths


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file lock, so that processes which start together do a thing once."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(jars: list[Jar], folder: Path, progress: Progress) -> None:
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.part-", dir=folder.parent))
    try:
        done = 0
        progress(done, len(jars))
        with ThreadPoolExecutor(8) as threads:
            for path, jar in zip(
                threads.map(_downloader(part / "m2"), (jar.coordinate for jar in jars)),
                jars,
                strict=True,
            ):
                _check(path, jar)
                path.replace(part / jar.filename)
                done += 1
                progress(done, len(jars))
        shutil.rmtree(part / "m2")
        shutil.rmtree(folder, ignore_errors=True)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check(path: Path, jar: Jar) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != jar.sha256:
        raise LocalError(
            f"{jar.filename} came with the wrong checksum ({digest[:12]}..., expected "
            f"{jar.sha256[:12]}...): what was downloaded is not what this release was tested with."
        )


def _downloader(repository: Path) -> Callable[[str], Path]:
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - slow to import, needed once
    except ModuleNotFoundError as error:
        raise LocalError(
            "The package jgo is missing. Install what the embedded stack needs: uv sync"
        ) from error
    remote = os.environ.get("CAUNOI_MAVEN", CENTRAL)
    context = MavenContext(repo_cache=repository, remote_repos={"central": remote}, timeout=30)

    def download(coordinate: str) -> Path:
        for attempt in (1, 2, 3):
            artifact = context.create_dependency(coordinate).artifact
            try:
                return Path(artifact.resolve())
            except (OSError, RuntimeError) as error:
                shutil.rmtree(repository / artifact.component.path_prefix, ignore_errors=True)
                if attempt == 3:
                    raise LocalError(
                        f"{coordinate} could not be downloaded from {remote} ({error}). "
                        "Check the network, or name a mirror with CAUNOI_MAVEN."
                    ) from error
        raise AssertionError("unreachable")

    return download


def resolve() -> list[Jar]:
    """Walk the poms of ROOTS: every jar that Kafka needs at run time, with its checksum."""
    from jgo.maven import MavenContext  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository))
        roots = [context.create_dependency(root) for root in ROOTS]
        direct, transitive = context.resolver.resolve(roots)
        needed = [*direct, *(dep for dep in transitive if dep.scope in ("compile", "runtime"))]
        jars = []
        for dependency in needed:
            artifact = dependency.artifact
            digest = hashlib.sha256(Path(artifact.resolve()).read_bytes()).hexdigest()
            coordinate = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            jars.append(Jar(coordinate, digest))
    return jars


if __name__ == "__main__":
    LOCK.write_text("".join(f"{jar.coordinate} {jar.sha256}\n" for jar in resolve()), "utf-8")
    sys.stdout.write(f"{len(locked())} jars written to {LOCK}\n")
