"""What `explain` and `person` say, for people and for programs, of one person in and one out; every kind of node and every bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.definitions.model import Bundle
from schemas.event import read_event
from segments.engine import Engine
from segments.explain import Explanation, explain, leaves_of
from segments.history import History
from stream.cli.explain import publishing_lines
from stream.cli.fact_words import fact_words
from stream.explain.people import Found, brought
from stream.explain.view import explanation_view, person_view, publishing_view
from tagging.codec import pack
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.scene import bundle_of

T = 1_764_000_000_000  # 2025-11-24T16:00:00Z
DEFINITIONS = """
tags:
  - {id: keen, half_life: 10s, rules: [{event: viewed}]}
  - {id: topic, value: properties.n, max_values: 2, rules: [{event: viewed}]}
segments:
  - id: all_kinds
    when:
      any:
        - {tag: keen, score: {gte: 1.5}, last_at: {within: 1m}}
        - {tag: topic, count: {gte: 9}}
        - {tag: "topic:7"}
        - {event: viewed, within: 1m, count: {gte: 2}}
        - {event: viewed, calendar: {unit: day}, count: {gte: 99}, sum: {property: properties.n, gte: 99}}
        - {event: bought, avg: {property: properties.n, gte: 1}}
        - {sequence: [{event: viewed}, {event: viewed}]}
        - {sequence: [{event: viewed}, {event: bought}]}
        - {absence: {after: {event: viewed}, without: {event: bought}, within: 1m, same: properties.n, for: 1h}}
        - {absence: {after: {event: viewed}, without: {event: bought}, within: 2m}}
        - {absence: {after: {event: bought}, without: {event: viewed}, within: 2m}}
        - {stays: {when: {event: viewed}, for: 1h}}
        - {stays: {when: {event: bought}, for: 1h}}
        - {segment: rare}
        - {sample: {percent: 10, seed: x}}
        - {anniversary: {trait: birthday, within: 7d}}
        - {trait: city, eq: Oslo}
        - {trait: joined, within_last: 1d}
  - {id: rare, at_most: {times: 1, per: 1h}, when: {event: viewed, within: 5s}}
  - {id: held, paused: true, when: {event: viewed}}
  - {id: summed, when: {event: viewed, sum: {property: properties.n, gte: 1000}}}
"""


def somebody(*times: int, **traits: Any) -> Found:
    """The person who viewed at some times (ms after T), as of the last of them."""
    bundle: Bundle = bundle_of(DEFINITIONS)
    person, engine = Person(new_person("user:u1", 0, T, bundle.version), is_new=True), Engine(bundle)
    for number, at in enumerate(times):
        event = {"type": "track", "event": "viewed", "userId": "u1", "id": f"m{number}", "timestamp": T + at}
        told = json.dumps({**event, "properties": {"n": number}, "traits": traits}).encode()
        engine.apply(person, read_event(told), T + at, T + at, [])
    return brought(pack(person.state), 0, History({bundle.version: bundle}, ((bundle.version, T),)), T + times[-1])


def told(found: Found, segment: str) -> Explanation:
    return explain(found.history.current.program, segment, found.person, found.as_of_ms)


def test_every_kind_of_node_has_words_for_what_is_so() -> None:
    found = somebody(0, 10_000, city="Oslo", birthday="1990-05-01")

    assert [fact_words(leaf, found.as_of_ms) for leaf in leaves_of(told(found, "all_kinds"))] == [
        "score now 1.5 (asked ≥ 1.5), count 2, weight 2, first 10.0 s ago, last 0.0 s ago (asked within 1m)",
        (
            "0: score now 1, count 1 (asked ≥ 9), weight 1, first 10.0 s ago, last 10.0 s ago; "
            "1: score now 1, count 1 (asked ≥ 9), weight 1, first 0.0 s ago, last 0.0 s ago (at most 2 values are kept)"
        ),
        "no such tag",
        "2 or more counted (asked ≥ 2): 0.0 s ago, 10.0 s ago",
        "2 counted (asked ≥ 99); sum properties.n is 1 (asked ≥ 99); 2 from 2025-11-24 00:00:00.000 on",
        "avg properties.n is nothing (asked ≥ 1)",
        "steps at 2025-11-24 16:00:00.000, 2025-11-24 16:00:10.000",
        "no such run",
        "waiting since: 1 0.0 s ago, 10.0 s ago",
        "waiting since: 0.0 s ago",
        "nothing is waited for",
        "true inside since 2025-11-24 16:00:00.000 (10.0 s ago)",
        "not true inside now",
        "inside",
        "drawn at 97.402%",
        "date is '1990-05-01'",
        "city is 'Oslo'",
        "date is None",
    ]
    assert fact_words(told(found, "all_kinds"), T) == ""


def test_a_program_is_told_the_same_with_times_in_words() -> None:
    found = somebody(0, 10_000, birthday="1990-05-01")
    items = explanation_view(told(found, "all_kinds"))["items"]
    by_asks = {item["asks"]: item for item in items}

    (score, window, day) = (items[place] for place in (0, 3, 4))
    assert (score["facts"]["score"], score["asked"]) == (pytest.approx(1.5), {"score": ["≥ 1.5"], "last_at": ["within 1m"]})
    assert (score["facts"]["firstAt"], score["facts"]["lastAt"]) == ("2025-11-24T16:00:00.000Z", "2025-11-24T16:00:10.000Z")
    assert window["facts"] == {
        "count": 2,
        "orMore": True,
        "withinMs": 60_000,
        "times": ["2025-11-24T16:00:00.000Z", "2025-11-24T16:00:10.000Z"],
    }
    assert day["facts"] == {"count": 2, "periods": {"2025-11-24T00:00:00.000Z": 2}, "sum properties.n": 1}
    assert items[1]["facts"]["valuesInAll"] == items[1]["facts"]["exactOverNewest"] == 2
    assert items[7]["facts"] == {"times": None}
    assert items[8]["facts"]["waiting"][0] == {"key": 1, "afterAt": "2025-11-24T16:00:10.000Z"}
    assert by_asks["stays for 1h"]["facts"] == {"since": None, "forMs": 3_600_000}
    assert [item["asks"] for item in by_asks["stays for 1h"]["items"]] == ["bought ever: count ≥ 1"]
    assert json.loads(json.dumps(items)) == items


def test_a_person_in_and_a_person_out_are_told_what_changes_it() -> None:
    found = somebody(0)
    inside = told(found, "rare")
    outside = explain(found.history.current.program, "rare", found.person, T + 5_000)

    assert (inside.value, explanation_view(inside)["changesAt"]) == (True, "2025-11-24T16:00:05.000Z")
    assert (outside.value, explanation_view(outside)["changesAt"]) == (False, None)
    assert (fact_words(inside, T), fact_words(outside, T + 5_000)) == ("1 or more counted (asked ≥ 1): 0.0 s ago", "0 counted (asked ≥ 1)")


@pytest.mark.parametrize(
    ("times", "segment", "inside", "lines"),
    [
        ((0,), "rare", True, ["at_most 1 per 1h: 1 published entries count now: 2025-11-24T16:00:00.000Z"]),
        ((0, 10_000), "rare", True, [
            "This entry was suppressed by at_most and not published, nor will its leave be: to receivers the person is out.",
            "at_most 1 per 1h: 1 published entries count now: 2025-11-24T16:00:00.000Z",
        ]),
        ((0, 10_000, 3_600_000), "rare", True, ["at_most 1 per 1h: 1 published entries count now: 2025-11-24T17:00:00.000Z"]),
        ((0,), "held", True, [
            "The segment was paused when this changed, so it was not published: to receivers the person is out.",
            "The segment is paused: nothing is published of it.",
        ]),
        ((0,), "summed", False, []),
    ],
)  # fmt: skip
def test_what_was_held_back_is_said(times: tuple[int, ...], segment: str, *, inside: bool, lines: list[str]) -> None:
    assert list(publishing_lines(publishing_view(somebody(*times), segment), inside=inside)) == lines


def test_a_view_of_publishing_is_plain() -> None:
    assert publishing_view(somebody(0, 10_000), "rare") == {
        "in": False,
        "sequence": 2,
        "heldBack": "at_most",
        "paused": False,
        "atMost": {"times": 1, "per": "1h"},
        "entries": ["2025-11-24T16:00:00.000Z"],
    }
    (segment,) = [one for one in person_view(somebody(0, 10_000))["segments"] if one["segment"] == "rare"]
    assert (segment["in"], segment["published"], segment["sequence"]) == (True, False, 2)


def test_bounds_that_are_reached_are_named_with_what_they_bound() -> None:
    few, many = somebody(0), somebody(*range(256))

    assert person_view(few)["bounds"] == []
    assert {(one["of"], one["id"], one["asks"], one["bound"]) for one in person_view(many)["bounds"]} == {
        ("segment", "all_kinds", "viewed then viewed", 64),
        ("segment", "all_kinds", "viewed then bought", 64),
        ("segment", "all_kinds", "viewed without bought with the same properties.n within 1m, for 1h", 64),
        ("segment", "all_kinds", "viewed in the current day (UTC): count ≥ 99 and sum of properties.n ≥ 99", 256),
        ("segment", "summed", "viewed ever: sum of properties.n ≥ 1000", 256),
        ("tag", "topic", "values of the tag", 2),
        ("person", "user:u1", "ids of events remembered against repeats", 256),
    }
    assert (
        fact_words(told(many, "summed"), T) == "sum properties.n is 32 640 (asked ≥ 1000) (a bound is reached: only the newest 256 count)"
    )
