"""The three services as processes: their commands, their environment, their readiness."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.launch import Spec
from deploy.local.ports import HOST

SERVICES = ("registry", "petitions", "analytics")
# The sample register opens with the balance of this date; figures before it are not known.
HISTORY_FROM = "2024-12-31"


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `python -m services.<name> serve` on 127.0.0.1:`port`, started in `root`."""

    name: str
    port: int
    root: Path
    logs: Path
    env: Mapping[str, str]

    @property
    def url(self) -> str:
        """`http://host:port` without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def job(self, command: str) -> Spec:
        """A command of the service that ends by itself (`migrate`, `topics`)."""
        return self._spec(f"{self.name} {command}", command)

    def serve(self) -> Spec:
        """The service itself."""
        return self._spec(self.name, "serve")

    def _spec(self, name: str, command: str) -> Spec:
        return Spec(
            name=name,
            command=(sys.executable, "-m", f"services.{self.name}", command),
            log=self.logs / f"{self.name}.jsonl",
            cwd=self.root,
            env=self.env,
        )

    def ready(self, _pid: int) -> bool:
        """Whether `/readyz` says so."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def database(service: str) -> str:
    """The name of a service's database."""
    return f"caunoi_{service}"


def environment(
    service: str, port: int, database_url: str, bootstrap: str, tokens: Path
) -> dict[str, str]:
    """What a service reads from its environment."""
    own = {"CAUNOI_HISTORY_FROM": HISTORY_FROM} if service == "analytics" else {}
    return {
        "CAUNOI_DATABASE_URL": database_url,
        "CAUNOI_KAFKA": bootstrap,
        "CAUNOI_HOST": HOST,
        "CAUNOI_PORT": str(port),
        "CAUNOI_TOKENS": str(tokens),
        "CAUNOI_INSTANCE": "1",
        "CAUNOI_TOPIC_REPLICATION": "1",
        "PYTHONUNBUFFERED": "1",
        **own,
    }
