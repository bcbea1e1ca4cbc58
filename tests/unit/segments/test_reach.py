"""How far back each kind of leaf must know the past."""

from __future__ import annotations

import pytest

from segments.reach import Need, needs_of
from tests.unit.segments.scene import bundle_of

T = 1_764_000_000_000  # 2025-11-24T16:00:00Z
MINUTE, DAY = 60_000, 86_400_000
OLD = """
tags:
  - {id: buyer, rules: [{event: bought}]}
segments:
  - {id: here, when: {event: viewed, within: 1m, count: {gte: 2}}}
  - {id: once, when: {event: bought}}
"""


def needs(when: str, tags: str = "", *, archived: str = "") -> list[tuple[str, str, int | None]]:
    old = bundle_of(OLD)
    new = bundle_of(OLD.replace("segments:", f"{tags}\nsegments:\n  - {{id: new, when: {when}{archived}}}"), old)
    return [(need.asks, need.reach, need.since_ms) for need in needs_of(old, new, T) if need.of == "segment" and need.id == "new"]


@pytest.mark.parametrize(
    "when",
    [
        "{event: viewed, within: 1m, count: {gte: 2}}",
        "{event: viewed, within: 30s}",
        "{event: bought, count: {lt: 7}}",
        "{not: {all: [{tag: buyer}, {trait: city}]}}",
        "{any: [{segment: here}, {sample: {percent: 10, seed: x}}]}",
        "{stays: {when: {tag: buyer, count: 2}, for: 1d}}",
        "{any: [{trait: d, within_next: 3d}, {anniversary: {trait: d, within: 3d}}]}",
    ],
)
def test_what_was_kept_or_begins_at_the_switch_needs_nothing(when: str) -> None:
    assert needs(when) == []


@pytest.mark.parametrize(
    ("when", "asks", "reach", "since"),
    [
        ("{event: viewed, within: 2m}", "viewed within 2m: count ≥ 1", "within", T - 2 * MINUTE),
        ("{event: viewed, within: 1m, count: {gte: 3}}", "viewed within 1m: count ≥ 3", "within", T - MINUTE),
        ("{event: gone}", "gone ever: count ≥ 1", "ever", None),
        ("{event: gone, until: 2026-01-01T00:00:00Z}", "gone until 2026-01-01T00:00:00.000Z: count ≥ 1", "ever", None),
        ("{event: gone, since: 1000}", "gone since 1970-01-01T00:00:01.000Z: count ≥ 1", "since", 1_000),
        ("{event: gone, calendar: {unit: day, last: 2}}", "gone in the current day and the 1 before it (UTC): count ≥ 1", "calendar",
         T - 16 * 60 * MINUTE - DAY),
        ("{event: bought, sum: {property: properties.n, gte: 1}}", "bought ever: sum of properties.n ≥ 1", "ever", None),
        ("{sequence: [{event: a}, {event: b}], within: 2m, span: 1m}",
         "a, then b, within 1m of each other, the last within 2m", "within", T - 3 * MINUTE),
        ("{sequence: [{event: a}, {event: b}], within: 2m}", "a, then b, the last within 2m", "ever", None),
        ("{absence: {after: {event: a}, without: {event: b}, within: 2m, for: 1m}}", "no b for 2m after a, true for 1m",
         "within", T - 3 * MINUTE),
        ("{absence: {after: {event: a}, without: {event: b}, within: 2m}}", "no b for 2m after a", "ever", None),
        ("{stays: {when: {not: {event: viewed, within: 2m}}, for: 1d}}", "viewed within 2m: count ≥ 1", "within", T - 2 * MINUTE),
    ],
)  # fmt: skip
def test_what_was_not_kept_reaches_back_as_far_as_it_counts(when: str, asks: str, reach: str, since: int | None) -> None:
    assert needs(when) == [(asks, reach, since)]
    assert needs(f"{{any: [{when}, {when}]}}") == [(asks, reach, since)]
    assert needs(when, archived=", archived: true") == []


@pytest.mark.parametrize(
    ("asks", "ttl", "reach", "since"),
    [
        ("", "", "ever", None),
        (", count: 2", ", ttl: 2m", "ever", None),
        (", weight: {gte: 2}", ", ttl: 2m", "ever", None),
        (", score: {gte: 2}", ", ttl: 2m", "ever", None),
        ("", ", ttl: 2m", "ttl", T - 2 * MINUTE),
        (", last_at: {within: 1m}", "", "within", T - MINUTE),
        (", last_at: {within: 1m}", ", ttl: 2m", "within", T - MINUTE),
        (", last_at: {within: 3m}", ", ttl: 2m", "ttl", T - 2 * MINUTE),
    ],
)
def test_a_new_tag_adds_up_from_the_first_event_and_is_there_by_its_newest(asks: str, ttl: str, reach: str, since: int | None) -> None:
    ((_, found, since_ms),) = needs(f"{{tag: vip{asks}}}", f"  - {{id: vip, rules: [{{event: bought}}]{ttl}}}")

    assert (found, since_ms) == (reach, since)


def test_a_new_tag_needs_the_past_whether_a_segment_reads_it_or_not() -> None:
    old = bundle_of(OLD)

    assert needs_of(old, bundle_of(OLD.replace("segments:", "  - {id: vip, rules: [{event: bought}]}\nsegments:"), old), T) == (
        Need("tag", "vip", "tag vip", "ever", None),
    )
    assert needs_of(old, bundle_of(OLD, old), T) == ()


def test_a_leaf_that_must_keep_more_is_worked_out_anew_for_all_that_read_it() -> None:
    old = bundle_of(OLD)
    new = bundle_of(OLD + "  - {id: new, when: {event: viewed, within: 2m}}", old)

    assert [(need.id, need.since_ms) for need in needs_of(old, new, T)] == [("here", T - MINUTE), ("new", T - 2 * MINUTE)]


def test_a_log_that_begins_where_it_is_needed_is_not_short() -> None:
    need = Need("segment", "s", "", "within", T)

    assert not need.is_short_of(T)
    assert need.is_short_of(T + 1)
    assert Need("segment", "s", "", "ever", None).is_short_of(0)
