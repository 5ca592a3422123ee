"""Vietnamese words of sheets and what they mean, compared without case, tone and punctuation."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_NOT_WORDS = re.compile(r"[^0-9a-z]+")


_LONGEST_KEPT: Final = 200


def plain(text: str) -> str:
    """Return a text in small letters without diacritics, words parted by one space."""
    # A long text is nobody's word; keeping thousands of them would fill the memory.
    return _plain(text) if len(text) < _LONGEST_KEPT else _plain.__wrapped__(text)


@lru_cache(maxsize=20_000)
def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    bare = "".join(c for c in parts if not unicodedata.combining(c))
    return _NOT_WORDS.sub(" ", bare).strip()


def _words(table: Mapping[str, str]) -> dict[str, str]:
    return {plain(word): meaning for meaning, words in table.items() for word in words.split(" | ")}


FORMS: Final = _words(
    {
        "llc_one_member": "llc_one_member | Công ty TNHH một thành viên | TNHH một thành viên | "
        "Công ty TNHH 1 thành viên | TNHH 1 thành viên | TNHH MTV | Công ty TNHH MTV | TNHH 1TV | "
        "Công ty trách nhiệm hữu hạn một thành viên | Trách nhiệm hữu hạn một thành viên",
        "llc_multi_member": "llc_multi_member | Công ty TNHH hai thành viên trở lên | "
        "TNHH hai thành viên trở lên | Công ty TNHH 2 thành viên trở lên | TNHH 2 thành viên | "
        "TNHH 2 thành viên trở lên | TNHH 2TV | TNHH 2TV trở lên | TNHH hai thành viên | "
        "Công ty trách nhiệm hữu hạn hai thành viên trở lên | "
        "Trách nhiệm hữu hạn hai thành viên trở lên",
        "joint_stock": "joint_stock | Công ty cổ phần | Cổ phần | CTCP | Công ty CP",
        "partnership": "partnership | Công ty hợp danh | Hợp danh",
        "sole_proprietorship": "sole_proprietorship | Doanh nghiệp tư nhân | DNTN | DN tư nhân",
        "cooperative": "cooperative | Hợp tác xã | HTX",
        "cooperative_union": "cooperative_union | Liên hiệp hợp tác xã | Liên hiệp HTX | LHHTX",
        "cooperative_group": "cooperative_group | Tổ hợp tác | THT",
        "branch": "branch | Chi nhánh | CN",
        "representative_office": "representative_office | Văn phòng đại diện | VPĐD",
        "business_location": "business_location | Địa điểm kinh doanh | ĐĐKD",
    }
)
"""A form or kind as it is written -> the contract's word."""

VAGUE_FORMS: Final = frozenset(
    plain(w) for w in ("TNHH", "Công ty TNHH", "Công ty", "Doanh nghiệp", "DN", "Đơn vị phụ thuộc")
)

FACTS: Final = _words(
    {
        "EnterpriseRegistered": "EnterpriseRegistered | Đăng ký doanh nghiệp | Thành lập mới",
        "CooperativeRegistered": "CooperativeRegistered | Đăng ký hợp tác xã | Đăng ký HTX",
        "BranchRegistered": "BranchRegistered | Đăng ký đơn vị phụ thuộc | Đăng ký chi nhánh | "
        "Đăng ký văn phòng đại diện | Đăng ký địa điểm kinh doanh",
        "EntityMovedIn": "EntityMovedIn | Chuyển đến | Chuyển trụ sở đến | Chuyển từ tỉnh khác đến",
        "CapitalChanged": "CapitalChanged | Thay đổi vốn | Thay đổi vốn điều lệ",
        "DetailsChanged": "DetailsChanged | Thay đổi thông tin | Thay đổi nội dung đăng ký | "
        "Thay đổi tên | Thay đổi địa chỉ | Thay đổi ngành nghề | Chuyển đổi loại hình | "
        "Thay đổi loại hình",
        "EntitySuspended": "EntitySuspended | Tạm ngừng | Tạm ngừng kinh doanh | "
        "Tạm ngừng hoạt động",
        "EntityResumed": "EntityResumed | Hoạt động trở lại | Trở lại hoạt động | "
        "Tiếp tục kinh doanh | Tiếp tục kinh doanh trước thời hạn",
        "EntityNotAtAddress": "EntityNotAtAddress | Không hoạt động tại địa chỉ | "
        "Không hoạt động tại địa chỉ đã đăng ký | Không còn ở địa chỉ đã đăng ký | "
        "Bỏ địa chỉ kinh doanh",
        "EntityFoundAtAddress": "EntityFoundAtAddress | Hoạt động lại tại địa chỉ | "
        "Hoạt động tại địa chỉ đã đăng ký | Khôi phục trạng thái tại địa chỉ",
        "CertificateRevoked": "CertificateRevoked | Thu hồi do cưỡng chế thuế | "
        "Thu hồi do cưỡng chế quản lý thuế | Thu hồi giấy chứng nhận do cưỡng chế thuế | "
        "Thu hồi giấy chứng nhận do cưỡng chế quản lý thuế",
        "DissolutionStarted": "DissolutionStarted | Bắt đầu giải thể | Đang làm thủ tục giải thể | "
        "Thông báo giải thể | Quyết định giải thể",
        "BankruptcyOpened": "BankruptcyOpened | Mở thủ tục phá sản | Đang làm thủ tục phá sản",
        "EntityDissolved": "EntityDissolved | Chấm dứt | Chấm dứt tồn tại | Chấm dứt hoạt động",
        "EntityMovedOut": "EntityMovedOut | Chuyển đi | Chuyển trụ sở đi | "
        "Chuyển đi tỉnh khác | Chuyển sang tỉnh khác",
        "EntityReinstated": "EntityReinstated | Khôi phục | Khôi phục tình trạng pháp lý",
        "RegistrationCorrected": "RegistrationCorrected | Đính chính | Hiệu đính",
        "RegistrationVoided": "RegistrationVoided | Huỷ đăng ký | Hủy đăng ký",
    }
)
"""A fact as it is written -> the contract's word."""

VAGUE_FACTS: Final = {
    plain(word): why
    for words, why in {
        "Thu hồi | Thu hồi giấy chứng nhận | Thu hồi GCN": "do cưỡng chế thuế (Thu hồi do cưỡng "
        "chế thuế), hay đã chấm dứt (Chấm dứt, hình thức: Thu hồi)?",
        "Giải thể": "bắt đầu (Bắt đầu giải thể), hay đã xong (Chấm dứt, hình thức: Giải thể)?",
        "Phá sản": "mở thủ tục (Mở thủ tục phá sản), hay đã xong (Chấm dứt, hình thức: Phá sản)?",
        "Tăng vốn | Giảm vốn | Tăng vốn điều lệ | Giảm vốn điều lệ": "ô vốn là vốn mới hay phần "
        "tăng, giảm? Hãy ghi Thay đổi vốn cùng vốn mới",
        "Chuyển trụ sở | Chuyển địa chỉ": "trong tỉnh (Thay đổi địa chỉ), đến (Chuyển đến) hay đi "
        "(Chuyển đi)?",
        "Thay đổi": "thay đổi vốn (Thay đổi vốn) hay thông tin khác (Thay đổi thông tin)?",
    }.items()
    for word in words.split(" | ")
}
"""Words that more than one fact is called by -> what is to be said, in Vietnamese."""

LINES_ONLY: Final = frozenset({"RegistrationCorrected", "RegistrationVoided"})
"""Facts that a line of JSON can say and a row of a sheet cannot: which event they put right, and
which of its fields, is nothing that a column of a list can tell from an empty cell."""

WHYS: Final = _words(
    {
        "dissolved": "dissolved | Giải thể | Đã giải thể",
        "bankrupt": "bankrupt | Phá sản",
        "revoked": "revoked | Thu hồi | Thu hồi giấy chứng nhận",
    }
)

SEATS: Final = _words(
    {
        "local": "local | Trong tỉnh",
        "elsewhere": "elsewhere | Ngoài tỉnh | Tỉnh khác",
    }
)

ORIGINS: Final = _words(
    {
        "live": "live | Phát sinh",
        "backfill": "backfill | Số dư đầu kỳ | Lịch sử",
    }
)

SCHEMES: Final = _words(
    {
        "vsic2018": "vsic2018 | VSIC 2018 | 2018",
        "vsic2025": "vsic2025 | VSIC 2025 | 2025",
    }
)

UNITS: Final[Mapping[str, int]] = {
    plain(word): amount
    for word, amount in {
        "đồng": 1,
        "đ": 1,
        "VND": 1,
        "VNĐ": 1,
        "nghìn đồng": 1_000,
        "ngàn đồng": 1_000,
        "triệu": 10**6,
        "triệu đồng": 10**6,
        "tr": 10**6,
        "triệu VND": 10**6,
        "triệu VNĐ": 10**6,
        "tỷ": 10**9,
        "tỷ đồng": 10**9,
        "tỉ": 10**9,
        "tỉ đồng": 10**9,
        "tỷ VND": 10**9,
        "tỷ VNĐ": 10**9,
    }.items()
}
"""A unit of money as it is written -> VND."""
