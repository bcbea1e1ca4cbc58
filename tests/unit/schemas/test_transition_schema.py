"""The JSON Schema of transitions holds for what is published, and for nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.person_merged import PersonMerged
from schemas.transition import Transition
from schemas.transition_schema import transition_schema
from tests.unit.schemas.definitions.validator import is_valid

SCHEMA = transition_schema()
FULL = Transition(
    person="user:u1",
    user_id="u1",
    anonymous_id="a-9",
    segment="hot_shoes",
    incarnation=1_764_000_000_456,
    sequence=1,
    timestamp=1_795_334_400_123,
    cause="event",
    definitions=3,
    event_id="m-1",
    leaves_at=1_795_939_200_123,
    traits={"city": "Shanghai"},
    consent=("marketing",),
    silent=True,
)
LEFT = replace(FULL, sequence=2, leaves_at=None, cause="time", event_id=None, silent=False)
MERGED = json.loads(PersonMerged("anon:a", "user:u1", 1_764_000_000_456, 1_795_334_400_123).to_json())


def valid(body: Any) -> bool:
    return is_valid(body, SCHEMA, SCHEMA)


def body_of(transition: Transition) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(transition.to_json())
    return body


@pytest.mark.parametrize(
    "transition",
    [
        FULL,
        LEFT,
        Transition("anon:a", None, None, "s", 0, 1, 0, "definition", 0),
        replace(FULL, sequence=1_001, leaves_at=253_402_300_799_999),
        replace(FULL, traits={}),
        *(replace(LEFT, cause=cause) for cause in ("merge", "split", "list", "erasure")),
    ],
    ids=str,
)
def test_what_is_published_holds(transition: Transition) -> None:
    assert valid(body_of(transition))


def test_a_merge_holds() -> None:
    assert valid(MERGED)
    for field in MERGED["data"]:
        assert not valid(MERGED | {"data": {name: value for name, value in MERGED["data"].items() if name != field}})


def test_every_field_of_a_transition_is_told_and_no_other() -> None:
    assert SCHEMA["$defs"]["entered"]["properties"]["data"]["properties"].keys() == body_of(FULL)["data"].keys()


@pytest.mark.parametrize("field", ["id", "person", "segment", "incarnation", "sequence", "cause", "definitions"])
def test_what_every_transition_has_may_not_be_missing(field: str) -> None:
    body = body_of(FULL)
    del body["data"][field]
    assert not valid(body)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "tr_1"},
        {"person": ""},
        {"userId": 7},
        {"segment": "Hot"},
        {"incarnation": "1764000000456"},
        {"sequence": 0},
        {"sequence": 2},
        {"cause": "chance"},
        {"definitions": -1},
        {"leavesAt": "2026-11-29T08:00:00Z"},
        {"leavesAt": None},
        {"traits": {}},
        {"silent": False},
        {"more": 1},
    ],
    ids=str,
)
def test_an_entry_that_is_malformed_does_not_hold(change: dict[str, Any]) -> None:
    body = body_of(FULL)
    body["data"] |= change
    assert not valid(body)


@pytest.mark.parametrize("change", [{"sequence": 3}, {"leavesAt": "2026-11-29T08:00:00.123Z"}], ids=str)
def test_a_leave_has_an_even_sequence_and_no_exit_of_its_own(change: dict[str, Any]) -> None:
    body = body_of(LEFT)
    assert valid(body)
    body["data"] |= change
    assert not valid(body)


@pytest.mark.parametrize(
    "change", [{"type": "segment.joined"}, {"timestamp": 1_795_334_400_123}, {"timestamp": "2026-11-22T08:00:00Z"}, {"id": "x"}], ids=str
)
def test_an_envelope_that_is_malformed_does_not_hold(change: dict[str, Any]) -> None:
    assert not valid(body_of(FULL) | change)
