"""What a file is, by its content: a closed list. It is never opened beyond what that needs."""

import codecs
import io
import unicodedata
import zipfile
from collections.abc import Mapping
from typing import Final

import puremagic

from services.petitions.domain.refusals import Refusal

PDF, JPEG, PNG, TXT = "application/pdf", "image/jpeg", "image/png", "text/plain"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT: Final = "application/vnd.oasis.opendocument.text"
ENDINGS: Final[Mapping[str, str]] = {
    PDF: ".pdf",
    JPEG: ".jpg",
    PNG: ".png",
    DOCX: ".docx",
    XLSX: ".xlsx",
    ODT: ".odt",
    TXT: ".txt",
}
_HEAD: Final = 4096
_BY_MAGIC: Final = (PDF, PNG, JPEG)
_ZIP: Final = b"PK\x03\x04"
_MOST_PARTS: Final = 5_000
_MOST_LISTING: Final = 1024 * 1024
# What a package says of its main part, and what says that it carries programs.
_MAIN_PARTS: Final = {
    b"wordprocessingml.document.main+xml": DOCX,
    b"spreadsheetml.sheet.main+xml": XLSX,
}
_PROGRAMS: Final = ("vbaproject.bin", "basic/", "scripts/", "activex", "macrosheets/")
_LONGEST_NAME: Final = 120


class Sniffer:
    """Is fed a file piece by piece and says at its end what it is.

    Refuses as soon as it can, with Refusal `attachment_type`. Keeps only a package (ZIP) whole,
    because its listing stands at its end; the door limits the size.
    """

    def __init__(self) -> None:
        self._head = b""
        self._kind: str | None = None
        self._package: list[bytes] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes) -> None:
        """Take the next octets. Raises Refusal `attachment_type`."""
        if self._kind is None:
            self._head += piece
            if len(self._head) < _HEAD:
                return
            piece, self._head = self._head, b""
            self._begin(piece)
        self._go_on(piece)

    def end(self) -> str:
        """Return the media type. Raises Refusal `attachment_type`, also for no octet at all."""
        if self._kind is None:
            self._begin(self._head)
            self._go_on(self._head)
        if self._kind == TXT:
            self._text(b"", final=True)
        if self._kind == "zip":
            return _package_type(b"".join(self._package))
        assert self._kind is not None
        return self._kind

    def _begin(self, head: bytes) -> None:
        self._kind = _kind_of(head)

    def _go_on(self, piece: bytes) -> None:
        if self._kind == "zip":
            self._package.append(piece)
        elif self._kind == TXT:
            self._text(piece)

    def _text(self, piece: bytes, *, final: bool = False) -> None:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            raise _refused() from None
        if any(unicodedata.category(c) == "Cc" and c not in "\n\r\t\f" for c in text):
            raise _refused()


def _kind_of(head: bytes) -> str:
    if not head:
        raise _refused()
    if head.startswith(_ZIP):
        return "zip"
    found = _named(head)
    for kind in _BY_MAGIC:
        if kind in found:
            return kind
    # Markup and scripts are text too, and are not what is meant by a text.
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
    if begin.startswith(b"<") or begin == b"#!" or b"\x00" in head:
        raise _refused()
    return TXT


def _named(head: bytes) -> set[str]:
    try:
        return {match.mime_type for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


def _package_type(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = package.namelist()
            if len(names) > _MOST_PARTS or any(_is_program(name) for name in names):
                raise _refused()
            if "[Content_Types].xml" in names:
                return _office_type(_part(package, "[Content_Types].xml"))
            if "mimetype" in names and _part(package, "mimetype").strip() == ODT.encode():
                return ODT
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError):
        pass
    raise _refused()


def _office_type(listing: bytes) -> str:
    if b"macroEnabled" in listing:
        raise _refused()
    for mark, kind in _MAIN_PARTS.items():
        if mark in listing:
            return kind
    raise _refused()


def _part(package: zipfile.ZipFile, name: str) -> bytes:
    # So much of it and no more, whatever its size is said to be.
    with package.open(name) as part:
        return part.read(_MOST_LISTING)


def _is_program(name: str) -> bool:
    lower = name.lower()
    return any(mark in lower for mark in _PROGRAMS if not mark.endswith("/")) or any(
        lower.startswith(mark) or f"/{mark}" in lower for mark in _PROGRAMS if mark.endswith("/")
    )


def safe_name(said: str | None, media_type: str) -> str:
    """Return a file's name without a path, controls or marks of direction, ending as its type."""
    last = (said or "").replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable())
    stem = kept.rsplit(".", 1)[0].strip(" .")[:_LONGEST_NAME].strip(" .")
    return (stem or "tep-dinh-kem") + ENDINGS[media_type]


def _refused() -> Refusal:
    kinds = ", ".join(ending[1:].upper() for ending in ENDINGS.values())
    return Refusal(
        "attachment_type",
        f"Chỉ nhận tệp {kinds}, không có macro; loại tệp xét theo nội dung.",
        f"Only {kinds} without macros are taken; what a file is, its content says",
        {"allowed": list(ENDINGS)},
    )
