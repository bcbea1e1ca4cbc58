"""What happens without a transition is in the membership bits and in the metrics all the same."""

from __future__ import annotations

from typing import Any

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle
from schemas.definitions.parse import parse_files
from segments.history import History
from stream.runtime.catalogue import worker as catalogue
from stream.runtime.metrics import Metrics
from stream.store.port import LaneHeader, pack_header
from stream.worker.batch import BatchStep, IntakeReader
from stream.worker.dues import DueIndex
from stream.worker.measures import LaneMeasures
from stream.worker.memory import Changes, LaneMemory, Working, begin
from stream.worker.people import People
from tests.unit.worker.made import T, viewed

RARE = """
tags: [{id: seen, value: properties.n, max_values: 2, rules: [{event: viewed}]}]
segments: [{id: rare, at_most: {times: 1, per: 1h}, when: {event: viewed, within: 10s}}, {id: held, paused: true, when: {event: viewed}}]
"""
GONE = "segments: []"


def lane(*texts: str) -> tuple[LaneMemory, dict[int, Bundle]]:
    """A lane under the first of some sets."""
    bundles = {0: Bundle()}
    for text in texts:
        bundles[len(bundles)] = next_bundle(bundles[len(bundles) - 1], parse_files({"a.yaml": text}))
    header = LaneHeader(partitions=1, switches=((1, T),))
    return LaneMemory(0, header, pack_header(header), DueIndex({}), History(bundles, header.switches)), bundles


def run(memory: LaneMemory, working: dict[bytes, Working], *records: Any) -> Changes:
    changes = begin(memory)
    BatchStep(memory, changes, People(memory, changes, working), {}).run(IntakeReader().read(records, memory.history.current.policy))
    return changes


def test_an_entry_that_is_not_published_is_a_membership_bit() -> None:
    memory, bundles = lane(RARE)
    working: dict[bytes, Working] = {}
    rare, held = (bundles[1].numbers.segments[name] for name in ("rare", "held"))

    assert run(memory, working, viewed(0, 0)).members == [(rare, 0, True), (held, 0, True)]
    again = run(memory, working, viewed(1, 20_000))
    assert again.members == [(rare, 0, True)]
    assert [one.kind for one in again.transitions] == ["segment.left"]
    assert run(memory, working, viewed(2, 25_000)).members == []
    over = run(memory, working, viewed(3, 60_000, event="other"))
    assert (over.members, over.transitions) == ([(rare, 0, False)], [])


def test_who_was_in_unpublished_is_out_when_the_segment_goes() -> None:
    memory, bundles = lane(RARE, GONE)
    working: dict[bytes, Working] = {}
    run(memory, working, viewed(0, 0), viewed(1, 20_000))
    memory.history.switch(bundles[2], T + 25_000)

    changes = run(memory, working, viewed(2, 30_000))

    assert changes.transitions == []
    assert changes.members == [(bundles[1].numbers.segments[name], 0, False) for name in ("rare", "held")]


def test_what_is_held_back_or_left_out_is_counted_once() -> None:
    memory, _ = lane(RARE)
    metrics = Metrics(catalogue.CATALOGUE)
    measures = LaneMeasures(metrics)
    events = [viewed(number, number * 20_000, properties={"n": f"v{number}"}) for number in range(4)]
    run(memory, {}, *events)

    for _ in range(2):
        measures.left_out(memory.history.tally)

    assert metrics.value(catalogue.BOUND_BITES) == 2
    assert metrics.value(catalogue.TRANSITIONS_WITHHELD, direction="entered") == 3
    assert metrics.value(catalogue.TRANSITIONS_WITHHELD, direction="left") == 2
