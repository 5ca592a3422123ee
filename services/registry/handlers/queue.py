"""Records that came before their parent: in the order of arrival, family by family."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from services.registry.domain import fact_of, root_of
from services.registry.handlers.work import Request
from services.registry.store.parked import WaitingRecord
from shared.contracts.intake import INTAKE_FACTS


class Queue:
    """What waits in the families that are locked. `stored` are rows, `added` are new."""

    def __init__(self, stored: Iterable[WaitingRecord]) -> None:
        self.done: list[int] = []
        self._families: defaultdict[str, list[WaitingRecord]] = defaultdict(list)
        for waiting in stored:
            self._families[waiting.root].append(waiting)

    @property
    def added(self) -> list[WaitingRecord]:
        """What has to be stored, in order of arrival within each family."""
        return [w for family in self._families.values() for w in family if w.id == 0]

    def holds(self, code: str) -> bool:
        """Whether something of this subject waits: what follows must wait behind it."""
        return any(w.code == code for w in self._families.get(root_of(code), ()))

    def add(self, request: Request) -> None:
        """Let a request wait. It came by the topic."""
        assert request.record is not None
        waiting = WaitingRecord(
            0,
            root_of(request.code),
            request.code,
            request.system,
            request.reported.model_dump_json(),
            request.traceparent,
            request.record,
        )
        self._families[waiting.root].append(waiting)

    def release(self, root: str) -> Iterator[Request]:
        """Take everything out that waits in a family, in order of arrival."""
        for waiting in self._families.pop(root, []):
            if waiting.id:
                self.done.append(waiting.id)
            yield request_of(waiting)


def request_of(waiting: WaitingRecord) -> Request:
    """Return the request that waits in a stored row."""
    model = INTAKE_FACTS[json.loads(waiting.reported)["fact"]]
    reported = model.model_validate_json(waiting.reported)
    return Request(reported, waiting.system, fact_of(reported), waiting.traceparent, waiting.record)
