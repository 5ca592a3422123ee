import os
import signal
from pathlib import Path

import pytest

from deploy.local.owner import Owner, owner_for

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another user")


def test_an_ordinary_user_starts_postgres_as_himself() -> None:
    assert Owner().wrap(("postgres",), signal.SIGINT) == ("postgres",)


def test_root_names_the_parent_death_signal_again_because_the_change_of_user_clears_it() -> None:
    command = Owner(65534, 65534).wrap(("postgres", "-D", "x"), signal.SIGINT)
    assert command[0] == "setpriv"
    assert "--pdeathsig=INT" in command
    assert command[-3:] == ("postgres", "-D", "x")


@as_root
def test_root_gives_one_capability_only_where_a_folder_is_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert owner_for(Path("/usr/bin/env")).capability is None
    assert owner_for(closed / "data").capability in {"dac_read_search", "dac_override"}
