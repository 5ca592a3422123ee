"""Administrative units in the database, in questions, and in the rules."""

import json
from datetime import date
from pathlib import Path

import httpx
import pytest

from services.registry.__main__ import main
from services.registry.app import Service
from services.registry.domain.units import Contradiction, Unit
from services.registry.handlers.units import load_units, read_units
from shared.contracts.communes import communes
from shared.plumbing.postgres import Connection
from tests.integration.registry.bodies import BRANCH, CODE, OTHER, branch, enterprise

SAMPLE = Path(__file__).parents[2] / "support/sample_units.json"
REFORM = date(2025, 7, 1)


async def load(service: Service) -> None:
    await load_units(service.database, *read_units(SAMPLE.read_bytes()))
    await service.read_units()


async def test_a_new_database_knows_the_communes_of_the_contract(service: Service) -> None:
    await service.read_units()
    units = service.gazetteer.units
    assert {unit.code: unit.name for unit in units.units} == communes()
    assert {unit.valid_from for unit in units.units} == {REFORM}
    units.check()


async def test_who_is_registered_under_an_old_commune_is_shown_under_the_present_one(
    http: httpx.AsyncClient, service: Service
) -> None:
    await load(service)
    for body in (
        enterprise(commune="91001", on="2015-03-01"),
        enterprise(OTHER, "R-2", commune="06001", on="2025-08-01"),
    ):
        assert (await http.post("/v1/enterprises", json=body)).status_code == 201
    unit = branch(reference="R-3", commune="91002", on="2016-01-01")
    assert (await http.post("/v1/branches", json=unit)).status_code == 201
    one = (await http.get(f"/v1/entities/{CODE}")).json()
    assert one["state"]["commune"] == "91001"
    assert one["commune_then"] == {
        "code": "91001",
        "name": "Xã Mẫu Thượng",
        "district": "Huyện Mẫu",
    }
    assert one["commune_now"] == {"code": "06001", "name": "Xã Đoàn Kết", "split": False}
    other = (await http.get(f"/v1/entities/{OTHER}")).json()["commune_then"]
    assert other == {"code": "06001", "name": "Xã Đoàn Kết", "district": None}
    split = (await http.get(f"/v1/entities/{BRANCH}")).json()["commune_now"]
    assert split == {"code": "06016", "name": communes()["06016"], "split": True}
    for commune, expected in (("06001", [CODE, OTHER]), ("06016", [BRANCH]), ("91001", [])):
        page = (await http.get("/v1/entities", params={"commune": commune})).json()
        assert [e["code"] for e in page["entities"]] == expected
    export = (await http.get("/v1/entities.csv", params={"code": CODE})).text
    assert "91001,06001,Xã Đoàn Kết" in export


async def test_a_code_that_was_given_again_means_the_unit_of_its_day(
    http: httpx.AsyncClient, service: Service
) -> None:
    await load(service)
    for body in (
        enterprise(commune="05977", on="2015-03-01"),
        enterprise(OTHER, "R-2", commune="05977", on="2025-08-01"),
    ):
        assert (await http.post("/v1/enterprises", json=body)).status_code == 201
    for commune, expected in (("05986", [CODE]), ("05977", [OTHER])):
        page = (await http.get("/v1/entities", params={"commune": commune})).json()
        assert [e["code"] for e in page["entities"]] == expected
        assert page["entities"][0]["commune_now"]["code"] == commune


async def test_a_commune_is_judged_by_the_date_of_the_fact(
    http: httpx.AsyncClient, service: Service
) -> None:
    await load(service)
    late = await http.post("/v1/enterprises", json=enterprise(commune="91001", on="2025-07-01"))
    assert (late.status_code, late.json()["code"]) == (422, "commune_ended")
    assert late.json()["facts"]["ended"] == "2025-07-01"
    body = enterprise(commune="91001", on="2025-06-30")
    assert (await http.post("/v1/enterprises", json=body)).status_code == 201


async def test_loading_twice_changes_nothing_and_what_contradicts_is_refused_whole(
    http: httpx.AsyncClient, service: Service, conn: Connection
) -> None:
    await load(service)
    before = service.gazetteer.units
    await load(service)
    assert service.gazetteer.units == before
    body = enterprise(commune="06001", on="2025-08-01")
    assert (await http.post("/v1/enterprises", json=body)).status_code == 201
    # Somebody is registered there after the day on which it is said to have ended.
    ended = Unit("06001", REFORM, "Xã Đoàn Kết", "xã", date(2025, 7, 15))
    heir = read_units(
        b'{"units":[],"successions":[{"old":"06001","new":"06016","from":"2025-07-15"}]}'
    )[1]
    with pytest.raises(Contradiction, match="1 subjects are registered there"):
        await load_units(service.database, [ended], heir)
    with pytest.raises(Contradiction, match="exactly one main successor"):
        await load_units(service.database, [ended], [])
    late = Unit("91009", REFORM, "Xã Mẫu Mới", "xã", district="Huyện Mẫu")
    with pytest.raises(Contradiction, match="districts ended on 2025-07-01"):
        await load_units(service.database, [late], [])
    await service.read_units()
    assert service.gazetteer.units == before


def test_the_command_says_what_it_did(
    dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (("DATABASE_URL", dsn), ("KAFKA", "127.0.0.1:1"), ("TOKENS", "none")):
        monkeypatch.setenv(f"CAUNOI_{name}", value)
    assert main(["load-units", str(SAMPLE)]) == 0
    assert "70 units and 6 successions are known" in capsys.readouterr().out
    bad = tmp_path / "bad.json"
    document = json.loads(SAMPLE.read_text())
    document["successions"].pop()
    document["units"][-1]["valid_to"] = "2025-06-01"
    bad.write_text(json.dumps(document))
    assert main(["load-units", str(bad)]) == 1
    assert "refused: " in capsys.readouterr().out
