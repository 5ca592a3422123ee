"""Believable registered capitals that add up to a given total."""

from random import Random
from typing import Final, NamedTuple

STEP: Final = 100_000_000
"""Capitals are multiples of 100 million VND, as certificates mostly have them."""
TY: Final = 1_000_000_000


class Scale(NamedTuple):
    """How capitals spread: `small` (amount, weight) for `share` of all, the rest from `tail_from`
    to `tail_to`, the heavier a tail the smaller `shape` is. Amounts in VND.
    """

    small: tuple[tuple[int, int], ...]
    share: float
    tail_from: int
    tail_to: int
    shape: float = 1.25


def _ladder(text: str) -> tuple[tuple[int, int], ...]:
    # "0.5x3" is 0.5 billion VND with weight 3.
    pairs = (part.split("x") for part in text.split())
    return tuple((round(float(ty) * TY), int(weight)) for ty, weight in pairs)


ENTERPRISE: Final = Scale(
    small=_ladder(
        "0.1x1 0.2x2 0.3x3 0.5x9 0.8x4 0.9x5 1x12 1.2x4 1.5x9 1.8x9 1.9x8 2x10 2.5x4 3x9 3.5x3 "
        "3.8x2 4x4 4.5x4 4.8x3 4.9x3 5x8 6x5 6.8x2 7x2 8x3 9x3 9.5x2 9.9x4"
    ),
    share=0.87,
    tail_from=10 * TY,
    tail_to=2_000 * TY,
)
COOPERATIVE: Final = Scale(
    small=_ladder("0.1x3 0.2x6 0.3x8 0.5x14 0.6x5 0.8x6 1x14 1.2x6 1.5x10 2x8 2.4x3 2.9x3"),
    share=0.88,
    tail_from=3 * TY,
    tail_to=60 * TY,
    shape=2.2,
)
RAISES: Final = ENTERPRISE._replace(tail_to=400 * TY)
YOUNG_COOPERATIVE: Final = Scale(
    small=_ladder("0.2x1 0.3x2 0.5x2"), share=1.0, tail_from=STEP, tail_to=3 * TY
)


def nice(amount: float) -> int:
    """Round an amount as people choose it: by 0.1, 0.5, 1, 5 or 10 billion, growing with it."""
    for below, step in ((5, STEP), (20, 5 * STEP), (50, TY), (200, 5 * TY)):
        if amount < below * TY:
            return max(STEP, round(amount / step) * step)
    return round(amount / (10 * TY)) * 10 * TY


def small(rng: Random, scale: Scale) -> int:
    """Draw one of the small amounts."""
    amounts, weights = zip(*scale.small, strict=True)
    return int(rng.choices(amounts, weights)[0])


def one(rng: Random, scale: Scale) -> int:
    """Draw a capital with nothing to add up to; the tail is kept short."""
    if rng.random() < scale.share:
        return small(rng, scale)
    return nice(scale.tail_from * rng.paretovariate(1.6) if rng.random() < 0.9 else scale.tail_from)


def fit(rng: Random, count: int, total: int, scale: Scale) -> list[int]:
    """Draw `count` capitals whose sum is exactly `total` (a multiple of STEP), in random order.

    Raises ValueError when the total cannot be reached with this scale.
    """
    tail = max(1, round(count * (1 - scale.share)))
    amounts = [small(rng, scale) for _ in range(count - tail)]
    amounts += _tail(rng, tail, total - sum(amounts), scale)
    rng.shuffle(amounts)
    if sum(amounts) != total or min(amounts) < STEP or max(amounts) > scale.tail_to:
        raise ValueError(f"{count} capitals cannot add up to {total}")
    return amounts


def _tail(rng: Random, count: int, total: int, scale: Scale) -> list[int]:
    weights = sorted((rng.paretovariate(scale.shape) - 0.98 for _ in range(count)), reverse=True)
    above = total - count * scale.tail_from
    amounts: list[int] = []
    left = sum(weights)
    # From the largest down: what the ceiling cuts off is shared out among the rest.
    for weight in weights:
        share = above * weight / left if left > 0 else 0
        amount = min(nice(scale.tail_from + share), scale.tail_to)
        amounts.append(amount)
        above -= amount - scale.tail_from
        left -= weight
    return _settle(amounts, total - sum(amounts), scale)


def _settle(amounts: list[int], rest: int, scale: Scale) -> list[int]:
    # What the rounding left over goes to the middle of the tail, where nobody sees it.
    settled = list(amounts)
    for place in sorted(range(len(settled)), key=lambda n: abs(n - len(settled) // 3)):
        room = min(max(rest, scale.tail_from - settled[place]), scale.tail_to - settled[place])
        settled[place] += room
        rest -= room
        if rest == 0:
            break
    return settled
