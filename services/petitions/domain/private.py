"""What never leaves this service: the text of a petition and the person behind it."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from services.petitions.domain.refusals import Refusal

_NOT_A_DIGIT: Final = re.compile(r"\D")
# Shorter runs of digits are found in honest numbers of documents.
_TELLING_DIGITS: Final = 8
_TELLING_LETTERS: Final = 4


@dataclass(frozen=True)
class Petitioner:
    """The person or the organisation's contact. Its repr shows nothing: it may end in a log."""

    name: str = field(repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Private:
    """Title, text and petitioner. Its repr shows nothing."""

    title: str = field(repr=False)
    text: str = field(repr=False)
    petitioner: Petitioner = field(repr=False)


def check_public(private: Private, *public: str | None) -> None:
    """Pass when what will be published does not repeat the person.

    A reference or a session is free text of the sender and goes into every event. Raises Refusal
    `private_in_public` when one holds the petitioner's name, e-mail or telephone number.
    """
    check_person(private.petitioner, *public)


def check_person(person: Petitioner, *public: str | None) -> None:
    """Pass as `check_public` does, of a person without the text."""
    words = [w.casefold() for w in (person.name, person.email) if w and len(w) >= _TELLING_LETTERS]
    phone = _NOT_A_DIGIT.sub("", person.phone or "")[-_TELLING_DIGITS:]
    for value in filter(None, public):
        folded, digits = value.casefold(), _NOT_A_DIGIT.sub("", value)
        named = any(word in folded for word in words)
        if named or (len(phone) == _TELLING_DIGITS and phone in digits):
            raise Refusal(
                "private_in_public",
                "Mã tham chiếu hoặc mã hội nghị chứa thông tin cá nhân của người kiến nghị.",
                "The reference or the session holds personal data of the petitioner",
            )


def tracking_code_of(secret: str) -> str:
    """Return a tracking code from a fresh random secret: 80 bits, letters and digits in fours."""
    code = base64.b32encode(hashlib.sha256(secret.encode()).digest()).decode()[:16]
    return "-".join(code[n : n + 4] for n in range(0, 16, 4))
