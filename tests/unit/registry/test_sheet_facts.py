"""Every fact that upstream can report has its words, and says what a line of JSON says."""

from typing import Any, get_args

import pytest

from services.registry.api.imports import FactName
from services.registry.domain.sheets import Options, RowReader, find_columns, plain
from services.registry.domain.sheets.words import FACTS, LINES_ONLY, VAGUE_FACTS
from shared.contracts.intake import INTAKE_FACTS

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
    "Đơn vị chủ quản",
    "Trụ sở đơn vị chủ quản",
    "Số hồ sơ",
]
READER = RowReader(Options(), {"05977": "Phường Đông Kinh", "05983": "Phường Lương Văn Tri"})
CODE = "4900000017"
BRANCH = f"{CODE}-001"
COMMON = {"on": "2025-03-10", "origin": "backfill", "reference": "HS-1"}
PLACE = {"commune": "05977", "industry": {"scheme": "vsic2025", "code": "4711"}}
NAMED = {"name": "Mẫu", **PLACE}


def row(code: str, fact: str, **cells: str) -> list[str]:
    """Return the cells of a row under HEADINGS; what is not given is empty."""
    given = {"Mã số": code, "Loại biến động": fact, "Ngày sự việc": "10/03/2025", **cells}
    return [given.get(heading.split(" (")[0], "") for heading in HEADINGS[:-1]] + ["HS-1"]


WHERE = {"Xã/phường": "Đông Kinh", "Ngành nghề": "4711"}
WHO = {"Tên doanh nghiệp": "Mẫu", **WHERE}
MOVED = {**WHO, "Vốn điều lệ": "1,5", "Ngày đăng ký lần đầu": "01/02/2020"}
ROWS: list[tuple[list[str], dict[str, Any]]] = [
    (
        row(CODE, "Thành lập mới", **WHO, **{"Loại hình": "CTCP", "Vốn điều lệ": "2"}),
        {
            "fact": "EnterpriseRegistered",
            "legal_form": "joint_stock",
            "capital_vnd": 2 * 10**9,
            **NAMED,
        },
    ),
    (
        row(CODE, "Đăng ký HTX", **WHO, **{"Loại hình": "HTX", "Vốn điều lệ": "2"}),
        {
            "fact": "CooperativeRegistered",
            "kind": "cooperative",
            "capital_vnd": 2 * 10**9,
            **NAMED,
        },
    ),
    (
        row(
            BRANCH,
            "Đăng ký chi nhánh",
            **WHO,
            **{"Loại hình": "VPĐD", "Trụ sở đơn vị chủ quản": "Ngoài tỉnh"},
        ),
        {
            "fact": "BranchRegistered",
            "code": BRANCH,
            "kind": "representative_office",
            "parent": CODE,
            "parent_seat": "elsewhere",
            **NAMED,
        },
    ),
    (
        row(CODE, "Chuyển đến", **MOVED, **{"Loại hình": "CTCP"}),
        {
            "fact": "EntityMovedIn",
            "legal_form": "joint_stock",
            "capital_vnd": 15 * 10**8,
            "registered_on": "2020-02-01",
            **NAMED,
        },
    ),
    (
        row(CODE, "Chuyển đến", **MOVED, **{"Loại hình": "Liên hiệp HTX"}),
        {
            "fact": "EntityMovedIn",
            "kind": "cooperative_union",
            "capital_vnd": 15 * 10**8,
            "registered_on": "2020-02-01",
            **NAMED,
        },
    ),
    (
        row(CODE, "Thay đổi vốn điều lệ", **WHO, **{"Vốn điều lệ": "7"}),
        {"fact": "CapitalChanged", "capital_vnd": 7 * 10**9},
    ),
    (
        row(CODE, "Thay đổi tên", **{"Tên doanh nghiệp": "Mẫu mới"}),
        {"fact": "DetailsChanged", "name": "Mẫu mới"},
    ),
    (
        row(CODE, "Chuyển đổi loại hình", **{"Loại hình": "TNHH MTV"}),
        {"fact": "DetailsChanged", "legal_form": "llc_one_member"},
    ),
    (row(CODE, "Thay đổi địa chỉ", **WHERE), {"fact": "DetailsChanged", **PLACE}),
    (
        row(CODE, "Tạm ngừng kinh doanh", **{"Tạm ngừng đến": "09/03/2026"}),
        {"fact": "EntitySuspended", "until": "2026-03-09"},
    ),
    (row(CODE, "Trở lại hoạt động"), {"fact": "EntityResumed"}),
    (
        row(CODE, "Không hoạt động tại địa chỉ đã đăng ký"),
        {"fact": "EntityNotAtAddress"},
    ),
    (row(CODE, "Hoạt động lại tại địa chỉ"), {"fact": "EntityFoundAtAddress"}),
    (row(CODE, "Thu hồi do cưỡng chế thuế"), {"fact": "CertificateRevoked"}),
    (row(CODE, "Bắt đầu giải thể"), {"fact": "DissolutionStarted"}),
    (row(CODE, "Mở thủ tục phá sản"), {"fact": "BankruptcyOpened"}),
    (
        row(CODE, "Chấm dứt tồn tại", **{"Hình thức chấm dứt": "Phá sản"}),
        {"fact": "EntityDissolved", "why": "bankrupt"},
    ),
    (row(CODE, "Chuyển đi tỉnh khác"), {"fact": "EntityMovedOut"}),
    (row(CODE, "Khôi phục tình trạng pháp lý"), {"fact": "EntityReinstated"}),
]


@pytest.mark.parametrize(("cells", "meant"), ROWS, ids=[cells[1] for cells, _ in ROWS])
def test_a_row_says_what_the_line_says(cells: list[str], meant: dict[str, Any]) -> None:
    columns = find_columns(HEADINGS)
    assert columns is not None
    assert columns.ignored == ()
    read = READER.cells(columns, cells)
    line = READER.object({"code": CODE, **COMMON, **meant})
    assert read.refusal is None
    assert read == line


def test_every_fact_is_tried_and_can_be_declared() -> None:
    assert {meant["fact"] for _, meant in ROWS} | LINES_ONLY == set(INTAKE_FACTS)
    assert set(FACTS.values()) == set(INTAKE_FACTS)
    assert set(get_args(FactName)) == set(INTAKE_FACTS)
    assert not VAGUE_FACTS.keys() & FACTS.keys()


@pytest.mark.parametrize("word", ["Giải thể", "THU HỒI GIẤY CHỨNG NHẬN", "Tăng vốn", "Phá sản"])
def test_a_word_for_two_facts_is_refused(word: str) -> None:
    columns = find_columns(HEADINGS)
    assert columns is not None
    read = READER.cells(columns, row(CODE, word, **{"Vốn điều lệ": "7"}))
    assert read.refusal is not None
    assert read.refusal.code == "ambiguous_fact"


@pytest.mark.parametrize("word", ["Đính chính", "Huỷ đăng ký", "Hủy đăng ký"])
def test_what_only_a_line_can_say_is_refused_in_a_sheet(word: str) -> None:
    columns = find_columns(HEADINGS)
    assert columns is not None
    read = READER.cells(columns, row(CODE, word))
    assert read.refusal is not None
    assert read.refusal.code == "lines_only"


def test_the_first_registration_has_one_date() -> None:
    columns = find_columns(["Mã số", "Ngày đăng ký lần đầu", "Loại hình", "Ngày cấp"])
    assert columns is not None
    cells = [CODE, "10/03/2025", "CTCP"]
    read = READER.cells(columns, [*cells, "11/03/2025"])
    assert read.refusal is not None
    assert read.refusal.code == "ambiguous_date"
    for other in ("", "2025-03-10"):
        # What is missing is the name, and no date.
        read = READER.cells(columns, [*cells, other])
        assert read.refusal is not None
        assert read.refusal.vi.startswith("Tên")


def test_words_of_facts_are_compared_without_tone() -> None:
    assert FACTS[plain("TAM NGUNG KINH DOANH")] == "EntitySuspended"
