"""One shape for every refusal: RFC 9457 problem details, in Vietnamese and in English."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)


class Problem(Exception):
    """A refusal that its reader can act upon.

    `code` is a stable machine name; `status` the HTTP status it is answered with; titles say the
    kind of problem, details this very case; `facts` are the values a program needs to react;
    `headers` are added to an HTTP answer (Retry-After, WWW-Authenticate).
    """

    def __init__(
        self,
        code: str,
        status: int,
        *,
        title_vi: str,
        title_en: str,
        detail_vi: str = "",
        detail_en: str = "",
        facts: Mapping[str, JsonValue] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail_en or title_en}")
        self.code = code
        self.status = status
        self.title_vi = title_vi
        self.title_en = title_en
        self.detail_vi = detail_vi or title_vi
        self.detail_en = detail_en or title_en
        self.facts: Mapping[str, JsonValue] = facts or {}
        self.headers: Mapping[str, str] = headers or {}

    def to_json(self, instance: str | None = None) -> dict[str, JsonValue]:
        """The problem document. `instance` names this occurrence, where it has a name."""
        document: dict[str, JsonValue] = {
            "type": f"urn:caunoi:problem:{self.code}",
            "code": self.code,
            "status": self.status,
            "title": self.title_vi,
            "title_en": self.title_en,
            "detail": self.detail_vi,
            "detail_en": self.detail_en,
        }
        if self.facts:
            document["facts"] = dict(self.facts)
        if instance is not None:
            document["instance"] = instance
        return document
