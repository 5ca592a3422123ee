"""Apache Kafka as one process: broker and controller in KRaft mode, for one machine.

It survives kill -9 (the page cache is the kernel's), not a power cut: a single node does not wait
for the disk at each record. Production is three nodes.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import struct
import uuid
from collections.abc import Callable
from pathlib import Path

from deploy.local import jars, jvm
from deploy.local.errors import LocalError
from deploy.local.launch import Spec, run_to_end
from deploy.local.ports import HOST, free_ports

STORAGE_TOOL = "kafka.tools.StorageTool"
SERVER = "kafka.Kafka"

# Why each differs from Kafka's own default is said where it is not plain.
_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "inter.broker.listener.name": "BROKER",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # One node holds every replica.
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Internal topics of few partitions: each costs files and time at every start.
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.num.partitions": "1",
    # A group of one process need not wait for others.
    "group.initial.rebalance.delay.ms": "0",
    # After kill -9 the broker may register again only when its old session is over (9 s by
    # default), and it asks once every heartbeat (2 s by default).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # No record every half second into the metadata log while nothing happens.
    "metadata.max.idle.interval.ms": "0",
    # Sized for two cores and a heap of 512 MB.
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
}


class KafkaServer:
    """A Kafka of its own in `folder`, listening on 127.0.0.1:`port`.

    `controller_port` is for the server alone; a free one is taken when none is given.
    """

    name = "kafka"

    def __init__(self, folder: Path, port: int, controller_port: int | None = None) -> None:
        self.folder = folder
        self.port = port
        self._controller_port = controller_port
        self._classpath: list[Path] = []
        self._aot: Path | None = None

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    def prepare(
        self,
        cache: Path,
        logs: Path,
        progress: jars.Progress = lambda _done, _total: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Everything before the start: jars, start-up archive, settings, formatted storage.

        Each step is done once; a step that was cut short is done again. Raises LocalError.
        """
        self._classpath = jars.ensure(cache, progress)
        self._aot = jvm.archive(self._classpath, cache, self._train, stopped)
        self._configure()
        self._format(logs / "kafka.log", stopped)

    def spec(self, logs: Path) -> Spec:
        """How the supervisor runs it. Call `prepare` first."""
        return Spec(
            name=self.name,
            command=(*self._java(512), SERVER, str(self.folder / "server.properties")),
            log=logs / "kafka.log",
            cwd=self.folder,
            stop_seconds=20,
            orphan_signal=signal.SIGTERM,
        )

    def ready(self, _pid: int) -> bool:
        """Whether the broker answers and is registered with the controller."""
        return brokers(self.port) > 0

    def _java(self, megabytes: int) -> tuple[str, ...]:
        return jvm.command(self._classpath, megabytes, self._aot)

    def _configure(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._controller_port is None:
            self._controller_port = free_ports(1)[0]
        write_settings(
            self.folder / "server.properties", self.port, self._controller_port, self.data
        )

    @property
    def data(self) -> Path:
        """Kafka's own folder of logs; there only when it was formatted whole."""
        return self.folder / "data"

    def _format(self, log: Path, stopped: Callable[[], bool]) -> None:
        if (self.data / "meta.properties").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise LocalError(
                f"{self.data} has records but no meta.properties: it is not Kafka's, or damaged. "
                "Put it back, or start empty with: python -m deploy.local reset"
            )
        part = self.folder / "data.part"
        shutil.rmtree(part, ignore_errors=True)  # what a start that was cut short left
        settings = self.folder / "format.properties"
        write_settings(settings, self.port, self._controller_port or 1, part)
        format_storage(self._java(128), settings, log, self.folder, stopped)
        part.replace(self.data)

    def _train(self, scratch: Path, java: tuple[str, ...]) -> jvm.Trainee:
        port, controller_port = free_ports(2)
        settings = scratch / "server.properties"
        write_settings(settings, port, controller_port, scratch / "data")
        log = scratch / "kafka.log"
        plain = jvm.command(self._classpath, 128, None)
        format_storage(plain, settings, log, scratch, lambda: False)
        spec = Spec("kafka", (*java, SERVER, str(settings)), log, scratch)
        return jvm.Trainee(spec, lambda: brokers(port) > 0)


def write_settings(path: Path, port: int, controller_port: int, data: Path) -> None:
    """Write a `server.properties` for a node that keeps its records in `data`."""
    settings = _SETTINGS | {
        "listeners": f"BROKER://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"BROKER://{HOST}:{port}",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "log.dirs": str(data).replace("\\", "\\\\"),
    }
    text = "".join(f"{key}={value}\n" for key, value in settings.items())
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_text(text, "utf-8")
    new.replace(path)


def format_storage(
    java: tuple[str, ...], settings: Path, log: Path, cwd: Path, stopped: Callable[[], bool]
) -> None:
    """Make the storage that `settings` names, under a new cluster id."""
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = (*java, STORAGE_TOOL, "format", f"--cluster-id={cluster}", f"--config={settings}")
    run_to_end(Spec("kafka format", command, log, cwd), 60, stopped)


def brokers(port: int) -> int:
    """How many brokers the cluster behind the port knows as living; -1 when nobody answers.

    One metadata request without topics, the cheapest question whose answer needs the controller.
    """
    api_metadata, version, correlation, no_client, no_topics = 3, 1, 7, -1, 0
    request = struct.pack(">hhihi", api_metadata, version, correlation, no_client, no_topics)
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            answer = connection.recv(12, socket.MSG_WAITALL)
    except OSError:
        return -1
    if len(answer) < 12:
        return -1
    _length, echoed, count = struct.unpack(">iii", answer)
    return count if echoed == correlation else -1
