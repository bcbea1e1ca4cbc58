from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.errors import Misconfigured
from schemas.identity_records import Edge
from tagging.codec import FORMAT, REST_FORMAT, pack, unpack
from tagging.identities import Identities, pack_identities
from tagging.state import PersonState, TagState, new_person, rebase
from tests.unit.tagging.made import DAY, T

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=5)
times = st.integers(-200_000 * DAY, 200_000 * DAY)
numbers = st.integers(0, 2**31)
weights = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
keys = numbers | st.builds(lambda number, value: f"{number}:{value}", numbers, texts)
tags = st.builds(TagState, st.integers(1, 2**53), weights, weights, times, times, numbers, st.none() | texts | numbers, st.none() | texts)
rows = st.builds(lambda time, kept: [time, *kept], times, st.lists(numbers | st.binary(max_size=3) | texts, max_size=2))
leaf_states = numbers | st.lists(times, max_size=5).map(sorted) | st.lists(rows, max_size=3) | st.dictionaries(numbers, numbers, max_size=3)
states = st.builds(
    PersonState,
    id=texts,
    number=numbers,
    base=st.integers(0, 2**48),
    born=times,
    definitions=numbers,
    due=st.none() | times,
    tags=st.dictionaries(keys, tags, max_size=4),
    leaves=st.dictionaries(numbers, leaf_states, max_size=4),
    members=st.dictionaries(numbers, numbers, max_size=4),
    anonymous_id=st.none() | texts,
    recent_at=times,
    recent=st.binary(max_size=36),
    traits=st.binary(max_size=20),
    floors=st.dictionaries(keys, times, max_size=3),
    apart=st.dictionaries(numbers, st.lists(times, min_size=1, max_size=3), max_size=2),
    lists=st.lists(st.tuples(texts, numbers), max_size=2),
).map(lambda state: state if state.recent else replace(state, recent_at=0))


@settings(deadline=None)
@given(states)
def test_what_is_packed_is_read_back_the_same(state: PersonState) -> None:
    again = unpack(pack(state))

    assert again == state
    assert [type(tag.score) for tag in again.tags.values()] == [type(tag.score) for tag in state.tags.values()]
    assert pack(again) == pack(state)


def test_the_packed_form_begins_with_its_format() -> None:
    state = new_person("user:u1", 0, T, 1)
    assert pack(state)[0] == REST_FORMAT == 6
    state.recent = b"twelve bytes"
    assert pack(state)[0] == FORMAT == 5


def test_the_packed_forms_of_a_person_are_the_same_for_ever() -> None:
    """States outlive versions: another layout needs another format byte."""
    state = new_person("user:u1", 5, T, 1)
    state.tags[3] = TagState(2, 2, 1.5, 10, 0, 7, 1, "m-1")

    assert pack(state).hex() == (
        "06dc0017a7757365723a753105cf0000019ab697e8000001c091039102c0c408000000000000f83fc4040a000000c4040000"
        "000091079100919201a36d2d318080c0c40080c0c40000"
    )
    state.recent = b"twelve bytes"
    assert pack(state).hex() == (
        "05dc0012a7757365723a753105cf0000019ab697e8000001c08103980202cb3ff80000000000000a000701a36d2d318080c0"
        "00c40c7477656c7665206279746573c400808090c40000"
    )


def test_states_of_which_it_is_not_known_when_they_were_active_are_read() -> None:
    """Such people are not forgotten before an event has come, or the definitions change."""
    state = new_person("user:u1", 5, T, 1)
    state.tags[3] = TagState(2, 2, 1.5, 10, 0, 7, 1, "m-1")
    state.active = None
    at_rest = (
        "04dc0016a7757365723a753105cf0000019ab697e8000001c091039102c0c408000000000000f83fc4040a000000c4040000"
        "000091079100919201a36d2d318080c0c40080c0c400"
    )
    busy = (
        "03dc0011a7757365723a753105cf0000019ab697e8000001c08103980202cb3ff80000000000000a000701a36d2d318080c0"
        "00c40c7477656c7665206279746573c400808090c400"
    )

    assert unpack(bytes.fromhex(at_rest)) == state
    state.recent = b"twelve bytes"
    assert unpack(bytes.fromhex(busy)) == state


def test_states_from_before_there_were_identities_are_read() -> None:
    state = new_person("user:u1", 5, T, 1)
    state.active = None
    state.tags[3] = TagState(2, 2, 1.5, 10, 0, 7, 1, "m-1")
    at_rest = (
        "02dc0015a7757365723a753105cf0000019ab697e8000001c091039102c0c408000000000000f83fc4040a000000c4040000"
        "000091079100919201a36d2d318080c0c40080c0"
    )
    busy = (
        "01dc0010a7757365723a753105cf0000019ab697e8000001c08103980202cb3ff80000000000000a000701a36d2d318080c0"
        "00c40c7477656c7665206279746573c400808090"
    )

    assert unpack(bytes.fromhex(at_rest)) == state
    edged = replace(state, identities=pack_identities(Identities([Edge("user:u1", "anon:a", T, "", "viewed")], {}, {}, {}, []), "user:u1"))
    # An array of 22, and not of 23, whose last is the packed form of identities itself.
    before = b"\x04\xdc\x00\x16" + pack(state)[4:-3] + b"\xc4" + bytes([len(edged.identities)]) + edged.identities
    assert unpack(before) == edged
    state.recent = b"twelve bytes"
    assert unpack(bytes.fromhex(busy)) == state


def test_a_state_of_another_version_is_refused_and_says_so() -> None:
    packed = pack(new_person("user:u1", 0, T, 1))

    with pytest.raises(Misconfigured, match="format 7, this version reads 1 to 6"):
        unpack(b"\x07" + packed[1:])


def test_two_new_persons_share_nothing() -> None:
    one, other = new_person("user:u1", 0, T, 1), new_person("user:u2", 1, T, 1)
    one.tags[1] = TagState(1, 1, 1, 0, 0, 0, None, None)
    one.leaves[1] = one.members[1] = 1
    one.floors = {1: 1}

    assert (other.tags, other.leaves, other.members, other.floors) == ({}, {}, {}, {})


def test_a_person_is_born_with_the_first_record() -> None:
    state = new_person("user:u1", 5, T, 3)

    assert (state.incarnation, state.number, state.definitions, state.due) == (T, 5, 3, None)


def seen_leaf(held: Any, base: int) -> Any:
    """A leaf's state with absolute times: a list of times, or of rows that begin with one."""
    if not isinstance(held, list):
        return held
    return [(base + item[0], *item[1:]) if isinstance(item, list) else base + item for item in held]


def visible(state: PersonState) -> dict[str, Any]:
    """All of a state, with absolute times."""
    base = state.base
    return {
        "incarnation": state.incarnation,
        "due": None if state.due is None else base + state.due,
        "active": None if state.active is None else base + state.active,
        "tags": {
            key: (tag.count, tag.weight, tag.score, base + tag.last, base + tag.first, tag.rule, tag.source, tag.event_id)
            for key, tag in state.tags.items()
        },
        "leaves": {number: seen_leaf(held, base) for number, held in state.leaves.items()},
        "apart": {number: (held[0], *(base + time for time in held[1:])) for number, held in state.apart.items()},
        "floors": {key: base + time for key, time in state.floors.items()},
        "recent": (base + state.recent_at, state.recent) if state.recent else None,
        "rest": (state.id, state.number, state.definitions, state.members, state.anonymous_id, state.traits, state.lists),
    }


@settings(deadline=None)
@given(states, st.integers(0, 2**48))
def test_another_base_changes_nothing_that_can_be_seen(state: PersonState, base: int) -> None:
    before = visible(unpack(pack(state)))

    rebase(state, base)

    assert state.base == base
    assert visible(state) == before
    assert visible(unpack(pack(state))) == before


@settings(deadline=None)
@given(states)
def test_every_field_with_a_time_is_moved(state: PersonState) -> None:
    """A field that is added with a time and forgotten in ``rebase`` stands here as one that did not move."""
    relative = {"born", "due", "active", "tags", "leaves", "floors", "recent_at", "apart"}
    absolute = {"id", "number", "definitions", "members", "anonymous_id", "recent", "traits", "lists", "identities"}

    assert {field.name for field in msgspec.structs.fields(PersonState)} == relative | absolute | {"base"}
