"""The lane itself, killed at any call that it waits for: whoever follows goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import get_args

import pytest
from hypothesis import given, settings

from schemas.definitions.bundle import next_bundle
from schemas.definitions.model import Bundle, Comparison, Tag, TagNode
from schemas.definitions.parse import Definitions
from tests.corpus.generate import prepare
from tests.property.drawn_fates import mortal_cases
from tests.property.drawn_logs import Case
from tests.property.driver import Place
from tests.property.many import IS_SOAK, outlive, outlive_seed, seeds
from tests.property.mortal import Death, Manner
from tests.property.world import Fate, small_lanes
from tests.unit.oracle.scenario import Log, T, events, log, rule, segment

_BLOCK = 25
_PLACES = {
    *(
        "header",
        "persons",
        "pointers",
        "slices",
        "slice_bounds",
        "outbox",
        "commit",
        "bundle",
        "log_state",
        "start the past",
        "read the past",
    ),
    *("publish to events", "publish to transitions", "publish to dead-letters"),
}
pytestmark = pytest.mark.timeout(0 if IS_SOAK else 600)


@pytest.fixture(autouse=True)
def _small_lanes() -> Iterator[None]:
    with small_lanes():
        yield


def a_busy_minute() -> Case:
    """Something for every call: entries and leaves, a dead letter, a repeat, a set that must be filled, due times."""
    seen = segment(events(within=1_000), "seen")
    often = segment(TagNode("hot", score=(Comparison("gte", 2),)), "often")
    warm = segment(TagNode("warm", score=(Comparison("gte", 1),)), "warm")
    tag, warming = Tag("hot", "Hot", (rule(),), half_life_ms=60_000), Tag("warm", "Warm", (rule(),), half_life_ms=500)
    first = next_bundle(Bundle(), Definitions(Bundle().settings, (warming,), (seen, warm), (), ()))
    second = next_bundle(first, Definitions(Bundle().settings, (tag, warming), (seen, warm, often), (), ()))
    story: Log = log().event(10, id="m1").event(20, id="m2", userId="u2").event(25, id="m1").raw(30, b"?").event(40, userId="u3")
    story.records.append(prepare(2, T + 50))
    story = story.event(1_500).event(1_600, userId="u2").clock(2_000).event(4_000, userId="u4").event(5_000, userId="u4")
    # Whoever comes back and goes on from where it stood finds people of a year later.
    story = story.event(400 * 86_400_000)
    return Case(Place(), {1: first, 2: second}, story.records)


@pytest.mark.parametrize("manner", get_args(Manner))
def test_wherever_an_owner_dies_the_next_goes_on(manner: Manner) -> None:
    """At the first place, at the second, … until one never comes to its last; the second owner dies early."""
    case, died = a_busy_minute(), set()
    for at in count(1):
        place = outlive(case, Fate((Death(at, manner, 60.0), Death(at % 7 + 1, manner)), seed=1)).lives[0].place
        if place is None:
            break
        died.add(place)
    assert died == {(name, when) for name in _PLACES for when in ("before", "after")}


@settings(max_examples=max(50, settings().max_examples // 3))
@given(mortal_cases())
def test_many_owners_may_die_one_after_the_other(drawn: tuple[Case, Fate]) -> None:
    outlive(*drawn)


@pytest.mark.parametrize("first", seeds(few=50, usual=400, block=_BLOCK))
def test_many_owners_may_die_over_longer_logs_too(first: int) -> None:
    for seed in range(first, first + _BLOCK):
        try:
            outlive_seed(seed)
        except Exception as error:
            error.add_note(f"the case and fate of seed {seed}")
            raise
