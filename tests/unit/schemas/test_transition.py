from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.transition import Transition, iso_time

ENTERED = Transition(
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
)


def test_the_id_is_the_same_for_ever() -> None:
    """Receivers remember ids: a new way to compute them would deliver everything again."""
    assert ENTERED.id == "tr_fe90b5f3a8426b4fddd38f7122726ab5"


def test_the_id_hashes_person_incarnation_segment_sequence_type_and_timestamp() -> None:
    parts = ["user:u1", "1764000000456", "hot_shoes", "1", "segment.entered", "1795334400123"]
    text = "\0".join(parts)

    assert ENTERED.id == "tr_" + blake2b(text.encode(), digest_size=16).hexdigest()


@pytest.mark.parametrize(
    "change", [{"person": "user:u2"}, {"incarnation": 1}, {"segment": "s"}, {"sequence": 2}, {"sequence": 3}, {"timestamp": 1}], ids=str
)
def test_a_transition_that_differs_in_one_of_these_has_another_id(change: dict[str, Any]) -> None:
    assert replace(ENTERED, **change).id != ENTERED.id


@pytest.mark.parametrize(
    "change",
    [{"cause": "time"}, {"definitions": 4}, {"event_id": None}, {"traits": None}, {"leaves_at": None}, {"silent": True}, {"user_id": None}],
    ids=str,
)
def test_what_may_differ_in_a_replay_does_not_change_the_id(change: dict[str, Any]) -> None:
    assert replace(ENTERED, **change).id == ENTERED.id


def test_odd_enters_and_even_leaves() -> None:
    assert [replace(ENTERED, sequence=sequence).kind for sequence in (1, 2, 3)] == ["segment.entered", "segment.left", "segment.entered"]


def test_the_record_is_as_the_contract_shows_it() -> None:
    assert json.loads(ENTERED.to_json()) == {
        "type": "segment.entered",
        "timestamp": "2026-11-22T08:00:00.123Z",
        "data": {
            "id": ENTERED.id,
            "person": "user:u1",
            "userId": "u1",
            "anonymousId": "a-9",
            "segment": "hot_shoes",
            "incarnation": 1_764_000_000_456,
            "sequence": 1,
            "cause": "event",
            "eventId": "m-1",
            "definitions": 3,
            "leavesAt": "2026-11-29T08:00:00.123Z",
            "traits": {"city": "Shanghai"},
        },
    }


def test_what_there_is_not_is_left_out() -> None:
    bare = replace(ENTERED, user_id=None, anonymous_id=None, event_id=None, leaves_at=None, traits={})

    assert set(json.loads(bare.to_json())["data"]) == {"id", "person", "segment", "incarnation", "sequence", "cause", "definitions"}


def test_a_silent_transition_says_so() -> None:
    assert json.loads(replace(ENTERED, silent=True).to_json())["data"]["silent"] is True
    assert "silent" not in json.loads(ENTERED.to_json())["data"]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z")],
)
def test_times_have_milliseconds_and_end_in_z(milliseconds: int, text: str) -> None:
    assert iso_time(milliseconds) == text
