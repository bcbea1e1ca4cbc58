from __future__ import annotations

from dataclasses import replace

import pytest

from schemas.definitions.model import ListNode
from segments.compile import Program, compile_bundle
from tagging.person import Person
from tagging.state import PersonState, TagState, new_person
from tests.unit.segments.scene import T, bundle_of

DEFINITIONS = """
tags:
  - {id: heat, rules: [{event: viewed}]}
  - {id: interest, value: properties.category, rules: [{event: viewed}]}
segments:
  - {id: a_viewed, when: {event: viewed, within: 1h}}
  - {id: b_hot, when: {tag: heat}}
  - {id: c_shoes, when: {tag: "interest:shoes"}}
  - {id: d_local, when: {trait: city}}
  - {id: e_listed, when: {trait: named.in.place.of.a.list}}
  - {id: f_some, when: {sample: {percent: 10, seed: x}}}
  - {id: g_cold, when: {not: {tag: heat}}}
  - {id: h_after_some, when: {all: [{segment: f_some}, {event: bought}]}}
  - {id: i_after_viewed, when: {segment: a_viewed}}
  - {id: j_lasting, when: {stays: {when: {event: bought, within: 1d}, for: 1h}}}
"""
ALWAYS = ["f_some", "g_cold", "h_after_some", "j_lasting"]


@pytest.fixture(scope="module")
def program() -> Program:
    bundle = bundle_of(DEFINITIONS)
    named = tuple(replace(each, when=ListNode("vip")) if each.id == "e_listed" else each for each in bundle.segments)
    return compile_bundle(replace(bundle, segments=named))


@pytest.fixture
def state() -> PersonState:
    return new_person("user:u1", 0, T, 1)


def relevant(program: Program, state: PersonState) -> list[str]:
    return [program.segments[place].id for place in program.relevance.places(state)]


def tag() -> TagState:
    return TagState(1, 1, 1, 0, 0, 1, None, None)


def test_of_nobody_in_particular_only_what_is_not_surely_false_is_asked(program: Program, state: PersonState) -> None:
    assert relevant(program, state) == ALWAYS


def test_a_leaf_that_has_been_written_calls_for_its_readers_and_those_who_refer_to_them(program: Program, state: PersonState) -> None:
    state.leaves[next(leaf.number for leaf in program.plans["viewed"].leaves)] = [0]

    assert relevant(program, state) == sorted([*ALWAYS, "a_viewed", "i_after_viewed"])


def test_a_tag_calls_for_its_readers(program: Program, state: PersonState) -> None:
    state.tags[program.tags["heat"].number] = tag()

    assert relevant(program, state) == sorted([*ALWAYS, "b_hot"])


def test_any_value_of_a_family_calls_for_the_readers_of_the_family(program: Program, state: PersonState) -> None:
    state.tags[f"{program.tags['interest'].number}:bags"] = tag()

    assert relevant(program, state) == sorted([*ALWAYS, "c_shoes"])


def test_traits_and_lists_call_for_their_readers(program: Program, state: PersonState) -> None:
    Person(state).set_traits({"age": (7, T)})
    state.lists = [("other", 3)]

    assert relevant(program, state) == sorted([*ALWAYS, "d_local", "e_listed"])


def test_a_segment_that_the_person_is_in_is_asked_and_one_that_was_left_is_not(program: Program, state: PersonState) -> None:
    numbers = {segment.id: segment.number for segment in program.segments}
    state.members = {numbers["a_viewed"]: 1, numbers["b_hot"]: 2, 999: 1}

    assert relevant(program, state) == sorted([*ALWAYS, "a_viewed"])


def test_a_segment_whose_entries_are_counted_for_the_person_is_asked(program: Program, state: PersonState) -> None:
    state.apart = {next(segment.number for segment in program.segments if segment.id == "d_local"): [0, 5]}

    assert relevant(program, state) == sorted([*ALWAYS, "d_local"])


def test_what_the_program_knows_nothing_of_calls_for_nobody(program: Program, state: PersonState) -> None:
    state.leaves[999] = 1
    state.tags[999] = tag()

    assert relevant(program, state) == ALWAYS
