"""What officers read: states, actions, roles and needs in Vietnamese."""

from typing import Final

from shared.contracts.values import PetitionStatus

STATUS_VI: Final[dict[PetitionStatus, str]] = {
    "filed": "đã tiếp nhận",
    "assigned": "đã phân công",
    "in_progress": "đang xử lý",
    "waiting_petitioner": "chờ người kiến nghị bổ sung",
    "answered": "đã trả lời",
    "resolved": "đã giải quyết dứt điểm",
    "rejected": "không thụ lý",
    "referred": "đã chuyển cấp trên",
    "withdrawn": "đã rút",
    "duplicate": "trùng",
}
ACTION_VI: Final[dict[str, str]] = {
    "file": "tiếp nhận",
    "assign": "phân công",
    "transfer": "chuyển cơ quan",
    "request_supplement": "yêu cầu bổ sung",
    "receive_supplement": "nhận bổ sung",
    "extend": "gia hạn",
    "answer": "trả lời",
    "resolve": "giải quyết dứt điểm",
    "confirm": "xác nhận đã giải quyết",
    "dispute": "không đồng ý với trả lời",
    "reopen": "mở lại",
    "reject": "không thụ lý",
    "refer": "chuyển cấp trên",
    "take_back": "nhận lại từ cấp trên",
    "withdraw": "rút",
    "mark_duplicate": "đánh dấu trùng",
    "review": "rà soát",
    "correct": "đính chính",
    "redate": "tính lại hạn",
    "overdue": "báo quá hạn",
    "escalate": "báo cáo cấp trên",
}
ROLE_VI: Final[dict[str, str]] = {
    "filer": "cổng tiếp nhận",
    "officer": "cán bộ",
    "front_desk": "bộ phận tiếp nhận",
    "lead_agency": "cơ quan chủ trì",
    "petitioner": "người kiến nghị",
    "reviewer": "Sở Tài chính (rà soát)",
    "system": "hệ thống",
}
NEED_VI: Final[dict[str, str]] = {
    "document": "số văn bản",
    "reason": "lý do",
    "agency": "cơ quan nhận",
    "legal_basis": "căn cứ pháp lý",
    "days": "số ngày",
    "original": "mã kiến nghị gốc",
    "recommendation": "nội dung kiến nghị",
    "due_on": "ngày phải xong",
}
NEED_EN: Final[dict[str, str]] = {
    "document": "number of the document",
    "reason": "reason",
    "agency": "agency",
    "legal_basis": "legal basis",
    "days": "number of days",
    "original": "id of the original petition",
    "recommendation": "recommendation",
    "due_on": "date",
}
LEVEL_VI: Final[tuple[str, ...]] = (
    "thủ trưởng cơ quan chủ trì",
    "Sở Tài chính",
    "Văn phòng UBND tỉnh",
)
