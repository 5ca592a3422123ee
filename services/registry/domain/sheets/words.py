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
        "CooperativeRegistered": "CooperativeRegistered | Đăng ký hợp tác xã",
        "BranchRegistered": "BranchRegistered | Đăng ký đơn vị phụ thuộc | Đăng ký chi nhánh",
        "CapitalChanged": "CapitalChanged | Thay đổi vốn | Thay đổi vốn điều lệ",
        "EntitySuspended": "EntitySuspended | Tạm ngừng | Tạm ngừng kinh doanh",
        "EntityResumed": "EntityResumed | Hoạt động trở lại | Trở lại hoạt động",
        "DissolutionStarted": "DissolutionStarted | Bắt đầu giải thể",
        "EntityDissolved": "EntityDissolved | Chấm dứt",
        "EntityReinstated": "EntityReinstated | Khôi phục",
    }
)

WHYS: Final = _words(
    {
        "dissolved": "dissolved | Giải thể | Đã giải thể",
        "bankrupt": "bankrupt | Phá sản",
        "revoked": "revoked | Thu hồi | Thu hồi giấy chứng nhận",
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
