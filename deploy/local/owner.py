"""Under whose name PostgreSQL runs: it refuses to run as root.

A user's own start runs it as that user. Started by root it runs as `nobody`, and no account is
made and no folder's permissions are widened for it. Its way to its programs and data may lie in a
folder that only root can pass (/root, a temporary folder); it is then given the one capability to
search and read through it. That is why the server always asks for a password: with
the right to read any file, an open door on loopback would be an open door for every local user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError

_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2


@dataclass(frozen=True, slots=True)
class Owner:
    """Wraps a command so that it runs as the owner of the data; `uid` None changes nothing."""

    uid: int | None = None
    gid: int | None = None
    capability: str | None = None

    def wrap(self, command: tuple[str, ...], orphan_signal: signal.Signals) -> tuple[str, ...]:
        """The command line that changes to the owner and then becomes `command`.

        The parent-death signal is named again, because a change of user clears it.
        """
        if self.uid is None:
            return command
        rights: tuple[str, ...] = ("--inh-caps=-all", "--bounding-set=-all")
        if self.capability:
            only = f"-all,+{self.capability}"
            rights = (f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}")
        return (
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
            "--no-new-privs",
            *rights,
            f"--pdeathsig={orphan_signal.name.removeprefix('SIG')}",
            "--",
            *command,
        )

    def give(self, path: Path) -> None:
        """Make the owner own `path` (not what is in it)."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def owner_for(*paths: Path) -> Owner:
    """Who should run a program that needs to reach `paths`. Raises LocalError without a way."""
    if os.geteuid() != 0:
        return Owner()
    if shutil.which("setpriv") is None:
        raise LocalError(
            "PostgreSQL does not run as root, and setpriv (package util-linux), which would start "
            "it as another user, is not here. Start as an ordinary user."
        )
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise LocalError(
            "PostgreSQL does not run as root, and there is no user 'nobody' to run it as. "
            "Start as an ordinary user."
        ) from error
    if all(_open_to_others(path) for path in paths):
        return Owner(nobody.pw_uid, nobody.pw_gid)
    return Owner(nobody.pw_uid, nobody.pw_gid, _capability())


def _open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def _capability() -> str:
    """The least capability that leads through closed folders, of those this machine allows."""
    status = Path("/proc/self/status").read_text("ascii")
    bounding = next((line.split()[1] for line in status.splitlines() if "CapBnd" in line), "0")
    allowed = int(bounding, 16)
    if allowed >> _CAP_DAC_READ_SEARCH & 1:
        return "dac_read_search"
    if allowed >> _CAP_DAC_OVERRIDE & 1:  # Docker's default set has this one alone
        return "dac_override"
    raise LocalError(
        "PostgreSQL does not run as root, and the folder cannot be reached by another user. "
        "Start as an ordinary user, or choose a folder that everybody can pass with --folder."
    )
