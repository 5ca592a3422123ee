"""Random values of the contract: codes, days, amounts, what an event says about itself."""

from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from stdnum.vn import mst

from shared.contracts.communes import communes
from shared.contracts.values import DEPENDENT_KINDS, MAX_CAPITAL_VND
from tests.support.ledger import Json, Ledger

FIRST_DAY: Final = date(2024, 1, 1)
LAST_DAY: Final = date(2026, 6, 30)
AGENCIES: Final = ("STC", "SNNMT", "SXD", "SNV", "SCT", "SKHCN")
COMMUNES: Final = tuple(sorted(communes()))
INDUSTRIES: Final = (
    ("vsic2018", "01110"), ("vsic2018", "4520"), ("vsic2018", "46201"), ("vsic2018", "9511"),
    ("vsic2025", "01110"), ("vsic2025", "4690"), ("vsic2025", "6201"), ("vsic2025", "9529"),
)  # fmt: skip

days: Final = st.dates(FIRST_DAY, LAST_DAY)
amounts: Final = st.one_of(
    st.sampled_from([0, 1, 10**9, 10**10 - 1, 10**10, MAX_CAPITAL_VND]),
    st.integers(0, 200).map(lambda n: n * 500_000_000),
)
names: Final = st.text(
    st.characters(codec="utf-8", categories=("Lu", "Ll", "Nd")), min_size=1, max_size=20
).map(lambda s: f"Công ty {s}")
industries: Final = st.sampled_from(INDUSTRIES).map(lambda i: {"scheme": i[0], "code": i[1]})


def _with_check_digit(nine: int) -> str | None:
    body = f"{nine:09d}"
    digit = mst.calc_check_digit(body)
    return f"{body}{digit}" if len(digit) == 1 and body[2:] != "0000000" else None


def tax_codes() -> SearchStrategy[str]:
    """Ten digits with a right check digit, of any province."""
    made = st.integers(1, 999_999_999).map(_with_check_digit)
    return made.filter(lambda code: code is not None).map(str)


def dependent_codes() -> SearchStrategy[str]:
    """A parent's code, a dash, 001 to 999."""
    return st.tuples(tax_codes(), st.integers(1, 999)).map(lambda p: f"{p[0]}-{p[1]:03d}")


def group_codes() -> SearchStrategy[str]:
    """The internal id of a co-operative group."""
    letters = st.sampled_from("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    return st.lists(letters, min_size=10, max_size=10).map(lambda c: "THT-" + "".join(c))


def codes_of(kind: str) -> SearchStrategy[str]:
    """A code as an entity of that kind has it."""
    if kind in DEPENDENT_KINDS:
        return dependent_codes()
    return st.one_of(tax_codes(), group_codes()) if kind == "cooperative_group" else tax_codes()


def petition_ids() -> SearchStrategy[str]:
    """An id of a petition."""
    return st.integers(1, 999_999).map(lambda n: f"KN-2025-{n:06d}")


def about(draw: DrawFn) -> Json:
    """What an event says besides its entries."""
    return {
        "origin": draw(st.sampled_from(["live", "live", "backfill"])),
        "cause": draw(st.sampled_from([None, None, "0198c2b4-0000-7000-8000-000000000001"])),
        "reason": draw(st.sampled_from([None, "Theo đề nghị của doanh nghiệp"])),
    }


def later(draw: DrawFn, ledger: Ledger) -> date:
    """Return a day not before the last of the ledger."""
    last = date.fromisoformat(ledger.entries[-1]["on"])
    return last + timedelta(days=draw(st.integers(0, 120)))
