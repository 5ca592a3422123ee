"""First registrations of subjects that stand alone, without building the published models.

An import registers a hundred thousand subjects. What is read, compared and written here is what
the contract's model, `digest_of`, `begin` and `event_bytes` make of the same fields, octet by
octet, which laws hold; whatever is not plain is left to them.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

import msgspec

from services.registry.domain.facts import Fact, Sets
from shared.contracts.intake import INTAKE_FACTS, IntakeFact
from shared.contracts.values import (
    COLLECTIVE_KINDS,
    ENTERPRISE_FORMS,
    FIRST_YEAR,
    LAST_YEAR,
    MAX_CAPITAL_VND,
)

_FORM_FIELD: Final = {"EnterpriseRegistered": "legal_form", "CooperativeRegistered": "kind"}
_FORMS: Final = {
    "EnterpriseRegistered": ENTERPRISE_FORMS,
    "CooperativeRegistered": COLLECTIVE_KINDS,
}
_NEEDED: Final = frozenset(
    {"fact", "code", "on", "origin", "name", "capital_vnd", "commune", "industry"}
)
_CODE: Final = re.compile(r"[0-9]{2}(?!0{7})[0-9]{8}")
_GROUP_CODE: Final = re.compile(r"THT-[0-9A-Z]{10}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_COMMUNE: Final = re.compile(r"[0-9]{5}")
_INDUSTRY: Final = re.compile(r"[0-9]{2,5}")
_SCHEMES: Final = ("vsic2018", "vsic2025")
# What three digits at their place weigh together: a look into a table instead of nine products.
_WEIGHED: Final = tuple(
    {f"{n:03}": n // 100 * first + n // 10 % 10 * second + n % 10 * third for n in range(1_000)}
    for first, second, third in ((31, 29, 23), (19, 17, 13), (7, 5, 3))
)
# Of 10 - sum mod 11: a remainder of 0 would be 10, which no digit is.
_CHECK_DIGITS: Final = (None, *"9876543210")
_DERIVED: Final = "IMP-"
_encode = msgspec.json.Encoder().encode


class First(msgspec.Struct, frozen=True, gc=False):
    """A first registration as somebody reported it.

    `fact` is numbered already, as its subject's first; `tail` is the JSON of what it registers,
    from the capital on; `digest` is that of the intake record.
    """

    code: str
    fact: Fact
    reference: str
    digest: bytes
    origin: str
    reason: str | None
    tail: str

    def reported(self) -> IntakeFact:
        """Return the contract's model, for whoever has to decide by the long way."""
        sets = self.fact.sets
        fields: dict[str, Any] = {
            "code": self.code,
            "on": self.fact.on.isoformat(),
            "origin": self.origin,
            "reference": self.reference,
            "reason": self.reason,
            "name": sets.name,
            "capital_vnd": sets.capital_vnd,
            "commune": sets.commune,
            "industry": {"scheme": sets.industry_scheme, "code": sets.industry_code},
            _FORM_FIELD[self.fact.name]: sets.legal_form,
        }
        return INTAKE_FACTS[self.fact.name].model_validate(fields)

    def event(self, system: str) -> bytes:
        """Return the data of the event by which the subject is registered.

        `system` is the source of the reference.
        """
        fact, on = self.fact, self.fact.on.isoformat()
        sets = fact.sets
        state = (
            f'{{"kind":"{sets.kind}","legal_form":"{sets.legal_form}","name":{_text(sets.name)},'
            f'"status":"active",{self.tail},"registered_on":"{on}","parent":null}}'
        )
        return (
            f'{{"subject":"{self.code}","sequence":1,"asserts":[{{"entry":1,"fact":"{fact.name}",'
            f'"on":"{on}","by":"first","before":null,"after":{state}}}],"retracts":[],'
            f'"state":{state},"corrects":null,"origin":"{self.origin}","cause":null,"source":'
            f'{{"system":{_text(system)},"reference":{_text(self.reference)}}},'
            f'"reason":{_text(self.reason)}}}'
        ).encode()


def first_of(fields: Mapping[str, Any]) -> First | None:
    """Return the plain first registration that the fields of an intake record say, else None.

    None says nothing about the fields: the model is to judge them. Without a `reference` one is
    derived as `derived_reference` does.
    """
    name = fields.get("fact")
    form_field = _FORM_FIELD.get(name) if isinstance(name, str) else None
    if form_field is None:
        return None
    form, code, on = fields.get(form_field), fields.get("code"), _day(fields.get("on"))
    more = len(fields) - len(_NEEDED) - 1 - ("reference" in fields) - ("reason" in fields)
    if more or on is None or not fields.keys() >= _NEEDED:
        return None
    industry, capital = fields["industry"], fields["capital_vnd"]
    if not (
        _is_code(code)
        and isinstance(form, str)
        and form in _FORMS[str(name)]
        and fields["origin"] in ("live", "backfill")
        and type(capital) is int
        and 0 <= capital <= MAX_CAPITAL_VND
        and _fits(_COMMUNE, fields["commune"])
        and _is_industry(industry)
        and is_clean(fields["name"], 500)
        and ("reason" not in fields or is_clean(fields["reason"], 2000))
        and ("reference" not in fields or is_clean(fields["reference"], 200))
    ):
        return None
    return _made(fields, str(name), str(form), on)


def _made(fields: Mapping[str, Any], name: str, form: str, on: date) -> First:
    code, origin, reason = fields["code"], fields["origin"], fields.get("reason")
    capital, commune, industry = fields["capital_vnd"], fields["commune"], fields["industry"]
    day, scheme, line = on.isoformat(), industry["scheme"], industry["code"]
    tail = (
        f'"capital_vnd":{capital},"commune":"{commune}",'
        f'"industry":{{"scheme":"{scheme}","code":"{line}"}}'
    )
    said_tail = f'"name":{_text(fields["name"])},{tail}'
    why = "" if reason is None else f'"reason":{_text(reason)},'
    head = f'"code":"{code}","on":"{day}",'
    field = _FORM_FIELD[name]
    reference = fields.get("reference")
    if reference is None:
        # As `derived_reference`.
        said = f'{{{head}"reason":{_text(reason)},"fact":"{name}","{field}":"{form}",{said_tail}}}'
        reference = _DERIVED + hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
    # As `digest_of`: what is as ever is left out.
    how = "" if origin == "live" else f'"origin":"{origin}",'
    kind = "" if (field, form) == ("kind", "cooperative") else f'"{field}":"{form}",'
    said = f'{name}In {{{head}{how}"reference":{_text(reference)},{why}{kind}{said_tail}}}'
    digest = hashlib.blake2b(said.encode(), digest_size=16).digest()
    sets = Sets(
        kind="enterprise" if name == "EnterpriseRegistered" else form,  # type: ignore[arg-type]
        legal_form=form,  # type: ignore[arg-type]
        name=fields["name"],
        capital_vnd=capital,
        commune=commune,
        industry_scheme=scheme,
        industry_code=line,
    )
    fact = Fact(1, name, on, by="first", sets=sets)  # type: ignore[arg-type]
    return First(code, fact, reference, digest, origin, reason, tail)


def derived_reference(reported: IntakeFact) -> str:
    """Return the reference of a report that came without one.

    Of what the row says and of nothing else: the same row in another file, at another place or in
    another format is the same fact.
    """
    said = reported.__pydantic_serializer__.to_json(reported, exclude={"reference", "origin"})
    return _DERIVED + hashlib.blake2b(said, digest_size=16).hexdigest()


def is_clean(text: object, most: int) -> bool:
    """Say whether a text passes the contract's cleaning unchanged: at most `most` letters."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= most
        and text.isprintable()
        and text[0] != " " != text[-1]
        # Other spaces than this one are not printable.
        and unicodedata.is_normalized("NFC", text)
    )


def _is_code(code: object) -> bool:
    """Say whether a code is a valid one of ten digits or a group's own; others are not judged."""
    if not isinstance(code, str):
        return False
    if not _CODE.fullmatch(code):
        return _GROUP_CODE.fullmatch(code) is not None
    total = _WEIGHED[0][code[:3]] + _WEIGHED[1][code[3:6]] + _WEIGHED[2][code[6:9]]
    return bool(_CHECK_DIGITS[total % 11] == code[9])


def _is_industry(industry: object) -> bool:
    return (
        isinstance(industry, dict)
        and len(industry) == 2
        and industry.get("scheme") in _SCHEMES
        and _fits(_INDUSTRY, industry.get("code"))
    )


def _fits(pattern: re.Pattern[str], text: object) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _day(text: object) -> date | None:
    return _read_day(text) if isinstance(text, str) else None


@lru_cache(maxsize=4_096)
def _read_day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def _text(text: str | None) -> str:
    return _encode(text).decode()
