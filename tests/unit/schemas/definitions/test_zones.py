from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from schemas.definitions.model import (
    AllOf,
    AnniversaryNode,
    CalendarWindow,
    Comparison,
    DateNode,
    EventMatch,
    EventNode,
    Node,
    NotNode,
    Segment,
    StaysNode,
)
from schemas.definitions.zones import zone_named
from schemas.errors import Misconfigured
from segments.calendar import midnight_ms
from segments.compile import compile_bundle
from segments.engine import Engine
from tests.unit.schemas.definitions.reading import faults
from tests.unit.segments.life import Life, made

ROOT = Path(__file__).parents[4]
PROGRAM = """
from datetime import date
from zoneinfo import ZoneInfo
from schemas.definitions.parse import parse_files
from segments.calendar import midnight_ms
text = "segments: [{id: s, when: {event: v, calendar: {unit: day, zone: Pacific/Apia}}}]"
print(parse_files({"a.yaml": text}).segments[0].when.calendar.zone)
for zone in ("Asia/Shanghai", "Europe/Berlin", "Pacific/Apia", "America/St_Johns", "Asia/Calcutta", "UTC"):
    print(*(midnight_ms(date(year, month, 30), zone) for year in (1950, 2011, 2026, 2100) for month in (3, 7, 12)))
"""


def told(tz_path: str) -> str:
    """What a process on a host with this tz database says of some zones."""
    environment = {**os.environ, "PYTHONTZPATH": tz_path, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_host_without_a_tz_database_or_with_a_wrong_one_tells_the_same_times(tmp_path: Path) -> None:
    with_any = told("/usr/share/zoneinfo:/usr/lib/zoneinfo")
    zone = tmp_path / "Asia" / "Shanghai"
    zone.parent.mkdir()
    zone.write_bytes(b"TZif" + b"\0" * 40)

    assert with_any.startswith("Pacific/Apia\n")
    assert told("") == with_any
    assert told(str(tmp_path)) == with_any


def test_zones_are_those_of_today_and_of_the_past() -> None:
    assert midnight_ms(date(2026, 7, 1), "Asia/Shanghai") == 1_782_835_200_000
    assert midnight_ms(date(2011, 12, 30), "Pacific/Apia") == midnight_ms(date(2011, 12, 31), "Pacific/Apia")
    assert zone_named("Asia/Shanghai").key == "Asia/Shanghai"


@pytest.mark.parametrize("name", ["localtime", "Factory", "posix/UTC", "Asia", "../zones", "Asia/../UTC", "asia/shanghai", "Atlantis"])
def test_what_a_host_or_its_files_may_call_a_zone_is_none(name: str) -> None:
    (fault,) = faults(f"segments: [{{id: s, when: {{event: v, calendar: {{unit: day, zone: {name}}}}}}}]")
    assert "expected a zone of the tz database" in fault
    with pytest.raises(Misconfigured, match=r"install the tzdata of the host"):
        zone_named(name)


def with_zone(zone: str) -> list[Node]:
    window = CalendarWindow("day", zone)
    event = EventNode(EventMatch(("a",), AllOf(())), (Comparison("gte", 1),), calendar=window)
    return [event, DateNode("d", "next", 1_000, zone), AnniversaryNode("d", 1_000, zone), StaysNode(NotNode(event), 1_000)]


@pytest.mark.parametrize("kind", range(4))
def test_a_zone_is_read_when_definitions_are_compiled_and_never_at_an_event(kind: int) -> None:
    zone_named.cache_clear()
    life = Life(Engine(made(Segment("s", "s", with_zone("Asia/Kathmandu")[kind]))))
    read = zone_named.cache_info().misses
    life.event(0, "a", traits={"d": "2025-11-25"})
    life.advance(10_000_000)

    assert (read, zone_named.cache_info().misses) == (1, 1)


def test_definitions_with_a_zone_that_this_database_does_not_have_are_not_run() -> None:
    with pytest.raises(Misconfigured, match="'Atlantis/North', which tzdata 2"):
        compile_bundle(made(Segment("s", "s", with_zone("Atlantis/North")[1])))
