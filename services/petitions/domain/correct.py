"""Putting right: what was recorded wrongly is retracted and asserted as it should have been.

What a petition says of itself is put right in every entry, as if it had been so from the first;
dates and agencies that followed from it stay as they were decided. `undo` takes the last act back.
"""

from dataclasses import replace
from typing import Any, Final

from services.petitions.domain.commands import CorrectCommand, Corrected, FileCommand
from services.petitions.domain.filing import check_filing
from services.petitions.domain.petition import Case, Line, Petition
from services.petitions.domain.refusals import Refusal
from services.petitions.domain.system import with_alarm
from shared.contracts.petitions import PetitionEntry
from shared.contracts.states import PetitionState

_FILING: Final = ("field", "other_fields", "petitioner_kind", "entity", "session")
# Nobody's mistake: a date passed, or a petition was filed, which is withdrawn and not undone.
_NOT_UNDONE: Final = frozenset(
    {"PetitionFiled", "PetitionDueChanged", "PetitionOverdue", "PetitionEscalated"}
)


def undo(case: Case, ledger: tuple[Line, ...]) -> tuple[Petition, Line, tuple[PetitionEntry, ...]]:
    """Return the petition without its last act, that act's line, and the entries that stand.

    Raises Refusal `cannot_undo`.
    """
    last = ledger[-1]
    if last.entry.fact in _NOT_UNDONE or last.entry.before is None:
        raise Refusal(
            "cannot_undo",
            "Việc gần nhất không thể huỷ bỏ.",
            "The last act cannot be taken back",
            {"fact": last.entry.fact},
            way="conflict",
        )
    before = ledger[-2]
    quiet = case.workings.quiet
    workings = replace(
        before.workings, quiet=quiet, alarms=_alarms(before, case.petition), alarm_on=None
    )
    petition = replace(
        case.petition,
        last_on=before.entry.on,
        state=last.entry.before,
        workings=with_alarm(last.entry.before, workings, case.rules),
    )
    return petition, last, tuple(line.entry for line in ledger[:-1])


def _alarms(before: Line, petition: Petition) -> int:
    # What was said in this round stays said.
    same = before.entry.after is not None and before.entry.after.round == petition.state.round
    return max(before.workings.alarms, petition.workings.alarms if same else 0)


def restate(
    case: Case, command: CorrectCommand, ledger: tuple[Line, ...]
) -> tuple[Petition, int, tuple[PetitionEntry, ...], tuple[PetitionEntry, ...]]:
    """Return the petition put right, the sequence that was wrong, old and new entries.

    Raises Refusal `nothing_to_correct`, `no_outcome`, and those of `check_filing`.
    """
    wanted = command.corrected
    changes: dict[str, Any] = {
        name: value for name in _FILING if (value := getattr(wanted, name)) is not None
    }
    entries = tuple(line.entry for line in ledger)
    fixed = tuple(_with(entry, changes) for entry in entries)
    corrects = ledger[0].sequence
    if wanted.outcome is not None:
        place = _place_of_outcome(case.state, entries)
        fixed = _with_outcome(fixed, place, wanted)
        if not changes:
            corrects = ledger[place].sequence
    state = fixed[-1].after
    assert state is not None
    if fixed == entries:
        raise Refusal("nothing_to_correct", "Không có gì thay đổi.", "Nothing would change")
    check_filing(
        FileCommand(
            state.field, state.petitioner_kind, state.other_fields, state.entity, state.session
        )
    )
    return replace(case.petition, state=state), corrects, entries, fixed


def _with(entry: PetitionEntry, changes: dict[str, Any]) -> PetitionEntry:
    if not changes:
        return entry
    return entry.model_copy(
        update={
            "before": entry.before and entry.before.model_copy(update=changes),
            "after": entry.after and entry.after.model_copy(update=changes),
        }
    )


def _place_of_outcome(state: PetitionState, entries: tuple[PetitionEntry, ...]) -> int:
    if state.status not in {"answered", "resolved"}:
        raise Refusal(
            "no_outcome",
            "Kiến nghị chưa được trả lời nên chưa có kết quả để đính chính.",
            "It is not answered: there is no outcome to correct",
            way="conflict",
        )
    places = [
        n
        for n, e in enumerate(entries)
        if e.fact == "PetitionAnswered"
        or (e.before is not None and e.after is not None and e.before.outcome != e.after.outcome)
    ]
    return places[-1]


def _with_outcome(
    entries: tuple[PetitionEntry, ...], place: int, wanted: Corrected
) -> tuple[PetitionEntry, ...]:
    changes = {"outcome": wanted.outcome}
    first = entries[place]
    after = first.after and first.after.model_copy(update=changes)
    rest = tuple(_with(entry, changes) for entry in entries[place + 1 :])
    return (*entries[:place], first.model_copy(update={"after": after}), *rest)
