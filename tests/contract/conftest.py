"""A copy of what is published, to break."""

import shutil
from pathlib import Path

import pytest

from shared.contracts.publishing.items import HERE, Tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Return a copy of the published files in an empty folder."""
    copy = Tree(tmp_path)
    for source in (HERE.schemas, HERE.examples):
        shutil.copytree(source, tmp_path / source.relative_to(HERE.root))
    for source in (HERE.asyncapi, HERE.page):
        target = tmp_path / source.relative_to(HERE.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return copy
