"""RudderStack's clients, where they differ from Segment's."""

from __future__ import annotations

import pytest

from tests.unit.collectors.asking import BASIC, KEY, NOW_MS, ask

CALL = {"type": "track", "userId": "u1", "event": "viewed", "messageId": "m-1"}


@pytest.mark.parametrize(
    ("marks", "protocol"),
    [
        ({}, "segment"),
        ({"context": {"library": {"name": "analytics-python"}}}, "segment"),
        ({"context": {"library": "x"}}, "segment"),
        ({"context": {"library": {"name": "RudderLabs JavaScript SDK"}}}, "rudderstack"),
        ({"channel": "server", "context": {"library": {"name": "analytics-python"}}}, "rudderstack"),
    ],
)
def test_a_call_goes_under_the_name_of_the_protocol_whose_client_made_it(marks: dict[str, object], protocol: str) -> None:
    assert ask("/v1/track", CALL | marks, BASIC).event["protocol"] == protocol
    assert ask("/v1/batch", {"batch": [CALL | marks]}, BASIC).event["protocol"] == protocol


@pytest.mark.parametrize("path", ["/sourceConfig/", "/sourceConfig"])
def test_the_control_plane_knows_one_source_without_destinations(path: str) -> None:
    for url, headers in ((path, BASIC), (f"{path}?p=web&v=3&writeKey={KEY}", {})):
        source = ask(url, headers=headers).json["source"]
        assert (source["enabled"], source["writeKey"], source["destinations"]) == (True, KEY, [])
    assert ask(path).reason == "no-write-key"


def test_a_beacon_has_its_key_in_the_query_and_the_exact_status() -> None:
    told = ask(f"/beacon/v1/batch?writeKey={KEY}", {"batch": [CALL, CALL | {"event": ""}]}, {"content-type": "text/plain"})
    assert (told.answer.status, len(told.events), len(told.refused)) == (200, 1, 1)


@pytest.mark.parametrize("kind", ["page", "track"])
def test_a_pixel_is_an_event_and_always_an_image(kind: str) -> None:
    told = ask(f"/pixel/v1/{kind}?writeKey={KEY}&anonymousId=a-1&event=opened&properties.mail=spring")
    assert (told.event["type"], told.event["properties"]["mail"], told.people) == (kind, "spring", ["anon:a-1"])
    for url in (f"/pixel/v1/{kind}", f"/pixel/v1/{kind}?writeKey={KEY}&anonymousId=a-1"):
        refused = ask(url)
        assert (refused.answer.status, refused.answer.body[:3]) == (200, b"GIF")


def test_traits_in_the_context_are_the_traits_of_an_identify() -> None:
    call = {"type": "identify", "anonymousId": "a-1", "userId": "u1", "context": {"traits": {"city": "Shanghai"}}}
    assert ask("/v1/identify", call, BASIC).event["traits"] == {"city": "Shanghai"}


def test_a_merge_says_that_two_ids_are_one_person() -> None:
    sides = [{"type": "user_id", "value": "u1"}, {"type": "email", "value": "a@shop.example"}]
    event = ask("/v1/merge", {"mergeProperties": sides, "messageId": "m-9", "originalTimestamp": NOW_MS - 5, "sentAt": NOW_MS}, BASIC).event
    assert (event["type"], event["id"], event["userId"], event["ids"]) == ("identify", "m-9", "u1", {"email": "a@shop.example"})
    assert event["timestamp"] == NOW_MS - 5
    assert event["context"]["vendorEvent"] == "merge"


@pytest.mark.parametrize("sides", [None, [], [{"type": "email", "value": "a"}], [{"type": "email", "value": "a"}, 7], [{}, {}]])
def test_a_merge_of_anything_but_two_ids_is_refused(sides: object) -> None:
    assert ask("/v1/merge", {"mergeProperties": sides}, BASIC).reason == "bad-shape"


def test_a_clock_an_hour_behind_is_set_right() -> None:
    hour_ms = 3_600_000
    call = CALL | {"originalTimestamp": NOW_MS - hour_ms - 2_000, "sentAt": NOW_MS - hour_ms}
    assert ask("/v1/track", call, BASIC).event["timestamp"] == NOW_MS - 2_000
