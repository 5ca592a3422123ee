"""Petitions of the same content: found by likeness, offered, never merged.

A text becomes the set of its neighbouring words in threes, without case and accents; of that set
64 smallest hashes are kept. The share of equal ones estimates how much two sets overlap.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

HASHES: Final = 64
BAND: Final = 4
BANDS: Final = HASHES // BAND
ALIKE: Final = 0.5
_WORD: Final = re.compile(r"[a-z0-9]+")
# The marks of Vietnamese letters; all of them combine, which is not so of every neighbour.
_MARKS: Final = re.compile("[\u0300-\u034e\u0350-\u036f]")
_PRIME: Final = (1 << 31) - 1


@dataclass(frozen=True)
class Likeness:
    """What is kept of a text: `signature` has 64 numbers, `bands` 16, all of 31 bits."""

    signature: tuple[int, ...]
    bands: tuple[int, ...]


def likeness_of(field: str, text: str) -> Likeness:
    """Return the likeness of a text within a field."""
    hashes = np.array(sorted(_shingles(text)), dtype=np.uint64)
    factors, offsets = _permutations()
    values = (factors[:, None] * hashes[None, :] + offsets[:, None]) % np.uint64(_PRIME)
    signature: tuple[int, ...] = tuple(values.min(axis=1).tolist())
    bands = tuple(
        _hash(f"{field}|{start}|{signature[start : start + BAND]}")
        for start in range(0, HASHES, BAND)
    )
    return Likeness(signature, bands)


def similarity(a: Sequence[int], b: Sequence[int]) -> float:
    """Estimate how much two texts overlap, 0 to 1, from their signatures."""
    return sum(x == y for x, y in zip(a, b, strict=True)) / HASHES


def normal(text: str) -> list[str]:
    """Return the words of a text without case, accents and marks."""
    plain = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold().replace("đ", "d")))
    if not plain.isascii():
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return _WORD.findall(plain)


def _shingles(text: str) -> set[int]:
    words = normal(text)
    found = {_hash(" ".join(words[n : n + 3])) for n in range(max(len(words) - 2, 1))}
    return found or {0}


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) & 0x7FFFFFFF


@cache
def _permutations() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    # Fixed for ever: signatures of different days are compared.
    factors = [_hash(f"factor {n}") % (_PRIME - 1) + 1 for n in range(HASHES)]
    offsets = [_hash(f"offset {n}") % _PRIME for n in range(HASHES)]
    return np.array(factors, dtype=np.uint64), np.array(offsets, dtype=np.uint64)
