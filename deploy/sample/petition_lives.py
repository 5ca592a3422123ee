"""Sample petitions with more behind them: sent on and back, supplemented, reopened, reviewed."""

from datetime import date
from typing import Any, Final

Act = dict[str, Any]


def _did(action: str, on: str, **more: Any) -> Act:
    return {"action": action, "on": on, **more}


# field, petitioner, what is asked, filed on, raised at the conference, what happened
LIVES: Final[tuple[tuple[str, str, str, date, bool, tuple[Act, ...]], ...]] = (
    (
        "planning",
        "enterprise",
        "Điều chỉnh quy hoạch chi tiết cụm công nghiệp",
        date(2025, 6, 2),
        False,
        (
            _did("assign", "2025-06-03"),
            _did("transfer", "2025-06-09", agency="SNNMT", reason="liên quan kế hoạch sử dụng đất"),
            _did("transfer", "2025-06-17", agency="SXD", reason="đúng là quy hoạch xây dựng"),
            _did("answer", "2025-07-10", document="301/SXD-MAU", outcome="accepted"),
            _did("resolve", "2025-07-25", document="302/SXD-MAU"),
        ),
    ),
    (
        "land",
        "cooperative",
        "Cấp giấy chứng nhận cho đất trụ sở hợp tác xã",
        date(2025, 7, 1),
        False,
        (
            _did("assign", "2025-07-02", complexity="complex"),
            _did("request_supplement", "2025-07-04", reason="thiếu trích lục bản đồ"),
            _did("receive_supplement", "2025-07-14"),
            _did("extend", "2025-07-21", days=10, reason="phải đo lại", legal_basis="quy chế mẫu"),
            _did("answer", "2025-08-05", document="303/SNNMT-MAU", outcome="explained"),
        ),
    ),
    (
        "construction_debt",
        "enterprise",
        "Quyết toán công trình đã bàn giao từ năm trước",
        date(2025, 4, 1),
        False,
        (
            _did("assign", "2025-04-02"),
            _did("answer", "2025-04-18", document="304/STC-MAU", outcome="accepted"),
            _did("resolve", "2025-05-06", document="305/STC-MAU"),
            _did("reopen", "2025-07-07", reason="chưa được thanh toán như đã trả lời"),
            _did(
                "review",
                "2025-07-21",
                recommendation="bố trí vốn, thanh toán dứt điểm",
                due_on="2025-08-15",
            ),
        ),
    ),
    (
        "jobs",
        "enterprise",
        "Khiếu nại quyết định xử phạt về lao động",
        date(2025, 5, 5),
        False,
        (_did("reject", "2025-05-06", reason="là khiếu nại, theo Luật Khiếu nại"),),
    ),
    (
        "training",
        "association",
        "Mở lớp kế toán hợp tác xã",
        date(2025, 5, 12),
        False,
        (_did("assign", "2025-05-13"), _did("withdraw", "2025-05-20")),
    ),
    (
        "credit",
        "cooperative",
        "Khoanh nợ vay sau thiên tai",
        date(2025, 6, 16),
        False,
        (
            _did("assign", "2025-06-17"),
            _did("refer", "2025-06-20", reason="thẩm quyền của Trung ương"),
        ),
    ),
    (
        "procedures",
        "enterprise",
        "Nộp một bộ hồ sơ cho nhiều thủ tục",
        date(2025, 9, 12),
        True,
        (
            _did("assign", "2025-09-15"),
            _did(
                "review",
                "2025-10-20",
                recommendation="trả lời trong tháng 10",
                due_on="2025-10-31",
            ),
        ),
    ),
    (
        "credit",
        "enterprise",
        "Gia hạn kỳ trả nợ cho doanh nghiệp xuất khẩu",
        date(2025, 9, 12),
        True,
        (
            _did("assign", "2025-09-16"),
            _did(
                "review",
                "2025-10-06",
                recommendation="làm việc với ngân hàng, trả lời dứt điểm",
                due_on="2025-10-31",
            ),
            _did("answer", "2025-10-13", document="306/NHNN-MAU", outcome="accepted"),
            _did("resolve", "2025-10-24", document="307/NHNN-MAU"),
        ),
    ),
)
