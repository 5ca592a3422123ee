"""The catalogue of topics. A changed number of partitions is a new topic."""

from dataclasses import dataclass
from typing import Final, Literal

DAYS_30_MS: Final = 30 * 24 * 3600 * 1000
Owner = Literal["registry", "petitions", "analytics"]


@dataclass(frozen=True)
class Topic:
    """A topic: `retention_ms` None keeps for ever; `key` names what decides the partition."""

    name: str
    owner: Owner
    key: str
    partitions: int
    retention_ms: int | None
    about: str


REGISTRY_EVENTS_TOPIC: Final = Topic(
    "caunoi.registry.events.v1", "registry", "entity code", 12, None, "The life of every entity"
)
REGISTRY_INTAKE_TOPIC: Final = Topic(
    "caunoi.registry.intake.v1",
    "registry",
    "entity code",
    12,
    DAYS_30_MS,
    "Facts that upstream systems report; access is restricted",
)
REGISTRY_REJECTED_TOPIC: Final = Topic(
    "caunoi.registry.rejected.v1",
    "registry",
    "entity code",
    3,
    DAYS_30_MS,
    "Refused intake records, whole, with code and reason; access is restricted",
)
PETITION_EVENTS_TOPIC: Final = Topic(
    "caunoi.petitions.events.v1",
    "petitions",
    "petition id",
    12,
    None,
    "The life of every petition, without texts and persons",
)
ANALYTICS_EVENTS_TOPIC: Final = Topic(
    "caunoi.analytics.events.v1", "analytics", "indicator", 1, None, "Milestones of the plan"
)
TOPICS: Final = (
    REGISTRY_EVENTS_TOPIC,
    REGISTRY_INTAKE_TOPIC,
    REGISTRY_REJECTED_TOPIC,
    PETITION_EVENTS_TOPIC,
    ANALYTICS_EVENTS_TOPIC,
)


def topics_of(owner: Owner) -> tuple[Topic, ...]:
    """Return the topics that a service creates."""
    return tuple(topic for topic in TOPICS if topic.owner == owner)
