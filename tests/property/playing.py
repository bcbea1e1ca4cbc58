"""A log written down event by event, through the engine and the oracle alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import Definitions
from tests.oracle.partition import Outcome, run_partition
from tests.oracle.times import read_time
from tests.property.driver import Driver, Place, Step
from tests.property.verdict import differences
from tests.unit.oracle.scenario import Log, T

Row = tuple[str, str, int, str]


def play(story: Log, steps: Iterable[Step] = ()) -> tuple[list[Row], Driver]:
    """What the engine published, as (segment, "in" or "out", milliseconds after T, cause), and the engine; the oracle must agree."""
    bundles = {0: Bundle()}
    for bundle in story.bundles:
        definitions = Definitions(bundle.settings, bundle.tags, bundle.segments, (), bundle.sources)
        bundles[bundle.version] = next_bundle(bundles[bundle.version - 1], definitions, silent=bundle.silent)
    expected: Outcome = run_partition(story.records, partition=0, partitions=1, bundles=bundles)
    driver = Driver(story.records, bundles, Place()).run(steps)
    found = differences(expected, driver, bundles)
    assert not found, "\n".join(found)
    return [_row(record) for record in driver.topics.transitions], driver


def _row(record: dict[str, Any]) -> Row:
    at = read_time(record["timestamp"])
    assert at is not None
    return (record["data"]["segment"], "in" if record["type"] == "segment.entered" else "out", at - T, record["data"]["cause"])
