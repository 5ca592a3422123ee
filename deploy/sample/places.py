"""Where the sample's enterprises sit and what they do: communes and VSIC 2018 classes."""

import json
from pathlib import Path
from typing import Final, NamedTuple

_COMMUNES: Final = Path(__file__).parents[2] / "shared" / "contracts" / "data" / "communes.json"

# Business is where the city, the border gates and the district towns are.
_BUSY: Final = {
    "05977": 24.0,
    "05983": 16.0,
    "05986": 14.0,
    "06187": 17.0,
    "06184": 9.0,
    "06193": 5.0,
    "06385": 8.0,
    "06463": 4.0,
    "06529": 5.0,
    "06526": 4.0,
    "06040": 3.5,
    "06325": 3.0,
    "06214": 3.0,
    "06112": 2.0,
    "06253": 2.0,
    "06613": 2.0,
}


class Place(NamedTuple):
    """A commune; `enterprises` and `cooperatives` weigh how many sit there."""

    code: str
    name: str
    enterprises: float
    cooperatives: float


class Trade(NamedTuple):
    """A VSIC 2018 class, the words that a firm's name has for it, and how common it is."""

    code: str
    words: str
    weight: int


def places() -> tuple[Place, ...]:
    """Return the communes of the province, in the order of the file."""
    units = json.loads(_COMMUNES.read_text(encoding="utf-8"))["units"]
    return tuple(
        Place(u["code"], u["name"], _BUSY.get(u["code"], 0.8), 1.0 + _BUSY.get(u["code"], 0) / 10)
        for u in units
    )


def _trades(text: str) -> tuple[Trade, ...]:
    lines = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Trade(code, words, int(weight)) for code, weight, words in lines)


ENTERPRISE_TRADES: Final = _trades("""
0118 1 Nông sản
0210 3 Lâm nghiệp
0810 4 Khai thác đá
1079 2 Thực phẩm
1080 1 Thức ăn chăn nuôi
1610 4 Chế biến gỗ
1629 2 Sản phẩm gỗ
1701 1 Giấy
2022 1 Hóa phẩm
2394 1 Xi măng
2395 3 Bê tông
2592 2 Cơ khí
3100 2 Nội thất
3511 2 Năng lượng
3600 1 Cấp nước
3811 1 Môi trường
4101 6 Xây dựng nhà ở
4102 6 Xây dựng
4212 8 Cầu đường
4229 2 Hạ tầng kỹ thuật
4299 5 Xây lắp
4312 3 San lấp mặt bằng
4321 3 Điện lạnh
4330 3 Hoàn thiện công trình
4511 2 Ô tô
4520 3 Dịch vụ ô tô
4530 1 Phụ tùng
4620 9 Nông lâm sản
4631 2 Lương thực
4632 6 Xuất nhập khẩu thực phẩm
4649 6 Hàng tiêu dùng
4652 2 Linh kiện điện tử
4653 1 Máy nông nghiệp
4659 5 Thiết bị công nghiệp
4661 3 Xăng dầu
4662 1 Kim khí
4663 6 Vật liệu xây dựng
4669 4 Vật tư
4690 7 Xuất nhập khẩu tổng hợp
4711 4 Bách hóa
4730 3 Kinh doanh xăng dầu
4741 2 Tin học
4752 3 Kim khí điện máy
4772 2 Dược phẩm
4773 2 Vàng bạc
4931 1 Taxi
4932 2 Vận tải hành khách
4933 12 Vận tải hàng hóa
5210 5 Kho bãi
5224 3 Bốc xếp
5229 9 Giao nhận cửa khẩu
5510 4 Khách sạn
5610 4 Nhà hàng
6201 1 Phần mềm
6499 1 Đầu tư
6622 1 Đại lý bảo hiểm
6810 3 Bất động sản
6920 1 Kế toán
7020 1 Tư vấn quản lý
7110 6 Tư vấn thiết kế
7120 1 Kiểm định
7310 2 Quảng cáo
7730 2 Cho thuê máy
7830 1 Nhân lực
7911 1 Lữ hành
7912 3 Du lịch
8010 1 Bảo vệ
8121 1 Vệ sinh
8299 3 Thương mại dịch vụ
8511 1 Mầm non
8532 1 Đào tạo nghề
8620 1 Phòng khám
9329 1 Giải trí
9511 1 Sửa chữa máy tính
9633 1 Dịch vụ cưới hỏi
""")
LARGE_FROM: Final = 60_000_000_000
LARGE_TRADES: Final = _trades("""
0510 1 Khai thác than
0810 2 Khai thác đá
1610 1 Chế biến gỗ
1702 1 Bao bì
2394 1 Xi măng
2395 1 Bê tông
3511 4 Năng lượng
4101 3 Phát triển đô thị
4212 4 Cầu đường
4229 2 Hạ tầng kỹ thuật
4299 3 Hạ tầng khu công nghiệp
4690 2 Xuất nhập khẩu tổng hợp
5210 5 Kho vận
5229 4 Logistics cửa khẩu
5510 2 Khách sạn du lịch
6810 5 Bất động sản
""")
"""What those with a capital above LARGE_FROM do."""

PARTNERSHIP_TRADES: Final = _trades("""
6910 3 Luật
6920 2 Kiểm toán
""")
COOPERATIVE_TRADES: Final = _trades("""
0117 3 Nông sản
0118 8 Rau an toàn
0121 8 Na
0128 4 Hồi
0129 3 Thạch đen
0131 3 Cây giống
0141 3 Chăn nuôi bò
0145 4 Chăn nuôi lợn
0146 6 Gia cầm
0149 2 Ong
0150 10 Nông nghiệp tổng hợp
0161 6 Dịch vụ nông nghiệp
0210 6 Lâm nghiệp
0230 2 Dược liệu
0322 2 Thủy sản
1030 2 Chế biến hoa quả
1101 1 Rượu men lá
3600 1 Nước sạch
3811 3 Vệ sinh môi trường
3511 1 Điện
4299 2 Xây dựng
4620 4 Tiêu thụ nông sản
4719 2 Quản lý chợ
4932 2 Vận tải hành khách
4933 3 Vận tải
5510 1 Du lịch cộng đồng
""")
