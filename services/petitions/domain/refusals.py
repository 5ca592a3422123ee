"""Why a command is refused, named for what the caller can do next."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

FactValue = str | int | None | Sequence[str]
Way = Literal["invalid", "forbidden", "absent", "conflict"]


class Refusal(Exception):
    """The rules refuse a command. `code` is stable; `way` says what the caller can do next.

    `invalid`: send something else; `forbidden`: somebody else may; `absent`: it is not here;
    `conflict`: look at the present state first. `facts` are what a program needs to go on. Nothing
    private stands in any part.
    """

    def __init__(
        self,
        code: str,
        vi: str,
        en: str,
        facts: Mapping[str, FactValue] | None = None,
        *,
        way: Way = "invalid",
    ) -> None:
        super().__init__(f"{code}: {en}")
        self.code: Final = code
        self.vi: Final = vi
        self.en: Final = en
        self.way: Final[Way] = way
        self.facts: Final[Mapping[str, FactValue]] = facts or {}
