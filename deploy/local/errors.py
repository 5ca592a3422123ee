"""What an operator is told when something cannot be done."""

from __future__ import annotations

import errno
from pathlib import Path


class LocalError(Exception):
    """Carries one sentence for the terminal: what is wrong and what to do about it."""


class ProcessEnded(LocalError):
    """A process that should have stayed (or succeeded) ended; the text has its last lines."""


def describe_os_error(error: OSError, folder: Path) -> str:
    """Say in a sentence why the operating system refused something inside `folder`."""
    where = error.filename or folder
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: {where} could not be written. Free some space and start again."
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"No permission for {where}. Start as the user who owns {folder}, "
            "or choose another folder with --folder."
        )
    if error.errno == errno.EROFS:
        return f"{where} is on a read-only disk. Choose another folder with --folder."
    return f"{where} could not be used: {error.strerror or error}."
