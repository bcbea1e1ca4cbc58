"""What the README tells a newcomer to type does what it says."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from schemas.definitions.parse import parse_files
from tests.unit.segments.scene import SECOND, story

ROOT: Final = Path(__file__).resolve().parents[2]
TEXT: Final = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
UNDER_WAY_MS: Final = 200


def block(language: str, word: str) -> str:
    """The one code block of the README in which a word stands."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if word in text]
    assert len(found) == 1
    return str(found[0])


def test_the_readme_s_event_enters_its_segment_and_half_a_minute_later_time_leaves_it() -> None:
    command = block("sh", "curl")
    sent = re.search(r"-d '(.*)'", command)
    assert sent is not None
    newcomer = story(block("yaml", "segments:"))
    newcomer.event(UNDER_WAY_MS, event_at=0, **json.loads(sent.group(1)))
    newcomer.advance(60 * SECOND)

    (entered, left) = newcomer.rows()
    assert entered == ("hot_shoes", "in", UNDER_WAY_MS, "event")
    assert left[:2] + left[3:] == ("hot_shoes", "out", "time")
    assert 30 * SECOND < left[2] < 40 * SECOND


def test_the_readme_s_key_is_the_one_that_its_source_takes() -> None:
    key = re.search(r"curl -u (\w+):", TEXT)
    assert key is not None
    definitions = parse_files({"definitions.yaml": block("yaml", "sources:")})
    assert sha256(key.group(1).encode()).hexdigest() in repr(definitions.sources)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", prose(page)) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_section_leads_to_one(page: Path) -> None:
    links = [(path or page.name, section) for path, section in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", prose(page)) if "://" not in path]
    assert [(path, section) for path, section in links if section not in sections(page.parent / path)] == []


def prose(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def sections(page: Path) -> set[str]:
    """The anchors of a page's headings: small letters, without marks, a hyphen for each blank."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
