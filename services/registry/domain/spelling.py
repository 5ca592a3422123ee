"""What somebody may have meant who typed a word: one letter wrong, missing, too many or swapped."""

from string import ascii_lowercase
from typing import Final

SHORTEST: Final = 3
"""Below this every word is one letter away from most others."""
LONGEST: Final = 20


def misspellings(word: str) -> set[str]:
    """Return the words that are one typing error away from a word of SHORTEST to LONGEST letters.

    Of any other word there are none. Words are small letters without diacritics, and digits.
    """
    if not SHORTEST <= len(word) <= LONGEST or word.isdigit():
        return set()
    cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
    missing = (a + letter + b for a, b in cuts for letter in ascii_lowercase)
    wrong = (a + letter + b[1:] for a, b in cuts if b for letter in ascii_lowercase)
    too_many = (a + b[1:] for a, b in cuts if b)
    swapped = (a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    return {*missing, *wrong, *too_many, *swapped} - {word}
