"""Whole lives in one file: every fact by a row, corrections and voidings by a line."""

import httpx
import orjson

from services.registry.app import Service
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import CODE, OTHER, change, enterprise
from tests.integration.registry.sheets import report, run, table
from tests.integration.registry.test_imports import MANY

HEADINGS = [
    "Mã số",
    "Loại biến động",
    "Ngày sự việc",
    "Tên doanh nghiệp",
    "Loại hình",
    "Vốn điều lệ (tỷ đồng)",
    "Xã/phường",
    "Ngành nghề (VSIC 2025)",
    "Ngày đăng ký lần đầu",
    "Tạm ngừng đến",
    "Hình thức chấm dứt",
]
NEW = ["Công ty Mẫu", "Công ty cổ phần", "10", "Phường Đông Kinh", "4711"]
MOVED, BANKRUPT = MANY[3], MANY[4]
LIVES = [
    [CODE, "Thành lập mới", "01/02/2024", *NEW],
    [CODE, "Thay đổi vốn", "01/03/2024", "", "", "12,5"],
    [CODE, "Thay đổi tên", "01/04/2024", "Công ty Mới"],
    [CODE, "Chuyển đổi loại hình", "02/04/2024", "", "TNHH MTV"],
    [CODE, "Tạm ngừng kinh doanh", "01/05/2024", *[""] * 6, "31/12/2024"],
    [CODE, "Trở lại hoạt động", "01/08/2024"],
    [CODE, "Không hoạt động tại địa chỉ đã đăng ký", "01/09/2024"],
    [CODE, "Hoạt động lại tại địa chỉ", "01/10/2024"],
    [CODE, "Thu hồi do cưỡng chế thuế", "01/11/2024"],
    [CODE, "Khôi phục", "01/12/2024"],
    [CODE, "Bắt đầu giải thể", "01/01/2025"],
    [CODE, "Chấm dứt", "01/02/2025", *[""] * 7, "Giải thể"],
    [MOVED, "Chuyển đến", "01/03/2024", *NEW, "05/06/2019"],
    [MOVED, "Chuyển đi tỉnh khác", "01/03/2025"],
    [BANKRUPT, "Thành lập mới", "01/02/2024", *NEW],
    [BANKRUPT, "Mở thủ tục phá sản", "01/03/2024"],
    [BANKRUPT, "Chấm dứt", "01/03/2025", *[""] * 7, "Phá sản"],
]


async def test_whole_lives_in_rows(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    body = table([HEADINGS, *LIVES])
    done = await run(http, service, body)
    assert done["counts"] == {"recorded": len(LIVES)}, await report(http, done)
    state = (await http.get(f"/v1/entities/{CODE}")).json()["state"]
    assert (state["status"], state["name"], state["legal_form"], state["capital_vnd"]) == (
        "ended",
        "Công ty Mới",
        "llc_one_member",
        12_500_000_000,
    )
    moved = (await http.get(f"/v1/entities/{MOVED}")).json()["state"]
    assert (moved["status"], moved["registered_on"]) == ("ended", "2019-06-05")
    types = [row[0] for row in await conn.fetch("SELECT type FROM event ORDER BY id")]
    # A suspension whose last day is past ends by it until its return is reported.
    assert len(types) == len(LIVES) + 1
    assert len(set(types)) == 13
    again = await run(http, service, body, again=True)
    assert again["counts"] == {"repeated": len(LIVES)}


async def test_a_file_of_one_kind_of_fact_needs_no_column_for_it(
    http: httpx.AsyncClient, service: Service
) -> None:
    await http.post("/v1/enterprises", json=enterprise())
    body = table([["Mã số", "Ngày thông báo", "Đến ngày"], [CODE, "01/06/2025", "01/12/2025"]])
    done = await run(http, service, body, fact="EntitySuspended")
    assert done["counts"] == {"recorded": 1}, await report(http, done)


async def test_lines_correct_and_void(http: httpx.AsyncClient, service: Service) -> None:
    lines = [
        enterprise(),
        {
            **change("RegistrationCorrected", "2025-03-12", "R-2", corrects=1, reason="Nhầm ngày"),
            "code": CODE,
            "capital_vnd": 5,
        },
        enterprise(OTHER, "R-3"),
        {"fact": "RegistrationVoided", "code": OTHER, "reference": "R-4", "reason": "Cấp nhầm"},
        {"fact": "RegistrationVoided", "code": OTHER, "reference": "R-5", "reason": "Cấp nhầm"},
    ]
    body = b"\n".join(orjson.dumps(line) for line in lines)
    done = await run(http, service, body, "application/x-ndjson")
    found = [r["result"] for r in await report(http, done)]
    assert found[:4] == ["recorded"] * 4
    assert done["rejected"] == 1
    state = (await http.get(f"/v1/entities/{CODE}")).json()["state"]
    assert (state["capital_vnd"], state["registered_on"]) == (5, "2025-03-12")
    assert (await http.get(f"/v1/entities/{OTHER}")).status_code == 410
