"""What the page on enrichment shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from collectors.enriching.enrichment import Enriching
from collectors.enriching.origin import CLICK_IDS
from collectors.enriching.regions import MmdbRegions
from collectors.normalise import Arrival, normalise
from schemas.definitions.language import ENRICH
from schemas.definitions.parse import parse_files
from stream.runtime.settings import Settings
from stream.runtime.settings_reading import variables_of
from tests.unit.collectors.enriching.files import CITY, write_mmdb

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "enrichment.md").read_text(encoding="utf-8")


def block(head: str) -> str:
    (found,) = re.findall(rf"```{head}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_call_is_published_as_the_page_shows(tmp_path: Path) -> None:
    call: dict[str, Any] = json.loads(block("json call"))
    sources = parse_files({"a.yaml": block("yaml")}).sources
    regions = MmdbRegions(write_mmdb(tmp_path / "city.mmdb", CITY), "en")
    arrival = Arrival(1_764_000_000_000, "shop-web", "segment", enrich=Enriching(regions).of_sources(sources)["shop-web"])

    _, published = normalise(call, call["type"], None, arrival)
    assert json.loads(published)["context"] == json.loads(block("json context"))


def test_the_rule_is_one() -> None:
    assert parse_files({"a.yaml": block("yaml rule")}).tags[0].id == "from-search"


def test_every_step_click_id_and_setting_is_told() -> None:
    assert [name for name in ENRICH.keys if f"| `{name}` |" not in PAGE] == []
    assert [name for name in CLICK_IDS if f"`{name}`" not in PAGE] == []
    settings = [each.name for each in variables_of(Settings) if each.name.startswith("EBBTIDE_COLLECTOR_REGION_")]
    assert settings
    assert [name for name in settings if f"| `{name}` |" not in PAGE] == []
