"""What the page on first-party ids shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from collectors.first_party.cookie import MAX_AGE_SECONDS, NAME
from collectors.first_party.hand_over import LIVES_MS, PARAMETER
from schemas.definitions.language import FIRST_PARTY
from schemas.definitions.model import FirstParty
from schemas.definitions.parse import parse_files

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "first-party-id.md").read_text(encoding="utf-8")


def test_the_definition_of_the_page_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (source,) = parse_files({"a.yaml": text}).sources
    hosts, domains = ("c.shop.example", "c.blog.example"), ("shop.example", "blog.example")
    assert source.first_party == FirstParty(hosts, domains=domains, secret_env="VISITOR_SECRET")


def test_every_key_has_its_line() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == set(FIRST_PARTY.keys)


def test_names_and_times_are_those_of_the_page() -> None:
    assert (NAME, PARAMETER, MAX_AGE_SECONDS, LIVES_MS) == ("ebbtide_id", "ebbtide_id", 400 * 86_400, 120_000)
    assert "for 400 days" in PAGE
    assert "**two minutes**" in PAGE
    assert f'"parameter": "{PARAMETER}"' in PAGE
