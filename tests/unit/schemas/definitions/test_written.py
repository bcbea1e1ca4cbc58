from __future__ import annotations

import json

import pytest
from hypothesis import given

from schemas.definitions.model import AllOf, Bundle, Node, TraitNode
from schemas.definitions.written import written
from tests.unit.schemas.definitions.bundles import bundles, nodes
from tests.unit.schemas.definitions.reading import node, read
from tests.unit.schemas.definitions.test_bundle import slow_to_draw

STEPS = "{event: a}, {event: [b, c], where: {properties.p: 1}}"


@pytest.mark.parametrize(
    "when",
    [
        "{all: []}",
        "{any: [{not: {tag: buyer}}, {sample: {percent: 12.5, seed: x}}]}",
        "{tag: 'interest:a:b'}",
        "{tag: buyer, count: 2, weight: {between: [0, 1.5]}, score: {gte: 3, lt: 9}, last_at: {within: 3d}}",
        "{event: e}",
        "{event: [e, f], within: 90s, count: {gt: 1, lte: 5}}",
        "{event: e, where: {}}",
        "{event: e, where: {properties.p: null, any: [{properties.q: {in: [1, a]}}, {}], not: {properties.r: {exists: false}}}}",
        "{event: e, where: {properties.p: {eq: {property: properties.q}, ne: {trait: t}, gt: 1.5}}}",
        "{event: e, where: {all: [{properties.p: {between: [1, 2]}}]}}",
        "{event: e, since: 2026-01-01T00:00:00.123Z}",
        "{event: e, since: 0, until: 1767225600000, sum: {property: properties.p, gte: 1.5}}",
        "{event: e, until: 1, max: {property: properties.p, lt: 9}, distinct: {property: properties.q, between: [1, 2]}}",
        "{event: e, calendar: {unit: week, zone: Asia/Shanghai, last: 3}, count: 0}",
        f"{{sequence: [{STEPS}], span: 1h}}",
        f"{{sequence: [{STEPS}], within: 1d}}",
        "{absence: {after: {event: a}, without: {event: b}, within: 30m, same: properties.c, for: 1d}}",
        "{absence: {after: {event: a}, without: {event: b, where: {properties.p: 1}}, within: 30m}}",
        "{stays: {when: {not: {event: e, within: 1d}}, for: 1ms}}",
        "{anniversary: {trait: birthday, within: 0s}}",
        "{anniversary: {trait: birthday, within: 7d, zone: Asia/Shanghai}}",
        "{trait: renewal, within_next: 3d, zone: Asia/Shanghai}",
        "{trait: joined, within_last: 3d}",
        "{trait: city}",
        "{trait: city, eq: {trait: birthplace}, ne: null}",
        "{trait: age, any: [1, {gt: 3, lt: 9}], not: {all: [5, {in: [6]}]}}",
        "{trait: age, not: 3}",
    ],
)
def test_a_condition_reads_back_as_it_was_written(when: str) -> None:
    once = node(when)
    assert repr(node(json.dumps(written(once)))) == repr(once)


def test_a_reference_to_a_segment_is_written() -> None:
    segment = read("segments: [{id: a, when: {segment: b}, at_most: {times: 2, per: 14d}}, {id: b, when: {all: []}}]").segments[0]
    assert written(segment.when) == {"segment": "b"}
    assert written(segment.at_most) == {"times": 2, "per": "14d"}


def test_rules_read_back_as_they_were_written() -> None:
    weighed = "{id: x, event: [e, f], where: {properties.p: 1}, weight: {property: properties.n, max: 0}}"
    rules = read(f"tags: [{{id: a, rules: [{{event: e, weight: 2}}, {weighed}]}}]").tags[0].rules
    assert read(json.dumps({"tags": [{"id": "a", "rules": written(rules)}]})).tags[0].rules == rules


def test_tests_that_always_hold_name_no_trait() -> None:
    assert written(TraitNode(AllOf((AllOf(()),)))) == {"all": []}


@given(nodes)
@slow_to_draw
def test_every_node_is_written_as_json(when: Node) -> None:
    assert json.dumps(written(when))


@given(bundles)
@slow_to_draw
def test_what_is_no_part_of_a_condition_stays_as_it_is(bundle: Bundle) -> None:
    assert written(bundle.silent) is bundle.silent
    assert written(bundle.numbers) is bundle.numbers
