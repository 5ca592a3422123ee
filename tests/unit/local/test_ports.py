import socket

import pytest

from deploy.local.errors import LocalError
from deploy.local.ports import HOST, Ports, free_ports, is_free, require_free


def test_free_ports_are_different_and_outside_the_range_of_clients() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert all(20_000 <= port < 32_000 for port in ports)


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server((HOST, 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_a_taken_port_is_said_with_its_process_and_the_way_to_choose_another() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LocalError) as caught:
            require_free(Ports(kafka=port), ["kafka"])
    assert f"Port {port} for kafka is taken by" in str(caught.value)
    assert "CAUNOI_PORT_KAFKA" in str(caught.value)


def test_only_the_ports_that_are_used_must_be_free() -> None:
    with socket.create_server((HOST, 0)) as server:
        require_free(Ports(kafka=server.getsockname()[1], postgres=free_ports(1)[0]), ["postgres"])


def test_the_environment_replaces_single_ports() -> None:
    assert Ports.chosen({"CAUNOI_PORT_ANALYTICS": "9003"}) == Ports(analytics=9003)


@pytest.mark.parametrize("value", ["0", "65536", "-1", "many"])
def test_a_port_that_is_no_port_is_said(value: str) -> None:
    with pytest.raises(LocalError, match="CAUNOI_PORT_KAFKA"):
        Ports.chosen({"CAUNOI_PORT_KAFKA": value})
