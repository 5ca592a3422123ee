"""Acting: whatever a door was asked gives events, or a refusal."""

from services.registry.domain.checks import Circumstances, root_of
from services.registry.domain.commands import Command, Correction, Reorganization, Voiding
from services.registry.domain.corrections import correct, void
from services.registry.domain.decide import Register, happen
from services.registry.domain.facts import Fact
from services.registry.domain.record import Decision
from services.registry.domain.reorganize import reorganize
from services.registry.domain.transitions import TRANSITIONS

_REACHES_UNITS = frozenset({"EntityDissolved", "EntityReinstated"})


def act(
    register: Register, code: str, command: Command, world: Circumstances, cause: str
) -> tuple[Decision, ...]:
    """Decide everything that a command about `code` brings about, in the order of its events.

    `cause` is a fresh id for the events of an act over several subjects. Raises Refusal when any
    part is not allowed: then nothing happens.
    """
    match command:
        case Correction():
            return correct(register, code, command, world)
        case Voiding():
            return void(register, code)
        case Reorganization():
            return reorganize(register, command, world, cause)
        case _:
            return happen(register, code, command, world, cause)


def roots_begun(code: str, command: Command) -> tuple[str, ...]:
    """Return the families that a command would begin: units may have waited for them."""
    match command:
        case Fact():
            row = TRANSITIONS.get(command.name)
            begins = row is not None and row.begins and command.sets.parent is None
            return (root_of(code),) if begins else ()
        case Reorganization():
            return tuple(root_of(one.code) for one in command.successors if one.sets is not None)
        case _:
            return ()


def parents_in(code: str, command: Command) -> tuple[str, ...]:
    """Return the subjects whose units a command may reach."""
    match command:
        case Fact():
            return (code,) if command.name in _REACHES_UNITS else ()
        case Reorganization():
            return command.predecessors
        case _:
            return (code,)


def codes_in(code: str, command: Command) -> tuple[str, ...]:
    """Return the subjects that a command names."""
    return command.codes if isinstance(command, Reorganization) else (code,)
