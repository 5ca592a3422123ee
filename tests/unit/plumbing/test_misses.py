from datetime import UTC, datetime, timedelta

import pytest

from shared.plumbing.misses import MissLimit, client_of

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_client_misses_so_often_and_then_waits() -> None:
    limit = MissLimit(burst=3, seconds=30)
    for _ in range(3):
        assert limit.wait("a", NOW) == 0
        limit.missed("a", NOW)
    assert limit.wait("a", NOW) == 30
    assert limit.wait("b", NOW) == 0


def test_waiting_as_long_as_was_said_is_long_enough_for_one_more_miss() -> None:
    limit = MissLimit(burst=3, seconds=30)
    for _ in range(5):
        limit.missed("a", NOW)
    wait = limit.wait("a", NOW)
    assert wait == 90
    assert limit.wait("a", later(wait - 1)) > 0
    assert limit.wait("a", later(wait)) == 0
    limit.missed("a", later(wait))
    assert limit.wait("a", later(wait)) == 30


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limit = MissLimit(burst=1, seconds=30)
    limit.missed("a", NOW)
    assert limit.wait("a", later(-3600)) == 30


def test_no_more_clients_are_remembered_than_there_is_room_for() -> None:
    limit = MissLimit(burst=1, seconds=30, clients=2)
    for client in ("a", "b", "a", "c"):
        limit.missed(client, NOW)
    assert [limit.wait(client, NOW) > 0 for client in "abc"] == [True, False, True]


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        (None, "-"),
    ],
)
def test_an_address_stands_for_who_has_it(host: str | None, client: str) -> None:
    assert client_of(host) == client
