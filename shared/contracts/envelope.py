"""The envelope of every event: entries, the data of an event, CloudEvents headers.

An entry says: on this legal date, by this fact, the state went from `before` to `after`.
What an event adds to any figure is the sum of the entries that it asserts less the sum of those
that it retracts; a reader needs nothing else.
"""

import itertools
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Generic, Protocol, Self, TypeVar

from pydantic import Field, model_validator

from shared.contracts.states import Model
from shared.contracts.values import MAX_SEQUENCE, Origin, complaint

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
TYPE_PREFIX = "vn.caunoi."

Number = Annotated[int, Field(ge=1, le=MAX_SEQUENCE)]


class EntryLike(Protocol):
    """What the laws of a chain need of an entry; fast decoders have entries of their own."""

    @property
    def on(self) -> Any: ...  # noqa: D102
    @property
    def entry(self) -> int: ...  # noqa: D102
    @property
    def before(self) -> Any: ...  # noqa: D102
    @property
    def after(self) -> Any: ...  # noqa: D102


def chains(entries: Sequence[EntryLike]) -> bool:
    """Say whether entries stand in legal order (date, number) and each begins where one ended."""
    return all(
        (a.on, a.entry) < (b.on, b.entry) and a.after is not None and a.after == b.before
        for a, b in itertools.pairwise(entries)
    )


def replaces(retracts: Sequence[EntryLike], asserts: Sequence[EntryLike]) -> bool:
    """Say whether what is asserted starts from the state where what is retracted started."""
    return not retracts or not asserts or bool(retracts[0].before == asserts[0].before)


class Source(Model):
    """Who said so: the upstream system and its own, unique reference."""

    system: Annotated[str, Field(min_length=1, max_length=200)]
    reference: Annotated[str, Field(min_length=1, max_length=200)]


EntryT = TypeVar("EntryT", bound=Model)
StateT = TypeVar("StateT", bound=Model)


class Event(Model, Generic[EntryT, StateT]):
    """Data of an event about one subject; complete, so that it is added up without asking."""

    # An event of this name must assert an entry of one of these facts; () for corrections.
    facts: ClassVar[tuple[str, ...]] = ()
    about: ClassVar[str] = ""

    subject: str
    sequence: Number
    asserts: Annotated[tuple[EntryT, ...], Field(max_length=1000)]
    retracts: Annotated[tuple[EntryT, ...], Field(max_length=1000)]
    state: StateT | None
    corrects: Number | None
    origin: Origin
    cause: Annotated[str, Field(min_length=1, max_length=100)] | None
    source: Source
    reason: Annotated[str, Field(max_length=2000)] | None

    @model_validator(mode="after")
    def _entries_hold(self) -> Self:
        facts = [e.fact for e in self.asserts]  # type: ignore[attr-defined]
        wrong = misfit(
            type(self).facts,
            facts,
            asserts=self.asserts,  # type: ignore[arg-type]
            retracts=self.retracts,  # type: ignore[arg-type]
            state=self.state,
            corrects=self.corrects,
        )
        if wrong:
            raise complaint(wrong, *_MISFITS[wrong])
        return self


_MISFITS = {
    "no_entries": ("Sự kiện không có bút toán nào.", "The event has no entry"),
    "does_not_chain": ("Các bút toán không nối tiếp nhau.", "The entries do not chain"),
    "fact_missing": (
        "Sự kiện không ghi bút toán của chính nó.",
        "The event asserts no entry of its own fact",
    ),
    "correction_misfit": (
        "Đính chính phải nêu số thứ tự được đính chính; sự kiện khác thì không.",
        "A correction names the sequence that it corrects; another event does not",
    ),
    "void_misfit": (
        "Huỷ đăng ký phải rút mọi bút toán và không còn trạng thái.",
        "A voiding retracts, asserts nothing and leaves no state",
    ),
}
VOIDED = "voided"
CORRECTED = "corrected"


def misfit(
    own: tuple[str, ...],
    facts: Sequence[str],
    *,
    asserts: Sequence[EntryLike],
    retracts: Sequence[EntryLike],
    state: object | None,
    corrects: int | None,
) -> str | None:
    """Return the code of the first law that an event breaks, or None: one rule for every decoder.

    `own` are the facts of which an event of this name must assert one, or the marks
    (VOIDED,), (CORRECTED,) for the two events that are no fact.
    """
    if not asserts and not retracts:
        return "no_entries"
    if not (chains(asserts) and chains(retracts) and replaces(retracts, asserts)):
        return "does_not_chain"
    if own == (VOIDED,):
        return "void_misfit" if asserts or state is not None else None
    if (corrects is not None) != (own == (CORRECTED,)):
        return "correction_misfit"
    if state is None or (own != (CORRECTED,) and not any(f in own for f in facts)):
        return "fact_missing"
    return None
