"""All events by type name and topic: what a producer may write and a reader must know."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from shared.contracts.envelope import TYPE_PREFIX, Event
from shared.contracts.petitions import PETITION_EVENTS
from shared.contracts.registry import REGISTRY_EVENTS
from shared.contracts.topics import PETITION_EVENTS_TOPIC, REGISTRY_EVENTS_TOPIC, Topic


@dataclass(frozen=True)
class EventSpec:
    """One event and version: its `ce_type`, the model of its data, the topic it travels on."""

    name: str
    version: int
    model: type[Event[Any, Any]]
    topic: Topic

    @property
    def type(self) -> str:
        """The `ce_type`."""
        return f"{TYPE_PREFIX}{self.name}.v{self.version}"

    @property
    def about(self) -> str:
        """What the event says, in one sentence."""
        return (self.model.__doc__ or "").strip()


EVENTS: Final[tuple[EventSpec, ...]] = (
    *(EventSpec(model.__name__, 1, model, REGISTRY_EVENTS_TOPIC) for model in REGISTRY_EVENTS),
    *(EventSpec(model.__name__, 1, model, PETITION_EVENTS_TOPIC) for model in PETITION_EVENTS),
)
BY_TYPE: Final = {spec.type: spec for spec in EVENTS}


def event_type(name: str, version: int = 1) -> str:
    """Return the `ce_type` of an event's name."""
    return f"{TYPE_PREFIX}{name}.v{version}"


class Refused(Exception):
    """A record is not in the contract; `code` is stable, `detail` is for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


def parse(ce_type: str, value: bytes, topic: str | None = None) -> Event[Any, Any]:
    """Parse an event's data by the contract.

    Raises Refused: `unknown_type` (also: a type of another topic), `invalid_data`.
    """
    spec = BY_TYPE.get(ce_type)
    if spec is None or (topic is not None and spec.topic.name != topic):
        raise Refused("unknown_type", ce_type[:200])
    try:
        return spec.model.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused("invalid_data", f"{where}: {first['msg']}"[:500]) from error
