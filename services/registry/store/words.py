"""Statements over the different words of all names."""

from collections.abc import Collection
from typing import Final

from shared.plumbing.postgres import Connection

# From this length on a word has enough trigrams for two errors to leave a third of them alike.
_LONG: Final = 8
_INNER: Final = 3
_ALIKE: Final = 0.35

SPELT: Final = "SELECT word FROM name_word WHERE word = ANY($1::text[])"
WITHIN: Final = "SELECT word FROM name_word WHERE word LIKE $1"
ALIKE: Final = (
    "SELECT word FROM name_word WHERE word % $1::text AND similarity(word, $1::text) >= $2"
)


async def words_of(conn: Connection, text: str) -> list[str]:
    """The words of a text as names are searched: small, without diacritics."""
    words: list[str] = await conn.fetchval("SELECT search_words($1)", text)
    return words


async def words_near(
    conn: Connection, word: str, spellings: Collection[str], most: int
) -> list[str]:
    """Known words that hold a word, that are one of `spellings`, or that look alike; `most`.

    The most alike first. A word of fewer than three letters is held by too many.
    """
    found: set[str] = set()
    if spellings:
        found |= {row[0] for row in await conn.fetch(SPELT, list(spellings))}
    if len(word) >= _INNER:
        found |= {row[0] for row in await conn.fetch(WITHIN, f"%{word}%")}
    if len(word) >= _LONG:
        found |= {row[0] for row in await conn.fetch(ALIKE, word, _ALIKE)}
    return sorted(found - {word}, key=lambda near: (abs(len(near) - len(word)), near))[:most]
