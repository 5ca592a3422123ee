"""The sample register, loaded and reported by `python -m deploy.sample` beside a running stack."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

from deploy.local.launch import end_tree, follow_parent
from deploy.local.stack import ROOT, Stack


def is_there() -> bool:
    """Whether this checkout has the sample."""
    return find_spec("deploy.sample") is not None


def load(stack: Stack) -> int:
    """Send the sample as an upstream system would, and wait for its figures; 0 when they came.

    Each of its facts happens once, however often it is sent.
    """
    where = stack.addresses
    return _run(
        stack,
        "load",
        f"--kafka={where.kafka}",
        f"--registry={where.registry}",
        f"--petitions={where.petitions}",
    )


def report(stack: Stack, check: bool = False) -> int:
    """Print the conference's paragraph; with `check`, 1 when a figure is not the published one."""
    petitions = f"--petitions={stack.addresses.petitions}"
    return _run(stack, "report", petitions, *(["--check"] if check else []))


def _run(stack: Stack, command: str, *arguments: str) -> int:
    sys.stdout.flush()
    process = subprocess.Popen(
        (
            *(sys.executable, "-m", "deploy.sample", command, *arguments),
            f"--analytics={stack.addresses.analytics}",
        ),
        cwd=ROOT,
        env={**os.environ, "CAUNOI_TOKEN": stack.token, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=follow_parent(),  # noqa: PLW1509
    )
    try:
        return process.wait()
    except BaseException:
        end_tree(process.pid)
        process.wait()
        raise
