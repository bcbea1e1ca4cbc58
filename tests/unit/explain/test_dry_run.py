"""What a new set of definitions looks at that the old one did not keep."""

from __future__ import annotations

import pytest

from stream.explain.dry_run import gaps_of
from tests.unit.segments.scene import bundle_of

OLD = """
tags:
  - {id: buyer, rules: [{event: bought}]}
segments:
  - {id: here, when: {event: viewed, within: 1m, count: {gte: 2}}}
  - {id: once, when: {event: bought}}
"""


@pytest.mark.parametrize(
    ("when", "gap"),
    [
        ("{event: viewed, within: 1m, count: {gte: 2}}", None),
        ("{event: viewed, within: 30s}", None),
        ("{event: bought}", None),
        ("{not: {all: [{tag: buyer}, {trait: city}]}}", None),
        ("{event: viewed, within: 2m}", "filled from the past when applied: viewed within 2m: count ≥ 1"),
        ("{event: viewed, within: 1m, count: {gte: 3}}", "filled from the past when applied: viewed within 1m: count ≥ 3"),
        ("{event: left, within: 1m}", "filled from the past when applied: left within 1m: count ≥ 1"),
        ("{any: [{not: {tag: vip}}]}", "filled from the past when applied: the tag vip"),
    ],
)
def test_what_was_not_kept_is_told(when: str, gap: str | None) -> None:
    old = bundle_of(OLD)
    new = bundle_of(OLD.replace("segments:", f"  - {{id: vip}}\nsegments:\n  - {{id: new, when: {when}}}"), old)

    assert dict(gaps_of(old, new)) == ({} if gap is None else {"new": (gap,)})
