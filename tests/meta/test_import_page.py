"""The examples of docs/sources/import.md are files that can be imported."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Final

import orjson

from collectors.body import Limits
from collectors.importing.columns import columns_of
from collectors.importing.events import Format, event_of
from collectors.importing.reading import records
from collectors.normalise import Arrival

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "sources" / "import.md").read_text(encoding="utf-8")
ARRIVAL: Final = Arrival(1_770_000_000_000, "crm", "import")


def example(kind: str) -> bytes:
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1].encode()


def test_the_lines_of_json_are_events() -> None:
    lines = records(io.BytesIO(example("json")), is_csv=False)
    events = [orjson.loads(event_of(line, Format(), Limits(), ARRIVAL)[1]) for line in lines]
    assert [event["type"] for event in events] == ["track", "identify", "tag"]


def test_the_csv_is_an_event() -> None:
    header, row = records(io.BytesIO(example("csv")), is_csv=True)
    assert header.text is not None
    event = orjson.loads(event_of(row, Format(columns_of(header.text), event="order_completed"), Limits(), ARRIVAL)[1])
    assert (event["event"], event["properties"]) == ("order_completed", {"price": 129, "zip": "01234"})
