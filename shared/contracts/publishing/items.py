"""What has a schema and an example: every event and version, every fact of the intake."""

from dataclasses import dataclass
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from shared.contracts.catalogue import EVENTS
from shared.contracts.intake import INTAKE_FACTS, intake_type
from shared.contracts.reorganizations import REORGANIZED, EntitiesReorganizedIn
from shared.contracts.topics import REGISTRY_INTAKE_TOPIC, Topic

Json = dict[str, Any]

# "read": strangers read it, so nothing may come that they were not told of.
# "written": strangers write it, so whatever they may write today stays allowed.
Direction = Literal["read", "written"]


@dataclass(frozen=True)
class Item:
    """One kind of record: the model of its data, its `ce_type`, the topic it travels on."""

    name: str
    version: int
    ce_type: str
    model: type[BaseModel]
    topic: Topic
    direction: Direction

    @property
    def folder(self) -> str:
        """The folder of its schema and examples: the topic's short name."""
        return short(self.topic)

    @property
    def stem(self) -> str:
        """The beginning of its file names, `EnterpriseRegistered.v1`."""
        return f"{self.name}.v{self.version}"

    @property
    def about(self) -> str:
        """What the record says, in one sentence."""
        return cleandoc(self.model.__doc__ or "")

    @property
    def headers_stem(self) -> str:
        """The schema of the headers that such a record has."""
        return "EventHeaders.v1" if self.direction == "read" else "IntakeHeaders.v1"


def short(topic: Topic) -> str:
    """Return a topic's short name: `caunoi.registry.events.v1` is `registry-events`."""
    return topic.name.removeprefix("caunoi.").removesuffix(".v1").replace(".", "-")


ITEMS: Final[tuple[Item, ...]] = (
    *(Item(s.name, s.version, s.type, s.model, s.topic, "read") for s in EVENTS),
    *(
        Item(fact, 1, intake_type(fact), model, REGISTRY_INTAKE_TOPIC, "written")
        for fact, model in INTAKE_FACTS.items()
    ),
    Item(
        REORGANIZED,
        1,
        intake_type(REORGANIZED),
        EntitiesReorganizedIn,
        REGISTRY_INTAKE_TOPIC,
        "written",
    ),
)


@dataclass(frozen=True)
class Tree:
    """The places of what is published, below the repository's root."""

    root: Path

    @property
    def contracts(self) -> Path:
        """The folder of the contract."""
        return self.root / "shared" / "contracts"

    @property
    def schemas(self) -> Path:
        """JSON Schemas, `<topic>/<Name>.v<major>.json`; generated."""
        return self.contracts / "schemas"

    @property
    def examples(self) -> Path:
        """Golden examples, `<topic>/<Name>.v<major>[.<case>].json`; written by hand."""
        return self.contracts / "examples"

    @property
    def asyncapi(self) -> Path:
        """The AsyncAPI document; generated."""
        return self.contracts / "asyncapi.json"

    @property
    def page(self) -> Path:
        """The page for people; generated."""
        return self.root / "docs" / "events.md"


HERE: Final = Tree(Path(__file__).resolve().parents[3])
