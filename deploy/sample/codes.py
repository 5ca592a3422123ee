"""Enterprise codes with a right check digit, in the order of registration."""

from collections.abc import Iterator
from random import Random
from typing import Final

from stdnum.vn import mst

# Lạng Sơn's prefix, but serial numbers far above those in use: no real enterprise is meant.
_FIRST: Final = 495_000_001


def codes(rng: Random) -> Iterator[str]:
    """Yield valid ten-digit codes, ascending, with irregular gaps."""
    serial = _FIRST
    while True:
        digits = f"{serial:09d}"
        code = digits + str(mst.calc_check_digit(digits))
        # A check digit of ten does not exist: such serial numbers are skipped.
        if mst.is_valid(code):
            yield code
        serial += rng.randint(1, 9)


def dependent_code(parent: str, number: int) -> str:
    """Return the code of a dependent unit: the parent's, a dash, 001 to 999."""
    return f"{parent}-{number:03d}"
