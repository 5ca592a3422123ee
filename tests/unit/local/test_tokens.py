import json
from pathlib import Path

import pytest

from deploy.local import tokens


def test_the_operator_has_every_scope_and_keeps_the_token_from_run_to_run(tmp_path: Path) -> None:
    first = tokens.ensure(tmp_path / "tokens.json")
    assert first == tokens.ensure(tmp_path / "tokens.json")
    assert first[0]["name"] == "operator"
    assert set(first[0]["scopes"]) == set(tokens.SCOPES)


def test_only_the_owner_can_read_the_tokens(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    tokens.ensure(file)
    file.chmod(0o644)
    tokens.ensure(file)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("rest", ["", '{"tokens": [', "[]", '{"tokens": [{"name": "x"}]}'])
def test_a_file_that_was_not_written_whole_is_made_anew(tmp_path: Path, rest: str) -> None:
    file = tmp_path / "tokens.json"
    file.write_text(rest)
    made = tokens.ensure(file)
    assert json.loads(file.read_text()) == {"tokens": made}


def test_tokens_somebody_added_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    agency = tokens.new_token("so-cong-thuong", "SCT", ["petitions:handle"])
    tokens.ensure(file, [agency])
    assert agency in tokens.ensure(file)
