"""A reorganization as it is reported: one act over several subjects.

Who goes in are the predecessors, who comes out the successors; whoever is both lives on. So the
capital moves by what the successors have less what the predecessors had.

By HTTP it is the body of `POST /v1/reorganizations`; on the intake topic a record under the code of
the first predecessor. The topic keeps the order of one subject's facts only: whoever reports an act
there waits for the answers to what it reported of the others before.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from shared.contracts.intake import Name, Reason, Reference
from shared.contracts.states import Industry, Model
from shared.contracts.values import (
    Commune,
    EnterpriseForm,
    EntityCode,
    LegalDate,
    Origin,
    ParentKind,
    Vnd,
    complaint,
)

ReorganizationKind = Literal["merger", "consolidation", "division", "separation"]
MOST_SUBJECTS = 50


class SuccessorIn(Model):
    """Who comes out: a new one with all its fields, or one that lives on, with a capital at most.

    `legal_form` is of an enterprise; `capital_vnd` in VND is the capital after the act.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    code: EntityCode
    kind: ParentKind | None = None
    legal_form: EnterpriseForm | None = None
    name: Name | None = None
    capital_vnd: Vnd | None = None
    commune: Commune | None = None
    industry: Industry | None = None

    @property
    def is_new(self) -> bool:
        """Whether it is registered by the act."""
        return self.name is not None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        whole = (self.name, self.commune, self.industry)
        given = [part is not None for part in whole]
        if any(given) != all(given) or (all(given) and self.capital_vnd is None):
            raise complaint(
                "successor_incomplete",
                "Đối tượng mới phải có tên, vốn, xã phường và ngành; đối tượng tiếp tục tồn tại "
                "chỉ có mã số và vốn.",
                "A new successor has name, capital_vnd, commune and industry; one that lives on "
                "has its code and capital_vnd alone",
            )
        is_enterprise = all(given) and (self.kind or "enterprise") == "enterprise"
        if is_enterprise != (self.legal_form is not None) or (self.kind and not all(given)):
            raise complaint(
                "form_misfit",
                "Chỉ doanh nghiệp mới thành lập mới có, và phải có, loại hình.",
                "A new enterprise, and nobody else, has a legal form",
            )
        return self


class _Act(Model):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: ReorganizationKind
    on: LegalDate
    origin: Origin = "live"
    reference: Reference
    reason: Reason | None = None
    predecessors: Annotated[
        tuple[EntityCode, ...], Field(strict=False, min_length=1, max_length=MOST_SUBJECTS)
    ]
    successors: Annotated[
        tuple[SuccessorIn, ...], Field(strict=False, min_length=1, max_length=MOST_SUBJECTS)
    ]


class ReorganizationIn(_Act):
    """Merger, consolidation, division or separation: one act, several subjects, all or nothing."""

    @property
    def code(self) -> str:
        """The first predecessor: under it the reference is kept."""
        return self.predecessors[0]


class EntitiesReorganizedIn(_Act):
    """Entities merged, consolidated, divided or separated: one act; `code` goes in first."""

    fact: Literal["EntitiesReorganized"] = "EntitiesReorganized"
    code: EntityCode

    @model_validator(mode="after")
    def _is_the_first(self) -> Self:
        if self.code != self.predecessors[0]:
            raise complaint(
                "not_first_predecessor",
                "code phải là đối tượng bị tổ chức lại đầu tiên.",
                "code must be the first of the predecessors",
            )
        return self

    def act(self) -> ReorganizationIn:
        """Return the act itself, as the HTTP door takes it."""
        return ReorganizationIn.model_validate(
            {name: getattr(self, name) for name in ReorganizationIn.model_fields}
        )


REORGANIZED: Final = "EntitiesReorganized"
"""The name of the act on the intake topic."""
