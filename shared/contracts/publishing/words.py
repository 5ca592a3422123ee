"""What each published field says; beside the models, so that decoders do not carry prose.

`undescribed` and `unknown` are what the check asks: no field without words, no words without
a field.
"""

from collections.abc import Mapping
from typing import Any, Final

_EVENT: Final = {
    "subject": "Whom the event is about; the same as the record's key.",
    "sequence": "1, 2, 3 ... of this subject, without gaps.",
    "asserts": "Entries that stand from now on, in legal order (date, number); they chain.",
    "retracts": "Exact copies of entries asserted earlier that do not stand any more.",
    "state": "The subject as it stands now; null when its registration was voided.",
    "corrects": "The sequence of the event that this one puts right, else null.",
    "origin": "live, or backfill for history: that raises no alarm and no notification.",
    "cause": "An id common to the events of one act (a merger, an end and its branches'), or null.",
    "source": "Who said so.",
    "reason": "Why, in the words of whoever decided; null when nobody has to say.",
}
_ENTRY: Final = {
    "entry": "Number of the fact among the subject's; kept when the fact is asserted anew.",
    "fact": "The fact by which the state changed.",
    "on": "Legal date in Asia/Ho_Chi_Minh, 1900 to 2199, from which the change counts.",
    "before": "The subject before it, at the entry's place in legal order; null when it began.",
    "after": "The subject after it, at the entry's place in legal order; never null in version 1.",
}
_INTAKE: Final = {
    "code": "Tax code with its check digit; a dependent unit adds -001 to -999.",
    "on": "Legal date of the fact in Asia/Ho_Chi_Minh (the certificate's), 1900 to 2199.",
    "origin": "live, or backfill for an opening balance.",
    "reference": "Unique within the source; makes the fact happen once, by whatever door it comes.",
    "reason": "Why, where a reason is wanted.",
    "fact": "The same as in `ce_type`; may be left out.",
}
_REGISTERED: Final = {
    "name": "Registered name, NFC, without control characters.",
    "capital_vnd": "Registered capital in whole VND.",
    "commune": "Code of the commune or ward, 5 digits.",
    "industry": "Main line of business.",
}
_DETAILS: Final = {
    "name": "The name from now on, NFC, without control characters.",
    "legal_form": "The form of the enterprise from now on.",
    "commune": "Code of the commune or ward from now on.",
    "industry": "Main line of business from now on.",
}

FIELDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Event": _EVENT,
    "EntityEntry": {
        **_ENTRY,
        "by": "Of a registration: first, or by a reorganization; null for other facts.",
        "why": "Of an end: what ended it; null for other facts.",
    },
    "PetitionEntry": _ENTRY,
    "Source": {
        "system": "The system that reported the fact.",
        "reference": "That system's own reference, unique within it.",
    },
    "Industry": {
        "scheme": "The classification: VSIC of 2018 or of 2025.",
        "code": "The code in it, 2 to 5 digits; the first two give the section.",
    },
    "EntityState": {
        "kind": "Enterprise, one of the collective kinds, or a dependent unit.",
        "legal_form": "Form of an enterprise; of a collective its kind; null when dependent.",
        "name": "Registered name.",
        "status": "Status on the register; which ones count is a policy of the reader.",
        "capital_vnd": "Registered capital in whole VND; null for dependent units.",
        "commune": "Code of the commune or ward, 5 digits.",
        "industry": "Main line of business.",
        "registered_on": "Date of the first certificate; kept when it moves or comes back.",
        "parent": "Code of the unit it depends on; null when it does not depend.",
    },
    "PetitionState": {
        "status": "Where the case is; answered is not yet resolved.",
        "round": "1, and one more at each reopening.",
        "field": "Main field; it routes the petition.",
        "other_fields": "Further fields, whose agencies are asked to co-ordinate.",
        "agency": "The lead agency; null until one is assigned.",
        "co_agencies": "Agencies asked to co-ordinate.",
        "petitioner_kind": "What kind of petitioner; never who.",
        "entity": "Code of the entity it concerns, if one was named.",
        "session": "Id of the conference at which it was raised, else null.",
        "filed_on": "Legal date of filing.",
        "due_on": "Last day on the total clock.",
        "agency_due_on": "Last day on the lead agency's own clock; null without an agency.",
        "answered_on": "Date of this round's answer, else null.",
        "settled_on": "Date of this round's definitive settlement, else null.",
        "outcome": "How it ended; null while it is open.",
        "days_elapsed": "Working days on the total clock.",
    },
    "EnterpriseRegisteredIn": {**_INTAKE, **_REGISTERED, "legal_form": "Form of the enterprise."},
    "CooperativeRegisteredIn": {**_INTAKE, **_REGISTERED, "kind": "Kind of collective."},
    "BranchRegisteredIn": {
        **_INTAKE,
        **{k: v for k, v in _REGISTERED.items() if k != "capital_vnd"},
        "kind": "Kind of dependent unit.",
        "parent": "Code of the enterprise it depends on; its first ten digits.",
        "parent_seat": "Where the parent is seated: one in the province must be known here.",
    },
    "EntityMovedInIn": {
        **_INTAKE,
        **_REGISTERED,
        "kind": "Enterprise, or kind of collective.",
        "legal_form": "Form of an enterprise; absent for a collective.",
        "registered_on": "Date of the first certificate, wherever it was issued.",
    },
    "CapitalChangedIn": {**_INTAKE, "capital_vnd": "The new amount itself, in whole VND."},
    "EntitySuspendedIn": {**_INTAKE, "until": "Last day of the suspension, if it was set."},
    "DetailsChangedIn": {**_INTAKE, **_DETAILS},
    "EntityResumedIn": _INTAKE,
    "EntityNotAtAddressIn": _INTAKE,
    "EntityFoundAtAddressIn": _INTAKE,
    "CertificateRevokedIn": _INTAKE,
    "DissolutionStartedIn": _INTAKE,
    "BankruptcyOpenedIn": _INTAKE,
    "EntityDissolvedIn": {**_INTAKE, "why": "What ended it."},
    "EntityMovedOutIn": _INTAKE,
    "EntityReinstatedIn": _INTAKE,
    "RegistrationCorrectedIn": {
        **_INTAKE,
        **_DETAILS,
        "on": "The right date of the corrected fact; absent when it was right.",
        "corrects": "Sequence of the event whose fact, or correction of a fact, is put right.",
        "withdraw": "True when the fact never happened; not for the registration itself.",
        "capital_vnd": "The right amount, in whole VND; of a registration or a capital change.",
        "registered_on": "The right date of the first certificate; of a move in.",
        "until": "The right last day; of a suspension.",
        "why": "What really ended it; of an end.",
        "reason": "Why it was wrong.",
    },
    "RegistrationVoidedIn": {
        **_INTAKE,
        "on": "Date of the decision, for the record; it moves nothing.",
        "reason": "Why it should not have been issued.",
    },
    "EntitiesReorganizedIn": {
        **_INTAKE,
        "code": "The first of the predecessors; the record's key.",
        "kind": "What it is; by it, how many go in and come out, and who lives on.",
        "predecessors": "Codes of who goes in; whoever is no successor ends.",
        "successors": "Who comes out: who lives on, and who is registered by it.",
    },
    "SuccessorIn": {
        "code": "Tax code with its check digit.",
        "kind": "Of a new one: enterprise, or kind of collective.",
        "legal_form": "Of a new enterprise: its form.",
        "name": "Of a new one: registered name, NFC, without control characters.",
        "capital_vnd": "Registered capital after the act, in whole VND; absent: as before.",
        "commune": "Of a new one: code of the commune or ward, 5 digits.",
        "industry": "Of a new one: main line of business.",
    },
}


def describe(schema: dict[str, Any], words: Mapping[str, str]) -> None:
    """Put the words into a schema's properties, in place; the titles that only repeat names go."""
    for name, property_ in schema.get("properties", {}).items():
        property_.pop("title", None)
        if name in words:
            property_["description"] = words[name]


def words_of(title: str) -> Mapping[str, str]:
    """Return {field: words} of a model's title; whatever is no part of an event is an event."""
    return FIELDS.get(title, FIELDS["Event"])


def wordless(schema: dict[str, Any]) -> list[str]:
    """Return the fields of a schema, `Model.field`, that have no description."""
    parts = {schema.get("title", ""): schema, **schema.get("$defs", {})}
    return [
        f"{title}.{name}"
        for title, part in parts.items()
        for name, property_ in part.get("properties", {}).items()
        if not property_.get("description")
    ]
