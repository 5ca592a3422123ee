"""The embedded stack on real servers, with services that only pretend."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, NewTopic  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from deploy.local.errors import LocalError
from deploy.local.ports import HOST, Ports
from deploy.local.services import SERVICES
from deploy.local.stack import ROOT, Stack

SERVICE = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

seen = {name: value for name, value in os.environ.items() if name.startswith("CAUNOI_")}
print(json.dumps({"command": sys.argv[1], **seen}), flush=True)
if sys.argv[1] == "migrate" and Path("refuse").exists():
    sys.exit("the schema is from tomorrow")

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass

if sys.argv[1] == "serve":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    HTTPServer(("127.0.0.1", int(os.environ["CAUNOI_PORT"])), Answer).serve_forever()
"""


def make_services(root: Path) -> Path:
    for name in ("registry", "petitions", "analytics"):
        folder = root / "services" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "__main__.py").write_text(SERVICE)
    (root / "services" / "__init__.py").touch()
    return root


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root = make_services(tmp_path_factory.mktemp("root"))
    with Stack(tmp_path_factory.mktemp("stack"), ports=Ports.free(), root=root) as stack:
        yield stack


async def note(stack: Stack, text: str) -> None:
    """Leave a durable trace in both servers."""
    connection = await asyncpg.connect(stack.database_url())
    await connection.execute("CREATE TABLE IF NOT EXISTS notes (text text)")
    await connection.execute("INSERT INTO notes VALUES ($1)", text)
    await connection.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.addresses.kafka)
    await admin.start()
    if "notes" not in await admin.list_topics():
        await admin.create_topics([NewTopic("notes", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=stack.addresses.kafka, acks="all")
    await producer.start()
    await producer.send_and_wait("notes", text.encode())
    await producer.stop()


async def notes(stack: Stack) -> tuple[list[str], list[str]]:
    """What PostgreSQL and Kafka kept."""
    connection = await asyncpg.connect(stack.database_url())
    rows = await connection.fetch("SELECT text FROM notes")
    await connection.close()
    consumer = AIOKafkaConsumer(
        "notes", bootstrap_servers=stack.addresses.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    records: list[str] = []
    while len(records) < len(rows):
        records.append((await asyncio.wait_for(consumer.getone(), 30)).value.decode())
    await consumer.stop()
    return [row["text"] for row in rows], records


async def test_everything_is_up_when_the_start_returns(stack: Stack) -> None:
    for name in ("kafka", "postgres", "registry", "petitions", "analytics"):
        assert stack.is_ready(name)
    connection = await asyncpg.connect(stack.database_url("caunoi_analytics"))
    row = await connection.fetchrow(
        "SELECT current_setting('server_version_num')::int / 10000 AS major,"
        " current_setting('fsync') AS fsync, current_setting('max_connections') AS connections,"
        " pg_encoding_to_char(encoding) AS encoding, datlocale AS locale"
        " FROM pg_database WHERE datname = current_database()"
    )
    await connection.close()
    assert row is not None
    assert dict(row) == {
        "major": 18,
        "fsync": "on",
        "connections": "200",
        "encoding": "UTF8",
        "locale": "C.UTF-8",
    }


def test_a_service_is_migrated_and_given_its_topics_before_it_serves(stack: Stack) -> None:
    commands = [json.loads(line) for line in prepared(stack) if line.startswith("{")]
    assert [
        (row["command"], row["CAUNOI_DATABASE_URL"].rpartition("/")[2]) for row in commands
    ] == [
        *(("migrate", f"caunoi_{name}") for name in SERVICES),
        *(("topics", f"caunoi_{name}") for name in SERVICES),
    ]
    served = json.loads((stack.logs / "analytics.jsonl").read_text().splitlines()[0])
    assert served["command"] == "serve"
    assert served["CAUNOI_HISTORY_FROM"] == "2024-12-31"
    assert served["CAUNOI_KAFKA"] == stack.addresses.kafka


def prepared(stack: Stack) -> list[str]:
    return (stack.logs / "prepare.log").read_text().splitlines()


def test_the_environment_of_one_service_does_not_reach_the_next(stack: Stack) -> None:
    rows = [json.loads(line) for line in prepared(stack) if line.startswith("{")]
    with_history = {row["CAUNOI_PORT"] for row in rows if "CAUNOI_HISTORY_FROM" in row}
    assert with_history == {str(stack.ports.analytics)}


async def test_a_database_asks_for_the_password(stack: Stack) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"{stack.addresses.postgres}/postgres", password="guess")


async def test_no_topic_is_made_by_accident(stack: Stack) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=stack.addresses.kafka, request_timeout_ms=1000)
    await producer.start()
    with pytest.raises(KafkaError):
        await producer.send_and_wait("caunoi.mistyped.v1", b"x")
    await producer.stop()


async def test_postgres_keeps_what_it_acknowledged_through_kill_9(stack: Stack) -> None:
    await note(stack, "before Postgres was killed")
    await asyncio.to_thread(stack.kill, "postgres")
    await asyncio.to_thread(stack.wait_ready, "postgres")
    rows, records = await notes(stack)
    assert rows == records
    assert "before Postgres was killed" in rows


async def test_kafka_keeps_what_it_acknowledged_through_kill_9(stack: Stack) -> None:
    await note(stack, "before Kafka was killed")
    await asyncio.to_thread(stack.kill, "kafka")
    await asyncio.to_thread(stack.wait_ready, "kafka")
    rows, records = await notes(stack)
    assert rows == records
    assert "before Kafka was killed" in records


def test_postgres_comes_back_when_only_its_first_process_was_killed(stack: Stack) -> None:
    pid = stack.pid("postgres")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: stack.pid("postgres") not in (None, pid))
    stack.wait_ready("postgres")


def test_a_killed_service_comes_back(stack: Stack) -> None:
    pid = stack.pid("registry")
    stack.kill("registry")
    stack.wait_ready("registry")
    assert stack.pid("registry") not in (None, pid)


def test_a_held_service_stays_down_until_it_is_started(stack: Stack) -> None:
    stack.kill("petitions", hold=True)
    assert not stack.is_ready("petitions")
    stack.start_process("petitions")
    assert stack.is_ready("petitions")


def test_a_paused_server_goes_on_when_it_is_resumed(stack: Stack) -> None:
    stack.pause("postgres")
    stack.resume("postgres")
    stack.pause("analytics")
    assert not stack.is_ready("analytics")
    stack.resume("analytics")
    stack.wait_ready("analytics")


def test_a_second_stack_in_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(LocalError, match=r"is running in .* already"):
        Stack(stack.folder, ports=Ports.free(), services=()).start()
    assert stack.is_ready("kafka")


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server:
        ports = Ports(postgres=server.getsockname()[1])
        with pytest.raises(LocalError, match="for postgres is taken by"):
            Stack(tmp_path, ports=ports, servers=("postgres",), services=()).start()
    assert not (tmp_path / "postgres").exists()


async def test_started_again_it_goes_on_with_its_data(tmp_path: Path) -> None:
    stack = Stack(tmp_path, ports=Ports.free(), services=())
    await asyncio.to_thread(stack.start)
    token = stack.token
    await note(stack, "first")
    await asyncio.to_thread(stack.stop)
    await asyncio.to_thread(stack.start)
    assert await notes(stack) == (["first"], ["first"])
    assert stack.token == token
    await asyncio.to_thread(stack.stop)
    assert not list(tmp_path.glob("state.json*"))


def test_a_start_cut_short_while_folders_were_made_is_done_again(tmp_path: Path) -> None:
    for part in (tmp_path / "postgres" / "data.part", tmp_path / "kafka" / "data.part"):
        part.mkdir(parents=True)
        (part / "half").write_text("PG_VERSI")
    with Stack(tmp_path, ports=Ports.free(), services=()) as stack:
        assert stack.is_ready("postgres")
        assert stack.is_ready("kafka")
    assert not list(tmp_path.glob("*/*.part"))


def test_a_start_that_is_killed_inside_initdb_is_done_again(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom deploy.local.stack import Ports, Stack\n"
        "Stack(Path(sys.argv[1]), ports=Ports.free(), servers=('postgres',), services=()).start()"
    )
    first = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT)
    until(lambda: any((tmp_path / "postgres").glob("data.part/*")))
    first.kill()
    first.wait()
    assert not (tmp_path / "postgres" / "data").exists()
    with Stack(tmp_path, ports=Ports.free(), servers=("postgres",), services=()) as stack:
        assert stack.is_ready("postgres")


def test_a_migration_that_fails_ends_the_start_with_its_reason(tmp_path: Path) -> None:
    root = make_services(tmp_path / "root")
    (root / "refuse").touch()
    stack = Stack(tmp_path / "stack", ports=Ports.free(), root=root)
    with pytest.raises(LocalError, match=r"registry migrate failed: the schema is from tomorrow"):
        stack.start()
    mine = [child for child in psutil.Process().children() if _belongs(child, tmp_path)]
    assert mine == []


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_the_commands_run_show_and_stop_a_stack(tmp_path: Path) -> None:
    ports = Ports.free()
    env = os.environ | {
        "CAUNOI_PORT_KAFKA": str(ports.kafka),
        "CAUNOI_PORT_POSTGRES": str(ports.postgres),
    }

    def command(*words: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "deploy.local", *words, "--folder", str(tmp_path)]
        return subprocess.Popen(
            line, cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    running = command("run", "--servers-only")
    until(lambda: command("status").wait() == 0)
    second = command("run", "--servers-only")
    assert "is running in" in second.communicate()[0]
    assert second.returncode == 1
    assert command("stop").wait() == 0
    said, _ = running.communicate()
    assert running.returncode == 0
    assert "Everything is ready" in said
    assert "Traceback" not in said
    assert command("status").wait() == 1
