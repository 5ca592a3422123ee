"""The rules of the registry, pure: standing facts and a new one give events, or a refusal."""

from services.registry.domain.checks import Circumstances, root_of
from services.registry.domain.decide import Decision, Register, act, decide, event_bytes
from services.registry.domain.facts import Fact, Sets, fact_of, facts_from_json, facts_to_json
from services.registry.domain.refusals import Refusal, reference_conflict
from services.registry.domain.subject import Subject, difference, load, replay
from services.registry.domain.transitions import TRANSITIONS

__all__ = [
    "TRANSITIONS",
    "Circumstances",
    "Decision",
    "Fact",
    "Refusal",
    "Register",
    "Sets",
    "Subject",
    "act",
    "decide",
    "difference",
    "event_bytes",
    "fact_of",
    "facts_from_json",
    "facts_to_json",
    "load",
    "reference_conflict",
    "replay",
    "root_of",
]
