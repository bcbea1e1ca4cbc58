"""What an explanation says of each kind of node, and which leaves decide."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.model import Bundle
from schemas.transition import Transition
from segments.compile import Program, compile_bundle
from segments.engine import Engine
from segments.explain import Explanation, deciding, explain, flipped, leaves_of
from tagging.person import Person
from tagging.state import new_person
from tests.unit.segments.scene import bundle_of

T = 1_764_000_000_000
DEFINITIONS = """
tags:
  - id: interest
    value: properties.category
    half_life: 10s
    rules: [{id: viewed, event: viewed}]
  - {id: buyer, rules: [{id: bought, event: bought}]}
  - {id: topic, value: properties.category, max_values: 3, rules: [{event: viewed}]}
segments:
  - id: hot
    when:
      all:
        - {tag: "interest:shoes", score: {gte: 2}}
        - {event: viewed, where: {properties.category: shoes}, within: 1m, count: {gte: 2}}
        - not: {event: bought}
  - {id: either, when: {any: [{tag: buyer}, {trait: city, in: [Xiamen, Qingdao]}]}}
  - {id: some, when: {tag: interest, score: {gte: 2}}}
  - {id: local, when: {trait: home.city, exists: true, not: {any: [{eq: Wuhan}, {eq: Beijing}]}}}
  - {id: everybody, when: {all: []}}
  - {id: rested, when: {all: [{trait: city}, {stays: {when: {not: {event: viewed, within: 2s}}, for: 5s}}]}}
  - {id: varied, when: {tag: topic, count: {gte: 1}, last_at: {within: 1m}}}
  - {id: past, archived: true, when: {event: viewed}}
  - {id: sums, when: {event: viewed, within: 1m, count: {lt: 9}, sum: {property: properties.n, gt: 1, lte: 3}}}
"""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return bundle_of(DEFINITIONS)


@pytest.fixture(scope="module")
def program(bundle: Bundle) -> Program:
    return compile_bundle(bundle)


def person_after(bundle: Bundle, *events: dict[str, Any]) -> Person:
    """A person at T, after one event a second from T on, each with its own id."""
    from schemas.event import read_event
    from schemas.json_text import to_json

    person = Person(new_person("user:u1", 0, T, bundle.version), is_new=True)
    out: list[Transition] = []
    engine = Engine(bundle)
    for number, event in enumerate(events):
        at = T + number * 1000
        value = to_json({"type": "track", "userId": "u1", "id": f"m{number}", "timestamp": at, **event})
        engine.apply(person, read_event(value), at, at, out)
    return person


VIEW = {"event": "viewed", "properties": {"category": "shoes"}}
BUY = {"event": "bought", "properties": {"category": "bags"}}


def texts(explanations: Any) -> list[str]:
    return [each.text for each in explanations]


def test_a_condition_that_holds_says_why_and_until_when(bundle: Bundle, program: Program) -> None:
    person = person_after(bundle, VIEW, VIEW, VIEW)

    told = explain(program, "hot", person, T + 2000)

    assert (told.kind, told.value) == ("all", True)
    assert told.changes_at == min(leaf.changes_at for leaf in leaves_of(told) if leaf.changes_at is not None)
    tag, event, negated = told.items
    assert (tag.kind, tag.text, tag.value) == ("tag", "score of interest:shoes ≥ 2", True)
    assert tag.facts["count"] == 3
    assert (tag.facts["first_at"], tag.facts["last_at"], tag.facts["half_life_ms"]) == (T, T + 2000, 10_000)
    assert event.facts == {"count": 2, "times": [T + 1000, T + 2000], "within_ms": 60_000, "or_more": True}
    assert (tag.asked, event.asked, negated.asked) == ({"score": ["≥ 2"]}, {"count": ["≥ 2"]}, {})
    assert event.changes_at == T + 61_000
    assert (negated.kind, negated.value, negated.changes_at) == ("not", True, None)
    assert negated.items[0].facts == {"count": 0}


def test_a_score_that_faded_is_told_as_it_is_now(bundle: Bundle, program: Program) -> None:
    person = person_after(bundle, VIEW)

    (tag, *_) = explain(program, "hot", person, T + 10_000).items

    assert tag.facts["score"] == pytest.approx(0.5)
    assert not tag.value


def test_of_a_false_all_the_false_items_decide_and_of_a_true_one_all(bundle: Bundle, program: Program) -> None:
    holds = explain(program, "hot", person_after(bundle, VIEW, VIEW, VIEW), T + 2000)
    fails = explain(program, "hot", person_after(bundle, VIEW, VIEW, VIEW, BUY), T + 3000)

    assert len(list(deciding(holds))) == 3
    assert texts(deciding(fails)) == ["bought ever: count ≥ 1"]


def test_of_a_true_any_the_true_items_decide_and_of_a_false_one_all(bundle: Bundle, program: Program) -> None:
    nothing = explain(program, "either", person_after(bundle, VIEW), T)
    bought = explain(program, "either", person_after(bundle, BUY), T)

    assert texts(deciding(nothing)) == ["has buyer", 'city in ["Xiamen", "Qingdao"]']
    assert texts(deciding(bought)) == ["has buyer"]
    assert bought.items[0].facts == {"count": 1, "weight": 1, "score": 1, "first_at": T, "last_at": T}
    assert nothing.items[0].facts == {"count": 0, "weight": 0, "score": 0}


def test_traits_are_told_by_path_and_missing_ones_as_nothing(bundle: Bundle, program: Program) -> None:
    person = person_after(bundle, {"event": "seen", "traits": {"city": "Xiamen", "home": {"city": "Xiamen"}}})

    assert explain(program, "either", person, T).items[1].facts == {"city": "Xiamen"}
    assert explain(program, "local", person, T).facts == {"home.city": "Xiamen"}
    assert explain(program, "local", person_after(bundle, VIEW), T).facts == {"home.city": None}


def test_a_family_shows_its_strongest_values_and_how_many_there_are(bundle: Bundle, program: Program) -> None:
    views = [{"event": "viewed", "properties": {"category": f"c{number}"}} for number in range(7)]
    many = explain(program, "some", person_after(bundle, *views), T + 6000)
    none = explain(program, "some", person_after(bundle, BUY), T)

    assert list(many.facts["values"]) == ["c6", "c5", "c4", "c3", "c2"]
    assert many.facts["values_in_all"] == 7
    assert none.facts == {"count": 0, "weight": 0, "score": 0}


def test_what_flips_at_a_due_time_is_the_reason_for_it(bundle: Bundle, program: Program) -> None:
    person = person_after(bundle, VIEW, VIEW, VIEW)
    leaves_at = explain(program, "hot", person, T + 2000).changes_at
    assert leaves_at is not None

    before, after = (explain(program, "hot", person, at) for at in (leaves_at - 1, leaves_at))

    assert texts(flipped(before, after)) == ["score of interest:shoes ≥ 2"]


def test_an_empty_condition_is_one_node_that_always_holds(bundle: Bundle, program: Program) -> None:
    told = explain(program, "everybody", person_after(bundle, VIEW), T)

    assert told == Explanation("all", "all of", value=True, changes_at=None, facts={}, items=())
    assert list(leaves_of(told)) == [told]


def test_a_segment_that_is_not_there_is_a_key_error(bundle: Bundle, program: Program) -> None:
    for name in ("unknown", "past"):
        with pytest.raises(KeyError):
            explain(program, name, person_after(bundle, VIEW), T)


def test_inside_a_stays_is_its_node_and_the_stays_decides(bundle: Bundle, program: Program) -> None:
    person = person_after(bundle, {**VIEW, "traits": {"city": "Xiamen"}})

    told = explain(program, "rested", person, T + 3000)
    _, stays = told.items
    (negated,) = stays.items

    assert (stays.kind, stays.value, stays.changes_at, stays.facts) == ("stays", False, T + 7000, {"since": T + 2000, "for_ms": 5000})
    assert (negated.kind, negated.value, texts(negated.items)) == ("not", True, ["viewed within 2s: count ≥ 1"])
    assert texts(deciding(told)) == ["stays for 5s"]
    assert texts(leaves_of(told)) == ["city exists", "stays for 5s"]
    assert texts(flipped(told, explain(program, "rested", person, T + 7000))) == ["stays for 5s"]


def test_a_family_that_is_full_says_so(bundle: Bundle, program: Program) -> None:
    views = [{"event": "viewed", "properties": {"category": f"c{number}"}} for number in range(3)]

    full = explain(program, "varied", person_after(bundle, *views), T + 3000)

    assert (full.facts["values_in_all"], full.facts["exact_over_newest"]) == (3, 3)
    assert full.asked == {"count": ["≥ 1"], "last_at": ["within 1m"]}
    assert "exact_over_newest" not in explain(program, "varied", person_after(bundle, *views[1:]), T + 2000).facts


def test_what_is_asked_stands_under_the_name_of_its_fact(bundle: Bundle, program: Program) -> None:
    told = explain(program, "sums", person_after(bundle, {"event": "viewed", "properties": {"n": 2}}), T)

    assert told.asked == {"count": ["< 9"], "sum properties.n": ["> 1", "≤ 3"]}
    assert (told.facts["count"], told.facts["sum properties.n"], "or_more" in told.facts) == (1, 2, False)


def test_of_consent_it_is_told_what_the_person_said_and_if_nothing_what_holds_then() -> None:
    bundle = bundle_of("settings: {consent: {ads: opt_out}}\nsegments: [{id: reachable, when: {consent: ads}}]")
    program = compile_bundle(bundle)

    silent = explain(program, "reachable", person_after(bundle, VIEW), T)
    refused = explain(program, "reachable", person_after(bundle, {**VIEW, "traits": {"consent": {"ads": False}}}), T)

    assert (silent.kind, silent.text, silent.value, silent.facts) == ("consent", "consent to ads", True, {"said": None})
    assert (refused.value, refused.facts) == (False, {"said": {"ads": False}})
