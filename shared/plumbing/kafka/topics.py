"""Topics, made on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.errors import for_code  # type: ignore[import-untyped]

_TOPIC_ALREADY_EXISTS = 36


class TopicRefused(Exception):
    """A topic exists in another shape, or the cluster would not make it. The message says why."""


@dataclass(frozen=True)
class TopicSpec:
    """What a topic must be. `retention_ms` None: kept for ever."""

    name: str
    partitions: int
    retention_ms: int | None
    replication: int = 1


async def ensure_topics(bootstrap: str, specs: Sequence[TopicSpec]) -> list[str]:
    """Make the topics that are missing; the names of those made now.

    Raises TopicRefused when an existing topic has another number of partitions, KafkaError when
    the cluster cannot be had.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="caunoi-topics")
    await admin.start()
    try:
        missing = await _missing(admin, specs)
        made = await _create(admin, missing) if missing else []
        # What another process made at the same moment is checked like what was there before.
        raced = [spec for spec in missing if spec.name not in made]
        await _missing(admin, raced)
        return made
    finally:
        await admin.close()


async def _missing(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> list[TopicSpec]:
    if not specs:
        return []
    existing = set(await admin.list_topics())
    present = [spec for spec in specs if spec.name in existing]
    described = await admin.describe_topics([s.name for s in present]) if present else []
    counts = {row["topic"]: len(row["partitions"]) for row in described}
    for spec in present:
        if counts.get(spec.name) != spec.partitions:
            raise TopicRefused(
                f"topic {spec.name} has {counts.get(spec.name)} partitions, not {spec.partitions}: "
                "a changed number of partitions is a new topic"
            )
    return [spec for spec in specs if spec.name not in existing]


async def _create(admin: AIOKafkaAdminClient, specs: Sequence[TopicSpec]) -> list[str]:
    answer = await admin.create_topics([_new_topic(spec) for spec in specs])
    made = []
    for name, code, *rest in answer.topic_errors:
        if code == 0:
            made.append(str(name))
        elif code != _TOPIC_ALREADY_EXISTS:
            detail = (rest[0] if rest else None) or for_code(code).description
            raise TopicRefused(f"topic {name} could not be made: {detail}")
    return made


def _new_topic(spec: TopicSpec) -> NewTopic:
    retention = -1 if spec.retention_ms is None else spec.retention_ms
    return NewTopic(
        spec.name,
        spec.partitions,
        spec.replication,
        topic_configs={
            "cleanup.policy": "delete",
            "retention.ms": str(retention),
            "retention.bytes": "-1",
            # With three replicas a record is acknowledged when two have it.
            "min.insync.replicas": "2" if spec.replication >= 3 else "1",
        },
    )
