"""Clock, identifiers, problems, tokens, logs, health of text."""

import json
import logging
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from shared.plumbing import log
from shared.plumbing.auth import Principal, TokenFile, require
from shared.plumbing.clock import FixedClock, SystemClock, legal_date
from shared.plumbing.errors import Problem
from shared.plumbing.ids import new_event_id, new_token
from shared.plumbing.kafka.clients import partition_of
from shared.plumbing.kafka.records import RawRecord


def test_the_legal_date_changes_at_seventeen_hours_utc() -> None:
    assert legal_date(datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC)) == date(2025, 12, 31)
    assert legal_date(datetime(2025, 12, 31, 17, 0, tzinfo=UTC)) == date(2026, 1, 1)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        legal_date(datetime(2025, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="aware"):
        FixedClock(datetime(2025, 1, 1))  # noqa: DTZ001


def test_a_fixed_clock_stands_still_until_it_is_set() -> None:
    clock = FixedClock(datetime(2025, 1, 1, tzinfo=UTC))
    clock.set(clock.now() + timedelta(days=1))
    assert clock.now() == datetime(2025, 1, 2, tzinfo=UTC)
    assert SystemClock().now().tzinfo is UTC


def test_event_ids_are_uuids_of_version_seven_that_rise() -> None:
    ids = [new_event_id() for _ in range(1_000)]
    assert ids == sorted(set(ids))
    assert {UUID(one).version for one in ids} == {7}
    assert len(new_token()) >= 43


def test_a_problem_document_has_both_languages() -> None:
    problem = Problem("x", 409, title_vi="Trễ", title_en="Late", facts={"days": 3})
    assert problem.to_json("urn:uuid:1") == {
        "type": "urn:caunoi:problem:x",
        "code": "x",
        "status": 409,
        "title": "Trễ",
        "title_en": "Late",
        "detail": "Trễ",
        "detail_en": "Late",
        "facts": {"days": 3},
        "instance": "urn:uuid:1",
    }


def _tokens(path: Path, **names: str) -> None:
    entries = [
        {"token": token, "name": name, "agency": None, "scopes": ["operate"]}
        for token, name in names.items()
    ]
    path.write_text(json.dumps({"tokens": entries}))


async def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    _tokens(path, one="An")
    source = TokenFile(path)
    assert await source.find("one") == Principal("An", None, frozenset({"operate"}))
    assert await source.find("two") is None
    _tokens(path, two="Bình")
    os.utime(path, (1, 1))
    assert await source.find("one") is None
    found = await source.find("two")
    assert found is not None
    path.write_text("{broken")
    os.utime(path, (2, 2))
    assert await source.find("two") == found, "a broken file keeps the tokens read last"


async def test_a_token_can_speak_for_a_system_of_another_name(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    row = {"token": "one", "name": "An", "agency": "STC", "scopes": [], "source": "/vn/x/dkkd"}
    path.write_text(json.dumps({"tokens": [row]}))
    assert await TokenFile(path).find("one") == Principal("An", "STC", frozenset(), "/vn/x/dkkd")


def test_an_absent_or_broken_token_file_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"tokens\.json"):
        TokenFile(tmp_path / "tokens.json")
    (tmp_path / "tokens.json").write_text('{"tokens": [{"token": 1}]}')
    with pytest.raises(ValueError, match="token"):
        TokenFile(tmp_path / "tokens.json")


def test_a_missing_scope_is_forbidden() -> None:
    principal = Principal("An", None, frozenset({"a"}))
    require(principal, "a")
    with pytest.raises(Problem) as refused:
        require(principal, "b")
    assert (refused.value.code, refused.value.status) == ("forbidden", 403)


def test_every_log_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        log.configure("test", "info")
        log.get_logger("ours").info("said", amount=5, odd=object(), text="dòng\nhai")
        logging.getLogger("uvicorn.error").warning("theirs %s", "too")
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            log.get_logger("ours").exception("failed")
        log.get_logger("ours").debug("unsaid")
    finally:
        root.handlers[:], root.level = handlers, level
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["said", "theirs too", "failed"]
    assert all(line["service"] == "test" and line["time"] for line in lines)
    assert "ZeroDivisionError" in lines[2]["exception"]


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        log.configure("test", "LOUD")


def test_partitions_are_those_of_kafkas_own_clients() -> None:
    # Values of org.apache.kafka.common.utils.Utils.murmur2, masked, by 12 and by 7.
    hashes = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    for key, expected in hashes.items():
        for count in (7, 12):
            assert partition_of(key, count) == (expected & 0x7FFFFFFF) % count


def test_a_header_that_is_no_text_is_no_header() -> None:
    headers = (("a", b"1"), ("a", b"2"), ("b", None), ("c", b"\xff"))
    record = RawRecord("t", 0, 0, None, None, headers, 0)
    assert record.header("a") == "2"
    assert [record.header(name) for name in "bcd"] == [None, None, None]
