"""The line of a request is like every other line, only cheaper."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from shared.plumbing import log


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a configured process writes; the log is as it was afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    found = io.StringIO()
    monkeypatch.setattr(sys, "stdout", found)
    log.configure("test")
    yield found
    root.handlers[:], log._plain.handler = before, None
    root.setLevel(level)


def test_a_plain_line_says_what_an_ordinary_one_says(stdout: io.StringIO) -> None:
    log.get_logger("a.b").info("request", route="/v1/x", status=201)
    log.say_plainly("a.b", "request", route="/v1/x", status=201)
    ordinary, plain = (json.loads(line) for line in stdout.getvalue().splitlines())
    assert list(plain) == list(ordinary)
    assert {**plain, "time": ""} == {**ordinary, "time": ""}
    assert len(plain["time"]) == len(ordinary["time"])


def test_a_plain_line_follows_the_level(stdout: io.StringIO) -> None:
    logging.getLogger().setLevel(logging.WARNING)
    log.say_plainly("a.b", "request")
    assert stdout.getvalue() == ""


def test_a_line_that_cannot_be_written_disturbs_nobody(stdout: io.StringIO) -> None:
    stdout.close()
    log.say_plainly("a.b", "request")
