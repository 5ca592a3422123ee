from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.errors import LocalError
from deploy.local.jars import Jar


def test_every_locked_jar_has_a_coordinate_and_a_checksum_and_a_name_of_its_own() -> None:
    locked = jars.locked()
    assert len({jar.filename for jar in locked}) == len(locked)
    for jar in locked:
        assert len(jar.coordinate.split(":")) == 3
        assert len(bytes.fromhex(jar.sha256)) == 32


def test_all_of_kafka_is_of_one_version() -> None:
    own = [jar for jar in jars.locked() if jar.coordinate.startswith("org.apache.kafka:")]
    assert own
    assert {jar.coordinate.rsplit(":", 1)[1] for jar in own} == {jars.KAFKA_VERSION}


def test_jars_that_are_there_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jars, "_fetch", lambda *_: pytest.fail("fetched"))
    folder = tmp_path / f"kafka-{jars.KAFKA_VERSION}"
    folder.mkdir()
    for jar in jars.locked():
        (folder / jar.filename).touch()
    assert [path.name for path in jars.ensure(tmp_path)] == [j.filename for j in jars.locked()]


def _pretend(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes, jar: Jar) -> None:
    def downloader(repository: Path) -> object:
        def download(_coordinate: str) -> Path:
            repository.mkdir(parents=True, exist_ok=True)
            path = repository / jar.filename
            path.write_bytes(content)
            return path

        return download

    monkeypatch.setattr(jars, "locked", lambda: [jar])
    monkeypatch.setattr(jars, "_downloader", downloader)


def test_a_jar_with_the_wrong_checksum_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, tmp_path, b"something else", Jar("g:thing:1", "00" * 32))
    with pytest.raises(LocalError, match="wrong checksum"):
        jars.ensure(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_fetch_that_was_cut_short_is_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / f"kafka-{jars.KAFKA_VERSION}").mkdir()
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    _pretend(monkeypatch, tmp_path, b"abc", Jar("g:thing:1", digest))
    (path,) = jars.ensure(tmp_path)
    assert path.read_bytes() == b"abc"
