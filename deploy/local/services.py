"""The three services as processes: preparation, environment, command, readiness."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.launch import Spec
from deploy.local.ports import HOST
from deploy.local.prepare import VARIABLE

SERVICES = ("registry", "petitions", "analytics")
# The sample register opens with the balance of this date; figures before it are not known.
HISTORY_FROM = "2024-12-31"
_OURS = Path(__file__).resolve().parents[2]


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

    def serve(self) -> Spec:
        """How the supervisor runs it."""
        return Spec(
            name=self.name,
            command=(sys.executable, "-m", f"services.{self.name}", "serve"),
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


def preparation(services: Sequence[Service]) -> Spec:
    """The job that migrates the databases of the services and makes their topics."""
    first = services[0]
    return Spec(
        name="the preparation of the services",
        command=(sys.executable, "-m", "deploy.local.prepare"),
        log=first.logs / "prepare.log",
        cwd=first.root,
        env={
            VARIABLE: json.dumps({service.name: dict(service.env) for service in services}),
            # `root` comes first; this finds the module itself where `root` is another project.
            "PYTHONPATH": os.pathsep.join([str(_OURS), *filter(None, [os.getenv("PYTHONPATH")])]),
            "PYTHONUNBUFFERED": "1",
        },
    )


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
