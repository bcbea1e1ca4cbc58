"""What the page on schemas of events shows is what happens."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

from collectors.conforming import conforming
from collectors.normalise import Arrival, normalise
from collectors.server.first_types import TYPES_MAX
from schemas.conformity import NAME_CHARACTERS_MAX
from schemas.definitions.event_schemas import MOST_CHARACTERS
from schemas.definitions.language import EVENT_SCHEMAS
from schemas.definitions.parse import parse_files
from stream.runtime.catalogue import collector as catalogue

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "event-schemas.md").read_text(encoding="utf-8")


def block(head: str) -> str:
    (found,) = re.findall(rf"```{head}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_call_is_published_as_the_page_shows() -> None:
    call = json.loads(block("json call"))
    sources = parse_files({"a.yaml": block("yaml"), "product_viewed.schema.json": "{}"}).sources
    arrival = Arrival(1_764_000_000_000, "shop-web", "segment", inspect=conforming(sources, lambda *_: None))

    _, published = normalise(call, call["type"], None, arrival)
    assert json.loads(published)["context"] == json.loads(block("json context"))


def test_every_key_metric_and_bound_is_told() -> None:
    assert [name for name in EVENT_SCHEMAS.keys if f"| `{name}` |" not in PAGE] == []
    assert [metric.name for metric in (catalogue.VIOLATIONS, catalogue.TYPES_LEFT_OUT) if metric.name not in PAGE] == []
    assert (f"{TYPES_MAX:,}".replace(",", " ") + " types") in PAGE
    assert (f"{MOST_CHARACTERS:,}".replace(",", " ") + " characters") in PAGE
    assert f"at most {NAME_CHARACTERS_MAX} characters" in PAGE
