from pathlib import Path

import pytest

from deploy.local.packages import cache_folder


def test_the_cache_is_the_users_and_can_be_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("CAUNOI_CACHE", raising=False)
    assert cache_folder(tmp_path / "other") == tmp_path / "caunoi"
    monkeypatch.setenv("CAUNOI_CACHE", str(tmp_path / "mine"))
    assert cache_folder(tmp_path / "other") == tmp_path / "mine"


def test_a_user_without_a_home_keeps_downloads_beside_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("CAUNOI_CACHE", raising=False)
    assert cache_folder(tmp_path / "other") == tmp_path / "other"
