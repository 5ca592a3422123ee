"""The words and laws of the contract as tables of numbers, for the machine code of `scan`."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from services.analytics.domain.decoder import FACTS, OWN_FACTS
from services.analytics.domain.measured import (
    DEPENDENT_FROM,
    FORMS,
    KIND_FORM_STATUS,
    KINDS,
    NUMBER_OF_DETAIL,
    SECTIONS_OF,
    STATUSES,
)
from shared.contracts.headers import MAX_STEP
from shared.contracts.registry import entry_agrees
from shared.contracts.values import (
    FIRST_YEAR,
    LAST_YEAR,
    MAX_CAPITAL_VND,
    MAX_SEQUENCE,
    EndedWhy,
    IndustryScheme,
    Origin,
    RegisteredBy,
)

_SCHEMES: Final[tuple[str, ...]] = get_args(IndustryScheme)
_BYS: Final[tuple[str, ...]] = get_args(RegisteredBy)
_WHYS: Final[tuple[str, ...]] = get_args(EndedWhy)

# The lists in the order of the places that `scan` names them by.
_LISTS: Final[tuple[Sequence[str], ...]] = (
    ("ce_position", "ce_previous", "ce_time", "ce_type", "ce_specversion"),
    tuple(OWN_FACTS),
    (
        *("subject", "sequence", "asserts", "retracts", "state"),
        *("corrects", "origin", "cause", "source", "reason"),
    ),
    ("entry", "fact", "on", "by", "why", "before", "after"),
    (
        *("kind", "legal_form", "name", "status", "capital_vnd", "commune"),
        *("industry", "registered_on", "parent"),
    ),
    FACTS,
    _BYS,
    _WHYS,
    KINDS,
    FORMS[1:],
    STATUSES,
    _SCHEMES,
    get_args(Origin),
)


class Vocabulary(NamedTuple):
    """The tables that `scan` takes, in its order."""

    words: NDArray[np.uint8]
    firsts: NDArray[np.int64]
    lists: NDArray[np.int64]
    keys: NDArray[np.int64]
    sections: NDArray[np.int64]
    agrees: NDArray[np.bool_]
    own: NDArray[np.bool_]
    limits: NDArray[np.int64]


def vocabulary() -> Vocabulary:
    """Make the tables."""
    every = [word.encode() for words in _LISTS for word in words]
    firsts = np.cumsum([0, *map(len, every)], dtype=np.int64)
    lists = np.cumsum([0, *map(len, _LISTS)], dtype=np.int64)
    words = np.frombuffer(b"".join(every), dtype=np.uint8)
    return Vocabulary(words, firsts, lists, _keys(), _sections(), _agrees(), _own(), _limits())


def _keys() -> NDArray[np.int64]:
    table = np.full((len(KINDS) + 1, len(FORMS), len(STATUSES)), -1, dtype=np.int64)
    forms: tuple[str | None, ...] = (None, *FORMS[1:])
    for (kind, form, status), key in KIND_FORM_STATUS.items():
        table[KINDS.index(kind) + 1, forms.index(form), STATUSES.index(status)] = key
    return table


def _sections() -> NDArray[np.int64]:
    # A section depends on the scheme and on a code's first two digits alone.
    return np.array(
        [[SECTIONS_OF[scheme][f"{n:02d}"] for n in range(100)] for scheme in _SCHEMES],
        dtype=np.int64,
    )


def _agrees() -> NDArray[np.bool_]:
    """[fact, has by, has why, has no state before]."""
    table = np.zeros((len(FACTS), 2, 2, 2), dtype=np.bool_)
    for place in np.ndindex(table.shape):
        fact, by, why, first = place
        given: tuple[Any, ...] = (by or None, why or None, None if first else fact, FACTS[fact])
        table[place] = entry_agrees(FACTS[fact], *given)
    return table


def _own() -> NDArray[np.bool_]:
    """[type, fact]: which facts an ordinary event of a type is about."""
    return np.array([[fact in own for fact in FACTS] for own in OWN_FACTS.values()], dtype=np.bool_)


def _limits() -> NDArray[np.int64]:
    by, why = NUMBER_OF_DETAIL[_BYS[0]], NUMBER_OF_DETAIL[_WHYS[0]]
    assert [NUMBER_OF_DETAIL[word] for word in _BYS] == [by + n for n in range(len(_BYS))]
    assert [NUMBER_OF_DETAIL[word] for word in _WHYS] == [why + n for n in range(len(_WHYS))]
    return np.array(
        [MAX_CAPITAL_VND, MAX_SEQUENCE, FIRST_YEAR, LAST_YEAR, DEPENDENT_FROM, by, why, MAX_STEP],
        dtype=np.int64,
    )
