from __future__ import annotations

from typing import Any

import pytest

from schemas.errors import Misconfigured
from schemas.event import read_event
from schemas.json_text import to_json
from stream.duplicates.merging import alias_event

NOW = 1_764_000_000_000


def names(one: str, other: str) -> dict[str, Any]:
    event = alias_event(one, other, NOW)
    return {key: event[key] for key in ("userId", "anonymousId", "previousId", "ids") if key in event}


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("user:u2", "user:u1", {"userId": "u1", "previousId": "u2"}),
        ("anon:a1", "user:u1", {"userId": "u1", "previousId": "a1"}),
        ("anon:a:2", "anon:a1", {"anonymousId": "a1", "previousId": "a:2"}),
        ("wx_unionid:o1", "user:u1", {"userId": "u1", "ids": {"wx_unionid": "o1"}}),
        ("wx_openid:wx1:o1", "wx_openid:wx2:o2", {"ids": {"wx_openid:wx1": "o1", "wx_openid:wx2": "o2"}}),
    ],
)
def test_one_event_names_both(one: str, other: str, said: dict[str, Any]) -> None:
    assert names(one, other) == names(other, one) == said


def test_the_event_is_one_that_a_lane_reads_and_the_same_for_the_same_pair() -> None:
    event = alias_event("user:u2", "user:u1", NOW)
    read = read_event(to_json(event))
    assert (read.name, read.routing_id, read.stated_ms) == ("$alias", "user:u1", NOW)
    assert alias_event("user:u1", "user:u2", NOW + 1)["id"] == read.id


@pytest.mark.parametrize(
    ("one", "other"),
    [("user:u1", "user:u1"), ("u1", "user:u2"), ("user:", "user:u2"), (":u1", "user:u2"), ("wx_unionid:o1", "wx_unionid:o2")],
)
def test_what_no_event_can_say_is_refused(one: str, other: str) -> None:
    with pytest.raises(Misconfigured):
        alias_event(one, other, NOW)
