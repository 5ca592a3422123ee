"""Which port everything listens on, and who sits on one that is taken."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

import psutil

from deploy.local.errors import LocalError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on 127.0.0.1."""

    kafka: int = 19092
    postgres: int = 15432
    registry: int = 8001
    petitions: int = 8002
    analytics: int = 8003

    def of(self, name: str) -> int:
        """The port of a process by its name."""
        return int(getattr(self, name))

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody listens on at the moment."""
        return cls(*free_ports(len(fields(cls))))

    @classmethod
    def chosen(cls, environment: Mapping[str, str] = os.environ) -> Ports:
        """The usual ports, each replaced by `CAUNOI_PORT_<NAME>` where that is set."""
        ports = cls()
        for name in (field.name for field in fields(cls)):
            variable = f"CAUNOI_PORT_{name.upper()}"
            if value := environment.get(variable):
                ports = replace(ports, **{name: _number(variable, value)})
        return ports


def _number(variable: str, value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) < 65_536:
        raise LocalError(f"{variable}={value} is not a port: give a number from 1 to 65535.")
    return int(value)


def free_ports(count: int) -> list[int]:
    """Different ports that are free now, outside the range the kernel gives to clients.

    Inside that range a client that keeps knocking while its server is down can be given the
    server's own port and keep the server from coming back.
    """
    found: list[int] = []
    candidates = iter(random.sample(range(20_000, 32_000), 4_000))
    while len(found) < count:
        port = next(candidates, None)
        if port is None:
            raise LocalError(f"No free port was found on {HOST} between 20000 and 32000.")
        if is_free(port):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    """Whether a server could listen on the port (closed connections in TIME_WAIT do not count)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(ports: Ports, names: Iterable[str]) -> None:
    """Raise LocalError that names the first taken port, who has it, and how to choose another."""
    for name in names:
        port = ports.of(name)
        if not is_free(port):
            raise LocalError(
                f"Port {port} for {name} is taken{_by_whom(port)}. "
                f"Stop that program, or choose another port with CAUNOI_PORT_{name.upper()}."
            )


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN
            if listens and connection.laddr and connection.laddr.port == port and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:  # other users' processes are not ours to see
        pass
    return ""
