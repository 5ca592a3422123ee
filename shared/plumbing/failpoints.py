"""Places where a test may kill the process: armed by CAUNOI_FAILPOINT=<name>:<nth time>.

Unarmed, a place costs one comparison. It is in the product because only the product can be killed
between two of its own statements.
"""

import os
import signal

_NAME, _, _COUNT = os.environ.get("CAUNOI_FAILPOINT", "").partition(":")
_left = int(_COUNT or "1")


def reach(name: str) -> None:
    """Kill this process at once if it is armed for this place and the count is up."""
    global _left  # noqa: PLW0603 - one process, one fuse
    if name != _NAME:
        return
    _left -= 1
    if _left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
