"""Uniting two persons: what adds up, what the newer decides, what ties leave to the survivor."""

from __future__ import annotations

from math import exp2
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.codec import pack
from tagging.exclusive import Group
from tagging.families import FAMILY_VALUES_MAX
from tagging.lists import is_named
from tagging.paths import event_getter
from tagging.person import TRAITS_BYTES_MAX, Person
from tagging.recent import ENTRY_BYTES, id_hash, remember, seen
from tagging.rules import CompiledTag, Limits
from tagging.state import PersonState, TagState, new_person
from tagging.unite import Terms, United, UniteLeaf, unite
from tagging.windows import add_time, merge_times
from tests.unit.tagging.made import DAY, T, add

HOUR = 3_600_000
GROUP = Group(frozenset({"one", "other", "each"}), (4, 5), ("6:",))
X = event_getter("properties.x")
PLAIN = CompiledTag(1, "plain", None, None, None)
FADING = CompiledTag(2, "fading", HOUR, None, None)
CAPPED = CompiledTag(3, "capped", HOUR, 10, None)
ONE = CompiledTag(4, "one", None, None, None, Limits(group=GROUP))
OTHER = CompiledTag(5, "other", None, None, None, Limits(group=GROUP))
EACH = CompiledTag(6, "each", None, None, X, Limits(group=GROUP))
FAMILY = CompiledTag(7, "family", HOUR, None, X)
FEW = CompiledTag(8, "few", None, None, X, Limits(max_values=2))
BRIEF = CompiledTag(9, "brief", None, None, None, Limits(ttl=HOUR))
TAGS = (PLAIN, FADING, CAPPED, ONE, OTHER, EACH, FAMILY, FEW, BRIEF)
COUNTER, TIMES, OWN = 1, 2, 3
NOW = T + 10 * DAY


def person(name: str = "user:a", base: int = T) -> PersonState:
    return new_person(name, 3, base, 1)


def held(score: float = 1, last: int = 0, *, first: int | None = None, event_id: str | None = None) -> TagState:
    return TagState(1, score, score, last, last if first is None else first, 0, None, event_id)


def total(mine: Any, theirs: Any) -> tuple[Any, int]:
    return mine + theirs, 0


def newest_three(mine: Any, theirs: Any) -> tuple[Any, int]:
    return merge_times(mine, theirs, 3), 2


LEAVES: dict[int, UniteLeaf | None] = {COUNTER: total, TIMES: newest_three, OWN: None}


def united(survivor: PersonState, absorbed: PersonState, clock_ms: int = NOW) -> United:
    return unite(survivor, absorbed, Terms(TAGS, LEAVES, clock_ms, HOUR))


def both(mine: dict[int | str, TagState], theirs: dict[int | str, TagState]) -> dict[int | str, TagState]:
    one, other = person(), person("user:b")
    one.tags, other.tags = mine, theirs
    return united(one, other).state.tags


def test_counts_and_weights_add_up_and_the_first_time_is_the_least() -> None:
    tags = both({1: TagState(2, 5, 5, 20, 10, 7, 1, "m-1")}, {1: TagState(3, 0.5, 0.5, 15, 4, 8, 2, "m-2")})

    assert tags == {1: TagState(5, 5.5, 5.5, 20, 4, 7, 1, "m-1")}


@pytest.mark.parametrize("swapped", [False, True])
def test_scores_are_brought_to_the_later_time_and_added(swapped: bool) -> None:
    early: dict[int | str, TagState] = {2: held(8, 0, event_id="early")}
    late: dict[int | str, TagState] = {2: held(1, 2 * HOUR, event_id="late")}
    tag = both(late, early)[2] if swapped else both(early, late)[2]

    assert (tag.score, tag.weight, tag.last, tag.first, tag.event_id) == (3, 9, 2 * HOUR, 0, "late")


def test_at_equal_times_nothing_fades_and_the_survivors_origin_stays() -> None:
    tag = both({2: held(8, HOUR, event_id="mine")}, {2: held(1, HOUR, event_id="theirs")})[2]

    assert (tag.score, tag.event_id) == (9, "mine")


def test_the_sum_is_clamped_by_the_cap() -> None:
    assert both({3: held(8, HOUR)}, {3: held(8, HOUR)})[3].score == 10
    assert both({3: held(8, HOUR)}, {3: held(8, HOUR)})[3].weight == 16
    assert both({3: held(8, 0)}, {3: held(5, HOUR)})[3].score == 9


def test_a_tag_of_only_one_of_them_is_taken_as_it_is() -> None:
    assert both({1: held(1, 5)}, {2: held(2, 6)}) == {1: held(1, 5), 2: held(2, 6)}


def test_a_tag_that_no_definition_knows_adds_up_without_fading() -> None:
    assert both({77: held(1, 0), "78:x": held(1)}, {77: held(2, DAY)}) == {77: TagState(2, 3, 3, DAY, 0, 0, None, None), "78:x": held(1)}


def test_times_are_those_of_the_survivors_base() -> None:
    one, other = person(), person("user:b", T + 500)
    other.tags = {1: held(1, 7, first=-3)}
    other.leaves = {TIMES: [1, 2]}
    other.floors = {2: 5}
    state = united(one, other).state

    assert (state.base, state.tags[1].last, state.tags[1].first) == (T, 507, 497)
    assert (state.leaves, state.floors) == ({TIMES: [501, 502]}, {2: 505})


def test_the_survivor_keeps_name_incarnation_memberships_and_due_time() -> None:
    one, other = person(), person("user:b", T - DAY)
    one.members, one.due, one.number, one.born = {1: 3}, 77, 9, 5
    other.members, other.due, other.number, other.definitions = {1: 8, 2: 1}, 5, 10, 2
    state = united(one, other).state

    assert (state.id, state.number, state.base, state.born, state.definitions) == ("user:a", 9, T, 5, 1)
    assert (state.members, state.due) == ({1: 3}, 77)


@pytest.mark.parametrize(("mine", "theirs", "found"), [("a", "b", "a"), (None, "b", "b"), ("a", None, "a"), (None, None, None)])
def test_the_anonymous_id_is_the_survivors_if_there_is_one(mine: str | None, theirs: str | None, found: str | None) -> None:
    one, other = person(), person("user:b")
    one.anonymous_id, other.anonymous_id = mine, theirs

    assert united(one, other).state.anonymous_id == found


def test_neither_of_them_is_changed() -> None:
    one, other = person(), person("user:b", T + 500)
    for state in (one, other):
        state.tags = {1: held(1, 5, event_id="m-1"), 2: held(2, 5, event_id="m-1"), 4: held(1, 9), "8:x": held(1)}
        state.leaves = {COUNTER: 2, TIMES: [1, 2, 3]}
        state.floors = {3: 5}
        state.recent, state.recent_at = remember(b"", 0, id_hash("m-1"), NOW, HOUR), NOW - state.base
        Person(state).set_traits({"a": ("x", T)})
    before = pack(one), pack(other)

    united(one, other)

    assert (pack(one), pack(other)) == before


def test_floors_are_the_greatest() -> None:
    one, other = person(), person("user:b")
    one.floors, other.floors = {1: 5, 2: 9, 7: 1}, {1: 6, 2: 8, "7:x": 3}

    assert united(one, other).state.floors == {1: 6, 2: 9, 7: 1, "7:x": 3}


@pytest.mark.parametrize("swapped", [False, True])
def test_a_tag_all_of_which_an_untag_of_the_other_drops_goes(swapped: bool) -> None:
    one, other = person(), person("user:b")
    one.floors = {1: 5, 7: 20, "6:x": 4}
    other.tags = {1: held(1, 5), 2: held(1, 5), "7:x": held(1, 20), "7:y": held(1, 21), "6:x": held(1, 4)}
    state = united(other, one).state if swapped else united(one, other).state

    assert set(state.tags) == {2, "7:y"}


def test_of_a_group_the_newest_stays() -> None:
    assert set(both({4: held(1, 5)}, {5: held(1, 6)})) == {5}
    assert set(both({4: held(1, 6)}, {5: held(1, 5), 1: held()})) == {4, 1}
    assert set(both({4: held(1, 6)}, {"6:x": held(1, 7)})) == {"6:x"}


@pytest.mark.parametrize(("mine", "theirs"), [(4, 5), (5, 4), ("6:x", 4), ("6:x", "6:a"), ("6:a", "6:x")])
def test_of_equally_new_ones_the_survivors_stays(mine: int | str, theirs: int | str) -> None:
    assert set(both({mine: held(1, 5)}, {theirs: held(1, 5)})) == {mine}


def test_one_that_both_have_contends_with_its_newest_time() -> None:
    tags = both({4: held(1, 5)}, {4: held(2, 9)})

    assert (set(tags), tags[4].count) == ({4}, 2)


def test_a_tag_whose_time_is_over_adds_nothing() -> None:
    one, other = person(), person("user:b")
    one.tags, other.tags = {9: held(1, 0)}, {9: held(1, HOUR)}

    assert united(one, other, T + HOUR - 1).state.tags[9].count == 2
    assert united(one, other, T + HOUR).state.tags[9].count == 1
    assert united(other, one, T + HOUR).state.tags[9].count == 1
    assert united(one, other, T + 2 * HOUR).state.tags == {}


def test_of_too_many_values_the_weakest_go() -> None:
    one, other = person(), person("user:b")
    one.tags, other.tags = {"8:a": held(1), "8:b": held(3)}, {"8:a": held(1.5), "8:c": held(2), "8:d": held(4)}
    found = united(one, other)

    assert (set(found.state.tags), found.bound_bites) == ({"8:b", "8:d"}, 2)


def test_beyond_the_general_bound_what_the_absorbed_person_had_last_is_left_out() -> None:
    one, other = person(), person("user:b")
    one.tags = {f"7:{number}": held() for number in range(FAMILY_VALUES_MAX - 2)}
    other.tags = {"7:0": held(), "7:x": held(), 1: held(), "8:x": held(), "7:y": held(), "99:z": held()}
    found = united(one, other)

    assert set(found.state.tags) - set(one.tags) == {1, "8:x"}
    assert (len(found.state.tags), found.bound_bites) == (FAMILY_VALUES_MAX, 3)


def test_of_both_persons_untag_times_the_newest_are_kept() -> None:
    one, other = person(), person("user:b")
    one.floors = {f"7:{number}": 5 for number in range(FAMILY_VALUES_MAX)}
    other.floors = {"7:0": 6, "7:x": 4, "7:y": 5, 1: 0}
    found = united(one, other)

    assert (len(found.state.floors), found.bound_bites) == (FAMILY_VALUES_MAX + 1, 2)
    assert (found.state.floors["7:0"], found.state.floors[1]) == (6, 0)
    assert not {"7:x", "7:1"} & found.state.floors.keys()


def test_leaves_of_both_unite_each_by_its_kind_and_those_of_one_are_taken_as_they_are() -> None:
    one, other = person(), person("user:b")
    one.leaves, other.leaves = {COUNTER: 2, TIMES: [1, 5, 9]}, {COUNTER: 3, TIMES: [2, 5, 7]}
    found = united(one, other)

    assert (found.state.leaves, found.bound_bites) == ({COUNTER: 5, TIMES: [5, 7, 9]}, 2)
    assert united(one, person("user:b")).state.leaves == {COUNTER: 2, TIMES: [1, 5, 9]}
    assert united(person(), other).state.leaves == {COUNTER: 3, TIMES: [2, 5, 7]}


def test_some_leaves_are_the_survivors_alone() -> None:
    one, other = person(), person("user:b")
    one.leaves, other.leaves = {OWN: [5, 1]}, {OWN: [4, 2]}

    assert united(one, other).state.leaves == {OWN: [5, 1]}
    assert united(person(), other).state.leaves == {}


def test_a_leaf_that_is_not_known_any_more_is_left_out() -> None:
    one, other = person(), person("user:b")
    one.leaves, other.leaves = {COUNTER: 2, 77: [1]}, {78: 3}

    assert united(one, other).state.leaves == {COUNTER: 2}


def test_rows_and_periods_of_one_of_them_keep_their_meaning() -> None:
    one, other = person(), person("user:b", T + 500)
    other.leaves = {COUNTER: {7: 2}, TIMES: [[1, "x"], [2, "y"]]}

    assert united(one, other).state.leaves == {COUNTER: {7: 2}, TIMES: [[501, "x"], [502, "y"]]}


def test_lists_that_name_either_name_the_survivor_and_published_entries_are_its_own() -> None:
    one, other = person(), person("user:b")
    one.lists, other.lists = [("b", 4), ("c", 3)], [("a", 3), ("b", 3)]
    one.apart, other.apart = {1: [1, 5]}, {1: [2, 6], 2: [1, 7]}
    state = united(one, other).state

    assert state.lists == [("a:user:b", 3), ("b", 4), ("b:user:b", 3), ("c", 3)]
    assert [is_named(state.lists, name) for name in ("a", "b", "c", "d")] == [True, True, True, False]
    assert state.apart == {1: [1, 5]}


def test_what_a_list_said_of_an_id_that_both_took_over_is_what_its_newer_version_said() -> None:
    one, other = person(), person("user:b")
    one.lists, other.lists = [("a:user:c", 5), ("b:user:c", 8)], [("a:user:c", 6), ("b:user:c", 7)]

    assert united(one, other).state.lists == [("a:user:c", 6), ("b:user:c", 8)]


def test_traits_go_by_event_time_and_ties_to_the_survivor() -> None:
    one, other = person(), person("user:b")
    Person(one).set_traits({"a": (1, T), "b": (1, T), "c": (1, T), "d": (1, T + 5)})
    Person(other).set_traits({"a": (2, T - 1), "b": (2, T), "c": (2, T + 1), "d": (None, T + 6), "e": (2, T)})
    found = united(one, other)

    assert Person(found.state).held_traits() == {"a": (1, T), "b": (1, T), "c": (2, T + 1), "d": (None, T + 6), "e": (2, T)}
    assert Person(found.state).traits() == {"a": 1, "b": 1, "c": 2, "e": 2}
    assert found.bound_bites == 0


def test_of_too_many_traits_the_oldest_of_the_absorbed_person_are_left_out() -> None:
    one, other = person(), person("user:b")
    half = "x" * (TRAITS_BYTES_MAX // 2)
    Person(one).set_traits({"a": (half, T)})
    Person(other).set_traits({"a": ("new", T + 1), "b": (half, T + 2), "c": (half, T), "d": (1, T - 1)})
    found = united(one, other)

    assert {key: value[:3] for key, value in Person(found.state).traits().items()} == {"a": "new", "b": "xxx"}
    assert len(found.state.traits) <= TRAITS_BYTES_MAX
    assert found.bound_bites == 2


def test_traits_for_which_there_is_no_room_at_all_leave_the_survivors_as_they_were() -> None:
    one, other = person(), person("user:b")
    Person(one).set_traits({"a": ("x" * (TRAITS_BYTES_MAX - 100), T)})
    Person(other).set_traits({"b": ("x" * 200, T)})

    assert (united(one, other).state.traits, united(one, other).bound_bites) == (one.traits, 1)


def remembering(name: str, base: int, applied: dict[str, int]) -> PersonState:
    state = person(name, base)
    for event_id, at in applied.items():
        state.recent = remember(state.recent, base + state.recent_at, id_hash(event_id), at, HOUR)
        state.recent_at = at - base
    return state


def knows(state: PersonState, event_id: str, clock_ms: int) -> bool:
    return seen(state.recent, state.base + state.recent_at, id_hash(event_id), clock_ms, HOUR)


def test_recent_ids_of_both_count_once_each_with_its_own_time() -> None:
    one = remembering("user:a", T, {"m-1": NOW - 3_000, "m-3": NOW - 1_000})
    other = remembering("user:b", T + DAY, {"m-0": NOW - HOUR, "m-3": NOW - 4_000, "m-2": NOW - 2_000, "m-4": NOW})
    state = united(one, other).state

    assert len(state.recent) == 4 * ENTRY_BYTES
    assert state.base + state.recent_at == NOW
    for event_id, at in {"m-1": NOW - 3_000, "m-2": NOW - 2_000, "m-3": NOW - 1_000, "m-4": NOW}.items():
        assert knows(state, event_id, at + HOUR - 1)
        assert not knows(state, event_id, at + HOUR)
    assert not knows(state, "m-0", NOW)


def test_of_recent_ids_the_newest_256_are_kept() -> None:
    one = remembering("user:a", T, {f"a-{number}": NOW - 1_000 + 2 * number for number in range(200)})
    other = remembering("user:b", T, {f"b-{number}": NOW - 999 + 2 * number for number in range(200)})
    state = united(one, other).state

    assert [number for number in range(200) if knows(state, f"a-{number}", NOW)] == list(range(72, 200))
    assert [number for number in range(200) if knows(state, f"b-{number}", NOW)] == list(range(72, 200))


def test_ids_long_past_are_not_carried_on() -> None:
    one = remembering("user:a", T, {"m-1": T})
    other = remembering("user:b", T, {"m-2": T + 1})
    state = united(one, other).state

    assert (state.recent, state.recent_at) == (b"", 0)


Log = list[tuple[int, int, float, bool]]
logs: st.SearchStrategy[Log] = st.lists(
    st.tuples(st.sampled_from([0, 1, 2]), st.integers(0, 5 * DAY), st.floats(-1e6, 1e6), st.booleans()), max_size=20
)
WHOLE = (PLAIN, FADING, FAMILY)


def lived(log: Log, base: int, newcomer: str = "user:a") -> PersonState:
    """A person to whom the log was applied, in its order; times in it are since T."""
    state = person(newcomer, base)
    now = NOW - base
    traits = Person(state)
    for which, at, weight, left in log:
        relative = T + at - base
        add(state, WHOLE[which], relative, weight, {"properties": {"x": "left" if left else "right"}}, now=now)
        counted = state.leaves.get(COUNTER, 0)
        state.leaves[COUNTER] = (counted if isinstance(counted, int) else 0) + 1
        times = state.leaves.setdefault(TIMES, [])
        assert isinstance(times, list)
        add_time(times, relative, 3, -(10**15))
        merged = traits.merged_traits({"left" if left else "right": at}, T + at)
        if merged is not None:
            traits.set_traits(merged)
    return state


def told(state: PersonState) -> dict[str, Any]:
    """What does not depend on whom the person was first, in absolute times."""
    return {
        "tags": {key: (tag.count, state.base + tag.last, state.base + tag.first) for key, tag in sorted(state.tags.items(), key=str)},
        "leaves": {key: found if isinstance(found, int) else [state.base + at for at in found] for key, found in state.leaves.items()},
        "traits": Person(state).held_traits(),
        "floors": {key: state.base + at for key, at in state.floors.items()},
    }


@settings(deadline=None)
@given(logs, logs, st.integers(-DAY, DAY))
def test_who_survives_makes_no_difference_but_for_ties(one_log: Log, other_log: Log, apart: int) -> None:
    one, other = lived(one_log, T), lived(other_log, T + apart, "user:b")
    one.floors, other.floors = {2: 5, 3: 7}, {2: 6 - apart}
    mine, theirs = united(one, other).state, united(other, one).state

    assert told(mine) == told(theirs)
    for key, tag in mine.tags.items():
        assert (tag.weight, tag.score) == (theirs.tags[key].weight, theirs.tags[key].score)


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), logs), max_size=6), st.integers(-DAY, DAY))
def test_the_union_is_the_person_who_got_all_events(script: list[tuple[bool, Log]], apart: int) -> None:
    everything = [one for _, log in script for one in log]
    mine = lived([one for to_mine, log in script if to_mine for one in log], T)
    theirs = lived([one for to_mine, log in script if not to_mine for one in log], T + apart, "user:b")
    whole = lived(everything, T)
    state = united(mine, theirs).state

    assert told(state) == told(whole)
    for key, tag in whole.tags.items():
        mine_in = [
            (T + at - whole.base, abs(weight))
            for which, at, weight, left in everything
            if key == (f"7:{'left' if left else 'right'}" if which == 2 else WHOLE[which].number)
        ]
        faded = sum(size if key == 1 else size * exp2((at - tag.last) / HOUR) for at, size in mine_in)
        assert abs(state.tags[key].weight - tag.weight) <= 1e-9 * sum(size for _, size in mine_in)
        assert abs(state.tags[key].score - tag.score) <= 1e-9 * faded
