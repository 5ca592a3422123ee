"""Fictional Vietnamese names. Each ends in "(mẫu)": wherever it shows, it says it is a sample."""

import unicodedata
from random import Random
from typing import Final

MARK: Final = "(mẫu)"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST: Final = _words(
    "An Bảo Bình Cát Đại Đông Đức Gia Hà Hải Hạnh Hoàng Hồng Hưng Khánh Kim Lam Long Mai Minh Nam "
    "Ngọc Nguyên Nhật Phú Phúc Phượng Quang Quế Sao Sơn Tâm Tân Thanh Thành Thiên Thịnh Thuận Tiến "
    "Trường Tùng Việt Vĩnh Xuân Yên"
)
_SECOND: Final = _words(
    "An Anh Bình Cường Châu Dương Đạt Điền Giang Hà Hải Hân Hoa Hòa Hưng Huy Khang Khoa Lâm Lộc "
    "Lợi Minh Nam Ngân Nghĩa Phát Phong Phúc Quân Sáng Sơn Tài Tâm Thắng Thịnh Thủy Tín Toàn Trà "
    "Trung Tuệ Vinh Vượng Xanh Ý"
)
_THIRD: Final = _words("Bắc Đông Lạng Nùng Tày Xứ Kỳ Đồng Na Phai Cánh Nà Lũng")

PREFIX: Final = {
    "llc_one_member": "Công ty TNHH một thành viên",
    "llc_multi_member": "Công ty TNHH",
    "joint_stock": "Công ty cổ phần",
    "partnership": "Công ty hợp danh",
    "sole_proprietorship": "Doanh nghiệp tư nhân",
    "cooperative": "Hợp tác xã",
    "cooperative_union": "Liên hiệp hợp tác xã",
    "cooperative_group": "Tổ hợp tác",
    "branch": "Chi nhánh",
    "representative_office": "Văn phòng đại diện",
    "business_location": "Địa điểm kinh doanh",
}


class Namer:
    """Gives names that are not given twice."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._given: set[str] = set()

    def give(self, form: str, words: str) -> str:
        """Return a new name of an entity of this legal form in a trade called `words`."""
        while True:
            parts = [self._rng.choice(_FIRST), self._rng.choice(_SECOND)]
            if self._rng.random() < 0.3:
                parts.append(self._rng.choice(_THIRD))
            own = f"{words} {' '.join(dict.fromkeys(parts))}"
            if own not in self._given:
                self._given.add(own)
                return _marked(f"{PREFIX[form]} {own}")


def dependent_name(kind: str, parent: str, number: int, commune: str) -> str:
    """Return the name of a dependent unit; the parent's name brings the mark."""
    where = commune.removeprefix("Phường ").removeprefix("Xã ")
    if kind == "business_location":
        return _marked(f"{PREFIX[kind]} số {number} tại {where} - {parent}")
    return _marked(f"{PREFIX[kind]} tại {where} - {parent}")


def _marked(text: str) -> str:
    bare = text.replace(MARK, "").strip()
    return unicodedata.normalize("NFC", f"{bare} {MARK}")
