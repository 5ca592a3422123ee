"""The conference's paragraph and the comparison with what was published."""

from datetime import date
from decimal import Decimal
from random import Random

from deploy.sample.analytics import figure_of
from deploy.sample.capital import ENTERPRISE, TY, fit
from deploy.sample.published import Checkpoint, Figure, checkpoints, compare
from deploy.sample.report import comparison, paragraph

FIGURES = {
    "enterprises_new": Figure(614, 614, 700),
    "enterprises": Figure(5830),
    "enterprises_capital": Figure(68_209 * TY),
    "cooperatives_new": Figure(33, 33, 55),
    "cooperatives_new_capital": Figure(55_700_000_000),
}
DAY = date(2025, 9, 12)


def test_the_paragraph_writes_vietnamese_and_english_numbers() -> None:
    vietnamese, english = paragraph(DAY, FIGURES).split("\n\n")
    assert "12/9/2025 (dữ liệu mẫu)" in vietnamese
    assert "614/700, 87,7 %" in vietnamese
    assert "33/55, 60,0 %" in vietnamese
    assert "5.830 doanh nghiệp với vốn đăng ký 68.209 tỷ đồng" in vietnamese
    assert "55,7 tỷ đồng" in vietnamese
    assert "(sample data)" in english
    assert "614 of 700, 87.7 %" in english
    assert "5,830 enterprises with VND 68,209 billion" in english


def test_afigure_of_that_is_not_there_is_not_a_zero() -> None:
    assert "? chi nhánh" in paragraph(DAY, FIGURES)


def test_a_share_is_never_capped_and_needs_a_plan() -> None:
    assert Figure(961, 961, 700).share == Decimal("137.3")
    assert Figure(961).share is None
    assert "961 doanh nghiệp" in paragraph(DAY, {"enterprises_new": Figure(961)})


def test_the_comparison_says_whichfigure_of_differs() -> None:
    point = Checkpoint(
        DAY,
        exact={"enterprises": 5830, "branches": 1},
        over={"cooperatives_new_capital": 55 * TY, "enterprises_capital": 68_209 * TY},
        shares={"enterprises_new": Decimal("87.7"), "cooperatives_new": Decimal("60.1")},
    )
    lines = compare(point, FIGURES)
    assert [line.agrees for line in lines] == [True, False, True, False, True, False]
    text = comparison(lines).splitlines()
    assert text[0].startswith("khớp / ok")
    assert "enterprises" in text[0]
    assert text[1].startswith("LỆCH / DIFF")
    assert text[1].endswith("có / live None")


def test_the_shares_published_are_those_of_the_plan() -> None:
    shares = [point.shares for point in checkpoints()]
    assert [dict(s) for s in shares] == [
        {"enterprises_new": Decimal("56.6"), "cooperatives_new": Decimal("50.9")},
        {"enterprises_new": Decimal("87.7"), "cooperatives_new": Decimal("60.0")},
    ]


def test_afigure_of_is_read_from_the_answer_of_analytics() -> None:
    raw = {"value": 396, "unit": "entity", "plan": {"numerator": 396, "denominator": 700}}
    assert figure_of(raw) == Figure(396, 396, 700)
    assert figure_of({"value": 396, "plan": None}) == Figure(396)
    assert figure_of({"value": None}) == Figure(None)


def test_capitals_add_up_exactly_whatever_the_seed() -> None:
    for seed in range(20):
        capitals = fit(Random(seed), 396, 3_229 * TY, ENTERPRISE)
        assert sum(capitals) == 3_229 * TY
        assert sum(c < 10 * TY for c in capitals) / len(capitals) > 0.8
