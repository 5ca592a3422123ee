"""The communes of the province, as data (`data/communes.json`)."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "communes.json"


@cache
def communes() -> Mapping[str, str]:
    """Return {code of 5 digits: Vietnamese name} of the communes in force since 2025-07-01."""
    units = json.loads(_FILE.read_text(encoding="utf-8"))["units"]
    return {unit["code"]: unit["name"] for unit in units}
