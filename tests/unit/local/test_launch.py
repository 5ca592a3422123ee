import json
import sys
from pathlib import Path

import pytest

from deploy.local.errors import ProcessEnded
from deploy.local.launch import Spec, last_lines, rotate, run_to_end, tail_text


def job(folder: Path, program: str) -> Spec:
    return Spec("job", (sys.executable, "-c", program), folder / "job.log", folder)


def test_a_job_that_fails_is_said_with_its_own_last_lines(tmp_path: Path) -> None:
    (tmp_path / "job.log").write_text("from an earlier run\n")
    with pytest.raises(ProcessEnded) as caught:
        run_to_end(job(tmp_path, "print('why'); raise SystemExit(2)"), timeout=30)
    assert "job ended with code 2" in str(caught.value)
    assert "why" in str(caught.value)
    assert "earlier run" not in str(caught.value)


def test_a_job_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ProcessEnded, match="took longer"):
        run_to_end(job(tmp_path, "import time; time.sleep(600)"), timeout=0.2)


def test_a_job_is_ended_when_the_start_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ProcessEnded, match="was stopped"):
        run_to_end(job(tmp_path, "import time; time.sleep(600)"), 60, stopped=lambda: True)


def test_the_environment_of_a_job_is_ours_on_top_of_the_given(tmp_path: Path) -> None:
    program = "import os; open('seen', 'w').write(os.environ['CAUNOI_X'] + os.environ['PATH'][:1])"
    spec = Spec(
        "job", (sys.executable, "-c", program), tmp_path / "log", tmp_path, {"CAUNOI_X": "x"}
    )
    run_to_end(spec, 30)
    assert (tmp_path / "seen").read_text().startswith("x")


def test_the_last_lines_of_a_long_log_are_the_last_ones(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    assert last_lines(log, count=2) == ["line 9998", "line 9999"]


def test_a_log_that_grew_too_large_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("x" * 20)
    rotate(log, limit=10)
    assert not log.exists()
    assert (tmp_path / "log.1").read_text() == "x" * 20


def test_of_a_json_line_the_event_and_the_end_of_its_traceback_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    record = {"level": "error", "event": "failed", "exception": "Traceback\n  x\nOSError: why"}
    log.write_text(json.dumps(record) + "\nnot json\n[1]\n")
    text = tail_text(log)
    assert "    error failed exception=OSError: why\n    not json\n    [1]\n" in text
