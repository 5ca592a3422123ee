"""`docs/events.md` leads wherever it points and leaves nothing out."""

import re

import pytest

from shared.contracts.publishing.items import HERE, ITEMS
from shared.contracts.topics import TOPICS

PAGE = HERE.page.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE))))
def test_every_link_leads_to_a_file(target: str) -> None:
    assert (HERE.page.parent / target).exists()


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", PAGE))))
def test_every_anchor_leads_to_a_heading(anchor: str) -> None:
    headings = [h.lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", PAGE, re.M)]
    assert anchor in headings


def test_it_names_every_record_and_every_topic() -> None:
    assert all(f"`{item.ce_type}`" in PAGE and item.about in PAGE for item in ITEMS)
    assert all(f"`{topic.name}`" in PAGE for topic in TOPICS)
