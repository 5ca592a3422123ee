"""The rules of the registry, pure: standing facts and a new one give events, or a refusal."""

from services.registry.domain.act import act, codes_in, parents_in, roots_begun
from services.registry.domain.checks import Circumstances, root_of
from services.registry.domain.commands import (
    Command,
    Correction,
    Reorganization,
    Voiding,
    fact_of,
    reorganization_of,
)
from services.registry.domain.decide import Register
from services.registry.domain.facts import Fact, Sets, facts_from_json, facts_to_json
from services.registry.domain.record import TIMER, Decision, event_bytes, expire
from services.registry.domain.refusals import Refusal, reference_conflict
from services.registry.domain.subject import Subject, difference, load, replay
from services.registry.domain.transitions import TRANSITIONS

__all__ = [
    "TIMER",
    "TRANSITIONS",
    "Circumstances",
    "Command",
    "Correction",
    "Decision",
    "Fact",
    "Refusal",
    "Register",
    "Reorganization",
    "Sets",
    "Subject",
    "Voiding",
    "act",
    "codes_in",
    "difference",
    "event_bytes",
    "expire",
    "fact_of",
    "facts_from_json",
    "facts_to_json",
    "load",
    "parents_in",
    "reference_conflict",
    "reorganization_of",
    "replay",
    "root_of",
    "roots_begun",
]
