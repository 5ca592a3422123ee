"""Which unit a commune is in now, whatever it was called when it was named."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.registry.domain.units import Contradiction, Place, Span, Succession, Unit, Units
from services.registry.handlers.units import read_units

SAMPLE = Path(__file__).parents[2] / "support/sample_units.json"
TODAY = date(2025, 9, 12)
REFORM = date(2025, 7, 1)
PRESENT = [
    Unit(code, REFORM, name, "xã")
    for code, name in (
        ("05977", "Phường Đông Kinh"),
        ("05983", "Phường Lương Văn Tri"),
        ("05986", "Phường Tam Thanh"),
        ("06001", "Xã Đoàn Kết"),
        ("06016", "Xã Quốc Khánh"),
    )
]


@pytest.fixture
def units() -> Units:
    known = Units(PRESENT).merged(*read_units(SAMPLE.read_bytes()))
    known.check()
    return known


@pytest.mark.parametrize(
    ("code", "named", "now"),
    [
        ("06001", date(2025, 8, 1), Place("06001", "Xã Đoàn Kết", split=False)),
        # An old address that upstream has translated already.
        ("06001", date(2015, 8, 1), Place("06001", "Xã Đoàn Kết", split=False)),
        ("91001", date(2015, 8, 1), Place("06001", "Xã Đoàn Kết", split=False)),
        ("91002", date(2015, 8, 1), Place("06016", "Xã Quốc Khánh", split=True)),
        # Two steps.
        ("91003", date(2005, 1, 1), Place("05983", "Phường Lương Văn Tri", split=False)),
        # One code, two units.
        ("05977", date(2025, 6, 30), Place("05986", "Phường Tam Thanh", split=False)),
        ("05977", date(2025, 7, 1), Place("05977", "Phường Đông Kinh", split=False)),
        ("99999", date(2015, 8, 1), None),
    ],
)
def test_a_commune_lies_in_the_present_unit(
    units: Units, code: str, named: date, now: Place | None
) -> None:
    assert units.now(code, named, TODAY) == now


def test_before_the_reform_the_old_unit_was_the_present_one(units: Units) -> None:
    found = units.now("91001", date(2015, 8, 1), date(2025, 6, 30))
    assert found == Place("91001", "Xã Mẫu Thượng", split=False)


def test_a_present_unit_is_asked_for_by_all_codes_that_lie_in_it(units: Units) -> None:
    assert set(units.spans("06001", TODAY)) == {
        Span("06001", date.min, date.max),
        Span("91001", date.min, REFORM),
    }
    assert units.spans("05977", TODAY) == [Span("05977", REFORM, date.max)]
    assert units.spans("91001", TODAY) == []


def test_only_a_code_that_no_unit_has_any_more_has_ended(units: Units) -> None:
    assert units.ended == {
        "91001": REFORM,
        "91002": REFORM,
        "91003": date(2010, 1, 1),
        "91004": REFORM,
    }


OLD = Unit("91001", date(1990, 1, 1), "Xã Mẫu", "xã", REFORM)
STEP = Succession("91001", REFORM, "06001")


@pytest.mark.parametrize(
    ("units", "steps", "why"),
    [
        ([OLD], [], "exactly one main successor"),
        ([OLD], [STEP, replace(STEP, new="06016")], "exactly one main successor"),
        ([OLD], [replace(STEP, main=False)], "exactly one main successor"),
        ([OLD], [replace(STEP, on=date(2025, 6, 1))], "did not end that day"),
        ([OLD], [replace(STEP, new="99999")], "not in force then"),
        ([replace(OLD, valid_to=date(1989, 1, 1))], [], "before it begins"),
        ([OLD, replace(OLD, valid_from=date(2000, 1, 1))], [STEP], "two units at once"),
    ],
)
def test_units_that_contradict_one_another_are_refused(
    units: list[Unit], steps: list[Succession], why: str
) -> None:
    with pytest.raises(Contradiction, match=why):
        Units(PRESENT).merged(units, steps).check()


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"units":[{"code":"1","name":"x","type":"xã"}]}', '{"units":[{"code":"91001"}]}'],
)
def test_a_file_that_is_no_list_of_units_is_refused(text: str) -> None:
    with pytest.raises(Contradiction):
        read_units(text.encode())
