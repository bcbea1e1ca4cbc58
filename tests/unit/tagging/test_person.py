from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import Rejected
from tagging.person import TRAITS_BYTES_MAX, Person
from tests.unit.tagging.made import T, empty_state

names = st.sampled_from("abc")
values = (
    st.none() | st.integers(-(2**70), 2**70) | st.floats(-1, 1) | st.text(alphabet='äb😀\\"', max_size=3) | st.just({"x": [None, True]})
)


def put(person: Person, at: int, **traits: Any) -> None:
    merged = person.merged_traits(traits, at)
    if merged is not None:
        person.set_traits(merged)


def test_each_key_keeps_the_value_of_the_greatest_event_time() -> None:
    person = Person(empty_state())
    put(person, T, city="Oslo", tier=1)
    put(person, T - 1, city="Rome", tier=2, since=2020)
    put(person, T + 1, tier=3)

    assert person.traits() == {"city": "Oslo", "tier": 3, "since": 2020}


def test_of_equal_times_the_later_applied_wins() -> None:
    person = Person(empty_state())
    put(person, T, city="Oslo")
    put(person, T, city="Rome")

    assert person.traits() == {"city": "Rome"}


def test_a_key_keeps_its_value_whole() -> None:
    person = Person(empty_state())
    put(person, T, home={"city": "Oslo", "zip": 1})
    put(person, T + 1, home={"city": "Rome"})

    assert person.traits() == {"home": {"city": "Rome"}}


def test_null_deletes_and_keeps_its_time() -> None:
    person = Person(empty_state())
    put(person, T, city="Oslo")
    put(person, T + 10, city=None)
    assert person.traits() == {}

    put(person, T + 9, city="Rome")
    assert person.traits() == {}

    put(person, T + 10, city="Paris")
    assert person.traits() == {"city": "Paris"}


def test_null_within_a_value_is_a_value() -> None:
    person = Person(empty_state())
    put(person, T, home={"city": None})

    assert person.traits() == {"home": {"city": None}}


def test_what_is_older_changes_nothing() -> None:
    person = Person(empty_state())
    put(person, T, city="Oslo")

    assert person.merged_traits({"city": "Rome"}, T - 1) is None
    assert person.merged_traits({}, T + 1) is None


def test_traits_over_the_limit_are_refused_and_nothing_has_changed() -> None:
    person = Person(empty_state())
    put(person, T, city="Oslo")
    held = person.state.traits

    with pytest.raises(Rejected) as refused:
        person.merged_traits({"city": "Rome", "note": "x" * TRAITS_BYTES_MAX}, T + 1)

    assert refused.value.reason.code == "state-too-large"
    assert person.state.traits == held
    assert person.traits() == {"city": "Oslo"}


def test_the_limit_is_reached_to_the_byte() -> None:
    person = Person(empty_state())
    put(person, T, note="")
    spare = TRAITS_BYTES_MAX - len(person.state.traits)

    put(person, T, note="x" * spare)
    assert len(person.state.traits) == TRAITS_BYTES_MAX
    with pytest.raises(Rejected):
        person.merged_traits({"note": "x" * (spare + 1)}, T)
    with pytest.raises(Rejected):
        person.merged_traits({"note": "é" * (spare // 2 + 1)}, T)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.dictionaries(names, values, max_size=3)), max_size=8))
def test_traits_read_again_are_what_they_were(puts: list[tuple[int, dict[str, Any]]]) -> None:
    person = Person(empty_state())
    expected: dict[str, tuple[int, Any]] = {}
    for at, traits in puts:
        put(person, T + at, **traits)
        expected |= {key: (at, value) for key, value in traits.items() if key not in expected or expected[key][0] <= at}

    again = Person(person.state)
    assert again.traits() == person.traits() == {key: value for key, (_, value) in expected.items() if value is not None}
    assert again.held_traits() == {key: (value, T + at) for key, (at, value) in expected.items()}
