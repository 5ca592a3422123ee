"""Files: what they are by content, how many, how large, for whom, and how they come out."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator

import httpx
import pytest

from services.petitions.domain.files import DOCX, ODT, XLSX
from shared.plumbing.clock import FixedClock
from shared.plumbing.postgres import Connection
from tests.integration.petitions.bodies import As, assigned, file, problem

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + b"\x00" * 64
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 64
MAIN = '<Types><Override ContentType="application/vnd.openxmlformats-officedocument.{}"/></Types>'


def package(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr({"types": "[Content_Types].xml"}.get(name, name), content)
    return out.getvalue()


TAKEN = {
    "application/pdf": PDF,
    "image/jpeg": JPEG,
    "image/png": PNG,
    DOCX: package(types=MAIN.format("wordprocessingml.document.main+xml")),
    XLSX: package(types=MAIN.format("spreadsheetml.sheet.main+xml")),
    ODT: package(mimetype=ODT, content="x"),
    "text/plain": "Kính gửi: Sở Tài chính\n".encode(),
}
REFUSED = {
    "a program": b"MZ\x90\x00" + b"\x00" * 200,
    "a page": b"<html><script>alert(1)</script></html>",
    "a drawing that runs": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "any archive": package(a="x"),
    "a document with macros": package(
        types=MAIN.format("wordprocessingml.document.main+xml"), **{"word/vbaProject.bin": "x"}
    ),
    "a torn archive": TAKEN[DOCX][:-30],
    "text with controls": b"abc\x00def",
    "text of another encoding": "Kính gửi".encode("utf-16"),
    "nothing": b"",
}


async def send(
    as_: As,
    petition_id: str,
    content: bytes | AsyncIterator[bytes],
    by: str = "portal",
    name: str | None = None,
    kind: str = "application/octet-stream",
) -> httpx.Response:
    headers = {"content-type": kind}
    if name is not None:
        headers["content-disposition"] = name
    return await as_(by).post(
        f"/v1/petitions/{petition_id}/attachments", content=content, headers=headers
    )


@pytest.mark.parametrize("kind", TAKEN)
async def test_what_is_taken_comes_back_as_it_was_and_as_a_download(as_: As, kind: str) -> None:
    petition_id = await assigned(as_)
    # Whatever the sender says of it, its content decides.
    sent = await send(as_, petition_id, TAKEN[kind], kind="image/png")
    assert sent.status_code == 201, sent.text
    assert sent.json()["media_type"] == kind
    assert sent.json()["sha256"] == hashlib.sha256(TAKEN[kind]).hexdigest()
    got = await as_("STC").get(sent.headers["location"])
    assert got.status_code == 200
    assert got.content == TAKEN[kind]
    assert got.headers["content-type"].split(";")[0] == kind
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "no-store" in got.headers["cache-control"]


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_refused_leaves_nothing_behind(as_: As, sql: Connection, what: str) -> None:
    petition_id = await assigned(as_)
    answer = await send(as_, petition_id, REFUSED[what], kind="application/pdf")
    assert problem(answer, 422) == "attachment_type"
    assert await sql.fetchval("SELECT count(*) FROM attachment") == 0


async def test_a_large_file_goes_in_and_out_in_chunks(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    content = PDF + b"0123456789abcdef" * 200_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 10_000):
            yield content[start : start + 10_000]

    sent = await send(as_, petition_id, pieces())
    assert sent.status_code == 201, sent.text
    assert await sql.fetchval("SELECT count(*) FROM attachment_chunk") > 10
    assert await sql.fetchval("SELECT max(octet_length(octets)) FROM attachment_chunk") == 262_144
    assert (await as_("STC").get(sent.headers["location"])).content == content


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_over_the_limit_is_refused(
    as_: As, sql: Connection, *, announced: bool
) -> None:
    petition_id = await assigned(as_)
    content = PDF + b"x" * (10 * 1024 * 1024)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    answer = await send(as_, petition_id, content if announced else pieces())
    assert problem(answer, 413) == "body_too_large"
    assert await sql.fetchval("SELECT count(*) FROM attachment") == 0


async def test_a_petition_has_ten_files_however_many_come_at_once(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    answers = await asyncio.gather(
        *(send(as_, petition_id, f"Tệp {n}".encode()) for n in range(14))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 4
    assert await sql.fetchval("SELECT count(*) FROM attachment") == 10


async def test_the_same_content_again_is_the_same_file(as_: As, sql: Connection) -> None:
    petition_id = await assigned(as_)
    first = await send(as_, petition_id, PDF, name="attachment; filename=a.pdf")
    again = await send(as_, petition_id, PDF, name="attachment; filename=b.pdf")
    assert (again.status_code, again.json()) == (200, first.json() | {"repeated": True})
    assert await sql.fetchval("SELECT count(*) FROM attachment") == 1


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("attachment; filename*=UTF-8''%C4%90%C6%A1n.exe", "Đơn.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd.pdf"),
        ('attachment; filename="C:\\\\tmp\\\\x.docx"', "x.pdf"),
        ("attachment; filename*=UTF-8''a%E2%80%AEfdp.exe", "afdp.pdf"),
        ("nonsense ;;; ==", "tep-dinh-kem.pdf"),
        (None, "tep-dinh-kem.pdf"),
    ],
)
async def test_a_name_is_only_a_name(as_: As, said: str | None, kept: str) -> None:
    petition_id = await assigned(as_)
    sent = await send(as_, petition_id, PDF, name=said)
    assert sent.json()["name"] == kept
    got = await as_("STC").get(sent.headers["location"])
    assert "\n" not in got.headers["content-disposition"]


async def test_files_are_for_those_who_may_read_the_text(as_: As) -> None:
    petition_id = await assigned(as_)
    sent = await send(as_, petition_id, PDF)
    where = sent.headers["location"]
    assert (await as_("STC").get(where)).status_code == 200
    listing = f"/v1/petitions/{petition_id}/attachments"
    for url in (where, listing):
        assert problem(await as_("SNNMT").get(url), 403) == "not_yours"
        assert problem(await as_("portal").get(url), 403) == "forbidden"
        assert problem(await as_("").get(url), 401) == "unauthenticated"
    assert problem(await send(as_, petition_id, PNG, by="portal-2"), 403) == "not_yours"
    assert problem(await send(as_, petition_id, PNG, by="SNNMT"), 403) == "not_yours"
    assert (await send(as_, petition_id, PNG, by="STC")).status_code == 201
    assert len((await as_("STC").get(listing)).json()["items"]) == 2


async def test_a_file_of_another_petition_is_not_found(as_: As) -> None:
    one, other = await assigned(as_), await assigned(as_, reference="PA-2")
    sent = (await send(as_, one, PDF)).json()
    answer = await as_("STC").get(f"/v1/petitions/{other}/attachments/{sent['id']}")
    assert problem(answer, 404) == "unknown_attachment"
    assert problem(await send(as_, "KN-2026-999999", PDF), 404) == "unknown_petition"


async def test_what_never_came_whole_is_cleared_away(
    as_: As, sql: Connection, clock: FixedClock
) -> None:
    filed = await file(as_)
    await sql.execute(
        "INSERT INTO attachment (id, petition_id, name, sent_by, begun_at)"
        " VALUES (gen_random_uuid(), $1, '?', 'portal', $2::timestamptz - interval '2 hours')",
        filed["id"],
        clock.now(),
    )
    await send(as_, filed["id"], PDF)
    assert await sql.fetchval("SELECT count(*) FROM attachment") == 1
