import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.errors import LocalError
from deploy.local.launch import Spec
from deploy.local.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[3]
SLEEPS = "import time\nprint('awake', flush=True)\ntime.sleep(600)"


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def spec(folder: Path, program: str, stop_seconds: float = 10) -> Spec:
    return Spec(
        name="worker",
        command=(sys.executable, "-c", program),
        log=folder / "logs" / "worker.jsonl",
        cwd=folder,
        stop_seconds=stop_seconds,
    )


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(
        said.append, lambda text, seconds: said.append(f"{text} Again in {seconds} s.")
    )
    yield supervisor
    supervisor.close([])


def test_a_process_that_dies_is_said_with_its_last_lines_and_started_again(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    once = (
        "import pathlib, sys, time\n"
        "mark = pathlib.Path('mark')\n"
        "if not mark.exists(): mark.touch(); sys.exit('the reason')\n"
        "time.sleep(600)"
    )
    supervisor.start(spec(tmp_path, once))
    until(lambda: supervisor.deaths("worker") == 1 and supervisor.pid("worker") is not None)
    assert "worker ended with code 1" in said[0]
    assert "the reason" in said[0]


def test_each_death_in_a_row_waits_longer(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    supervisor.start(spec(tmp_path, "raise SystemExit(3)"))
    until(lambda: len(said) >= 3)
    assert [text.rsplit("Again in ", 1)[1] for text in said[:3]] == ["0.2 s.", "0.5 s.", "1.0 s."]


def test_a_killed_process_comes_back_under_another_number(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    supervisor.start(spec(tmp_path, SLEEPS))
    first = supervisor.pid("worker")
    supervisor.kill("worker")
    until(lambda: supervisor.pid("worker") not in (None, first))
    assert "ended by SIGKILL" in said[0]


def test_a_held_process_stays_down_until_it_is_started(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    supervisor.start(spec(tmp_path, SLEEPS))
    supervisor.kill("worker", hold=True)
    assert supervisor.pid("worker") is None
    supervisor.start_again("worker")
    assert supervisor.pid("worker") is not None
    assert said == []


def test_a_stopped_process_ends_cleanly_and_stays_down(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    clean = (
        "import pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path('clean').touch(), sys.exit(0)))\n"
        "print('awake', flush=True)\n"
        "time.sleep(600)"
    )
    supervisor.start(spec(tmp_path, clean))
    until(lambda: "awake" in (tmp_path / "logs" / "worker.jsonl").read_text())
    supervisor.stop("worker")
    assert (tmp_path / "clean").exists()
    assert supervisor.pid("worker") is None
    assert said == []


def test_a_process_that_ignores_the_request_is_killed_when_its_time_is_up(
    tmp_path: Path, supervisor: Supervisor, said: list[str]
) -> None:
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEPS
    supervisor.start(spec(tmp_path, deaf, stop_seconds=0.2))
    until(lambda: "awake" in (tmp_path / "logs" / "worker.jsonl").read_text())
    supervisor.stop("worker")
    assert supervisor.pid("worker") is None
    assert "did not end" in said[0]


def test_a_paused_process_can_be_resumed_and_stopped(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    supervisor.start(spec(tmp_path, SLEEPS))
    pid = supervisor.pid("worker")
    assert pid is not None
    supervisor.send("worker", signal.SIGSTOP)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    supervisor.send("worker", signal.SIGCONT)
    until(lambda: psutil.Process(pid).status() != psutil.STATUS_STOPPED)
    supervisor.send("worker", signal.SIGSTOP)
    supervisor.stop("worker")
    assert not psutil.pid_exists(pid)


def test_a_program_that_is_not_there_is_a_sentence(tmp_path: Path, supervisor: Supervisor) -> None:
    missing = Spec("worker", ("/nonexistent/program",), tmp_path / "log", tmp_path)
    with pytest.raises(LocalError, match="worker could not be started"):
        supervisor.start(missing)


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_no_child_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local.launch import Spec\n"
        "from deploy.local.supervisor import Supervisor\n"
        "folder = Path(sys.argv[1])\n"
        "supervisor = Supervisor(print, print)\n"
        f"line = (sys.executable, '-c', {SLEEPS!r})\n"
        "supervisor.start(Spec('worker', line, folder / 'log', folder))\n"
        "print(supervisor.pid('worker'), flush=True)\n"
        "time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
