"""The conference's paragraph, in Vietnamese and then in English, from live figures."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from deploy.sample.published import Figure, Line

Figures = Mapping[str, Figure]

BANNER: Final = (
    "DỮ LIỆU MẪU: doanh nghiệp hư cấu, tổng số khớp số liệu tỉnh đã công bố.\n"
    "SAMPLE DATA: fictional enterprises whose totals match the province's published figures."
)
FOOTNOTE: Final = (
    "Luỹ kế gồm: đang hoạt động, tạm ngừng, không hoạt động tại địa chỉ, đang giải thể, "
    "đang phá sản.\n"
    "On the register: active, suspended, not at the address, dissolving, in bankruptcy."
)
_TY: Final = Decimal(1_000_000_000)
_UNKNOWN: Final = "?"
_ABSENT: Final = Figure(None)
_VIETNAMESE: Final = str.maketrans(",.", ".,")


def paragraph(as_of: date, figures: Figures) -> str:
    """Return the paragraph for a date in both languages. A figure that is not there shows "?"."""
    return f"{_vietnamese(as_of, figures)}\n\n{_english(as_of, figures)}"


def _vietnamese(day: date, f: Figures) -> str:
    w = _Words(f, "vi")
    n, ty, share = w.count, w.billions, w.share
    return (
        f"Tính đến ngày {day.day}/{day.month}/{day.year} (dữ liệu mẫu): "
        f"{n('enterprises_new')} doanh nghiệp thành lập mới với vốn đăng ký "
        f"{ty('enterprises_new_capital')} tỷ đồng, đạt {share('enterprises_new')} kế hoạch năm; "
        f"luỹ kế {n('enterprises')} doanh nghiệp với vốn đăng ký {ty('enterprises_capital')} "
        f"tỷ đồng và {n('branches')} chi nhánh, văn phòng đại diện. "
        f"{n('cooperatives_new')} hợp tác xã thành lập mới với vốn "
        f"{ty('cooperatives_new_capital')} tỷ đồng, đạt {share('cooperatives_new')} kế hoạch năm; "
        f"luỹ kế {n('cooperatives')} hợp tác xã với vốn {ty('cooperatives_capital')} tỷ đồng. "
        f"Từ đầu năm {n('enterprises_resumed')} doanh nghiệp hoạt động trở lại, "
        f"{n('enterprises_reinstated')} được khôi phục, {n('enterprises_suspended')} tạm ngừng, "
        f"{n('enterprises_dissolving')} bắt đầu giải thể, {n('enterprises_dissolved')} đã giải "
        f"thể, phá sản hoặc bị thu hồi; {n('cooperatives_dissolved')} hợp tác xã giải thể. "
        f"Từ đầu năm tiếp nhận {n('petitions_filed')} kiến nghị, trả lời "
        f"{n('petitions_answered')}, giải quyết dứt điểm {n('petitions_resolved')}; đến ngày này "
        f"còn {n('petitions_open')} kiến nghị đang giải quyết, trong đó {n('petitions_overdue')} "
        "quá hạn trả lời."
    )


def _english(day: date, f: Figures) -> str:
    w = _Words(f, "en")
    n, bn, share = w.count, w.billions, w.share
    return (
        f"As of {day.isoformat()} (sample data): {n('enterprises_new')} new enterprises with "
        f"VND {bn('enterprises_new_capital')} billion registered, "
        f"{share('enterprises_new')} of the year's plan; on the register "
        f"{n('enterprises')} enterprises with VND {bn('enterprises_capital')} billion and "
        f"{n('branches')} branches and representative offices. "
        f"{n('cooperatives_new')} new co-operatives with VND "
        f"{bn('cooperatives_new_capital')} billion, {share('cooperatives_new')} of the plan; on "
        f"the register {n('cooperatives')} co-operatives with VND {bn('cooperatives_capital')} "
        f"billion. Since January {n('enterprises_resumed')} enterprises resumed business, "
        f"{n('enterprises_reinstated')} were reinstated, {n('enterprises_suspended')} were "
        f"suspended, {n('enterprises_dissolving')} began dissolution, "
        f"{n('enterprises_dissolved')} were dissolved, bankrupt or revoked; "
        f"{n('cooperatives_dissolved')} co-operatives were dissolved. "
        f"Since January {n('petitions_filed')} petitions were filed, {n('petitions_answered')} "
        f"answered and {n('petitions_resolved')} definitively settled; on this day "
        f"{n('petitions_open')} were open, {n('petitions_overdue')} of them past the day by which "
        "an answer was due."
    )


class _Words:
    """Figures as text in a language, by indicator."""

    def __init__(self, figures: Figures, language: Literal["vi", "en"]) -> None:
        self._figures = figures
        self._language = language

    def count(self, indicator: str) -> str:
        value = self._figures.get(indicator, _ABSENT).value
        return _UNKNOWN if value is None else self._number(value)

    def billions(self, indicator: str) -> str:
        value = self._figures.get(indicator, _ABSENT).value
        if value is None:
            return _UNKNOWN
        amount = (value / _TY).quantize(Decimal("0.1"), ROUND_HALF_UP)
        whole = amount == amount.to_integral_value()
        return self._number(int(amount) if whole else amount)

    def share(self, indicator: str) -> str:
        figure = self._figures.get(indicator, _ABSENT)
        if figure.share is None or figure.numerator is None or figure.denominator is None:
            return "(chưa có)" if self._language == "vi" else "(none set)"
        between = "/" if self._language == "vi" else " of "
        done, planned = self._number(figure.numerator), self._number(figure.denominator)
        return f"{done}{between}{planned}, {self._number(figure.share)} %"

    def _number(self, number: Decimal | int) -> str:
        text = f"{number:,}"
        return text if self._language == "en" else text.translate(_VIETNAMESE)


def comparison(lines: Sequence[Line]) -> str:
    """Return one line a figure: agrees or not, date, indicator, published and live."""
    signs = {"exact": "=", "over": ">", "share": "%"}
    return "\n".join(
        f"{'khớp / ok  ' if line.agrees else 'LỆCH / DIFF'} {line.as_of} {line.indicator:<26}"
        f" công bố / published {signs[line.rule]} {line.published}, có / live {line.live}"
        for line in lines
    )
