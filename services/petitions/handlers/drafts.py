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
from services.petitions.store import ReferenceKey, acts
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
) -> dict[Filing, Draft | Refusal]:
    """Return the draft of each filing, or why it is refused: that leaves no gap in the numbers.

    One draft a reference: who comes second under it files nothing.
    """
    checked = {filing: _check(filing, today) for filing in filings}
    good: dict[ReferenceKey, tuple[Filing, date]] = {}
    for filing, on in checked.items():
        if not isinstance(on, Refusal):
            good.setdefault(filing.reference, (filing, on))
    drafts = await _draft(conn, list(good.values()))
    return {**drafts, **{f: on for f, on in checked.items() if isinstance(on, Refusal)}}


async def _draft(conn: Connection, filings: Sequence[tuple[Filing, date]]) -> dict[Filing, Draft]:
    if not filings:
        return {}
    numbers = await acts.take_numbers(conn, len(filings))
    names = [f"KN-{on.year}-{n:06d}" for (_, on), n in zip(filings, numbers, strict=True)]
    texts = [_likeness(filing) for filing, _ in filings]
    found = await acts.find_alike(conn, texts, _CANDIDATES)
    return {
        filing: Draft(name, text, _offer(text, [*others, *_before(texts[:n], names, text)]))
        for n, ((filing, _), name, text, others) in enumerate(
            zip(filings, names, texts, found, strict=True)
        )
    }


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
