"""What a filing needs of the database before it is decided: a number, and petitions like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.petitions.domain import decide
from services.petitions.domain.private import check_public
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.similar import ALIKE, Likeness, likeness_of, similarity
from services.petitions.handlers.asked import Alike, Filing
from services.petitions.store import acts
from shared.plumbing.postgres import Connection

_CANDIDATES: Final = 50
_OFFERED: Final = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """A petition that may be filed: its id, what its text is recognised by, what is like it."""

    petition_id: str
    likeness: Likeness
    alike: tuple[Alike, ...]


async def draft_all(
    conn: Connection, filings: Sequence[Filing], today: date
) -> list[Draft | Refusal]:
    """Return the draft of each filing, or why it is refused: that leaves no gap in the numbers."""
    checked = [_check(filing, today) for filing in filings]
    good = [
        (filing, on)
        for filing, on in zip(filings, checked, strict=True)
        if not isinstance(on, Refusal)
    ]
    if not good:
        return [on for on in checked if isinstance(on, Refusal)]
    numbers = await acts.take_numbers(conn, len(good))
    names = [f"KN-{on.year}-{n:06d}" for (_, on), n in zip(good, numbers, strict=True)]
    texts = [_likeness(filing) for filing, _ in good]
    found = await acts.find_alike(conn, texts, _CANDIDATES)
    drafts = iter(
        [
            Draft(name, text, _offer(text, [*others, *_before(texts[:n], names, text)]))
            for n, (name, text, others) in enumerate(zip(names, texts, found, strict=True))
        ]
    )
    return [on if isinstance(on, Refusal) else next(drafts) for on in checked]


def _check(filing: Filing, today: date) -> date | Refusal:
    source, command = filing.source, filing.command
    try:
        check_public(filing.private, source.system, source.reference, command.session)
        return decide.check(command, today)
    except Refusal as refusal:
        return refusal


def _likeness(filing: Filing) -> Likeness:
    private = filing.private
    return likeness_of(filing.command.field, f"{private.title}\n{private.text}")


def _before(
    texts: Sequence[Likeness], names: Sequence[str], text: Likeness
) -> list[tuple[str, Sequence[int]]]:
    """Return those of the same transaction that share a band: no index holds them yet."""
    bands = set(text.bands)
    return [
        (name, other.signature)
        for name, other in zip(names, texts, strict=False)
        if not bands.isdisjoint(other.bands)
    ]


def _offer(text: Likeness, candidates: Sequence[tuple[str, Sequence[int]]]) -> tuple[Alike, ...]:
    found = [
        Alike(other, round(similarity(text.signature, signature), 2))
        for other, signature in candidates
    ]
    alike = sorted((a for a in found if a.similarity >= ALIKE), key=lambda a: -a.similarity)
    return tuple(alike[:_OFFERED])
