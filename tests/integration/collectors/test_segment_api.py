"""Segment's HTTP API against a real broker: what is answered, and what stands on the topic."""

from __future__ import annotations

import gzip
from typing import Any

import aiohttp
import orjson
import pytest

from schemas.routing import partition_of
from stream.runtime.catalogue import collector as catalogue
from tests.integration.collectors.running import BASIC, KEY, Running, headers_of

EVENT: dict[str, Any] = {"messageId": "m-1", "userId": "u1", "event": "viewed", "properties": {"price": 129.0}}


async def test_an_event_answered_with_200_stands_on_the_partition_of_its_person(collector: Running, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{collector.url}/v1/track", json=EVENT, headers=BASIC) as answer:
        assert (answer.status, await answer.json()) == (200, {"success": True})

    (record,) = await collector.records()
    assert record.key == b"user:u1"
    assert record.partition == partition_of("user:u1", collector.settings.partitions)
    event = orjson.loads(record.value)
    assert event["id"] == "m-1"
    assert event["source"] == "shop-web"
    assert event["protocol"] == "segment"
    assert event["properties"] == {"price": 129.0}
    assert event["timestamp"] == event["receivedAt"]
    assert event["context"]["ip"] == "127.0.0.1"
    assert collector.count(catalogue.EVENTS_ACCEPTED, protocol="segment") == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [(f"/v1/{path}", kind) for kind in ("track", "identify", "page", "screen", "group", "alias") for path in (kind, kind[0])],
)
async def test_every_documented_and_every_short_path_takes_its_type(
    collector: Running, http: aiohttp.ClientSession, path: str, kind: str
) -> None:
    async with http.post(f"{collector.url}{path}", json={**EVENT, "writeKey": KEY}) as answer:
        assert answer.status == 200

    (event,) = await collector.events()
    assert event["type"] == kind


async def test_the_key_is_taken_from_basic_the_body_or_the_query(collector: Running, http: aiohttp.ClientSession) -> None:
    for url, body, headers in (
        ("/v1/track", EVENT, BASIC),
        ("/v1/track", {**EVENT, "writeKey": KEY}, {}),
        (f"/v1/track?writeKey={KEY}", EVENT, {}),
        ("/v1/track", {**EVENT, "writeKey": KEY}, {"Authorization": "Bearer something"}),
    ):
        async with http.post(collector.url + url, json=body, headers=headers) as answer:
            assert answer.status == 200
    assert len(await collector.events()) == 4


async def test_an_unknown_key_and_none_are_401_and_leave_nothing(collector: Running, http: aiohttp.ClientSession) -> None:
    for body, reason in (({**EVENT, "writeKey": "guess"}, "unknown-write-key"), (EVENT, "no-write-key")):
        async with http.post(f"{collector.url}/v1/track", json=body) as answer:
            assert (answer.status, (await answer.json())["error"]["reason"]) == (401, reason)
        assert collector.rejected(reason) == 1
    assert not await collector.events()
    assert not await collector.dead_letters()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "image/png"])
@pytest.mark.parametrize("packed", [False, True])
async def test_the_content_type_is_never_believed(collector: Running, http: aiohttp.ClientSession, content_type: str, packed: bool) -> None:
    body = orjson.dumps(EVENT)
    data = gzip.compress(body) if packed else body
    async with http.post(f"{collector.url}/v1/t", data=data, headers={**BASIC, "Content-Type": content_type}) as answer:
        assert answer.status == 200
    assert [event["id"] for event in await collector.events()] == ["m-1"]


async def test_a_bad_event_of_a_batch_is_a_dead_letter_by_itself_and_the_good_ones_go_on(
    collector: Running, http: aiohttp.ClientSession
) -> None:
    bad = b'{"type":"track","userId":"u2",  "event":""}'
    body = b'{"context":{"app":"x"},"batch":[%s,%s,{"type":"page","userId":"u3","name":"Home"},17]}' % (
        orjson.dumps({**EVENT, "type": "track"}),
        bad,
    )
    async with http.post(f"{collector.url}/v1/batch", data=body, headers=BASIC) as answer:
        assert (answer.status, await answer.json()) == (200, {"success": True})

    events = await collector.events()
    assert {event["type"] for event in events} == {"track", "page"}
    assert all(event["context"]["app"] == "x" for event in events)
    letters = await collector.dead_letters()
    assert [letter.value for letter in letters] == [bad, b"17"]
    headers = headers_of(letters[0])
    assert headers["reason"] == "missing-name"
    assert headers["stage"] == "collector"
    assert set(headers) <= {"reason", "stage", "version", "received-at", "attempts", "detail"}
    assert collector.count(catalogue.DEAD_LETTERS, outcome="stored") == 2


async def test_a_strict_client_hears_what_its_batch_lost(collector: Running, http: aiohttp.ClientSession) -> None:
    batch = {"batch": [{**EVENT, "type": "track"}, {"type": "track", "event": "x"}, {"type": "nonsense", "userId": "u"}]}
    async with http.post(f"{collector.url}/v1/batch", json=batch, headers={**BASIC, "X-Strict-Mode": "1"}) as answer:
        said = await answer.json()
        assert answer.status == 400
    assert said["accepted"] == 1
    assert [(item["index"], item["reason"]) for item in said["error"]["refused"]] == [(1, "missing-person"), (2, "bad-shape")]
    assert len(await collector.events()) == 1


async def test_a_single_bad_event_is_400_and_its_body_is_kept_byte_for_byte(collector: Running, http: aiohttp.ClientSession) -> None:
    body = b'{ "userId":"u1",\n"event" : 7 }'
    async with http.post(f"{collector.url}/v1/track", data=body, headers=BASIC) as answer:
        assert (answer.status, (await answer.json())["error"]["reason"]) == (400, "missing-name")
    (letter,) = await collector.dead_letters()
    assert letter.value == body


async def test_an_empty_batch_is_fine(collector: Running, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{collector.url}/v1/batch", json={"batch": []}, headers=BASIC) as answer:
        assert answer.status == 200


async def test_too_many_events_are_refused_whole(collector: Running, http: aiohttp.ClientSession) -> None:
    body = orjson.dumps({"batch": [{"type": "page", "userId": "u"}] * 1001})
    async with http.post(f"{collector.url}/v1/batch", data=body, headers=BASIC) as answer:
        assert (answer.status, (await answer.json())["error"]["reason"]) == (400, "too-many-events")
    assert not await collector.events()
    (letter,) = await collector.dead_letters()
    assert letter.value == body


async def test_unknown_paths_are_told_the_known_ones(collector: Running, http: aiohttp.ClientSession) -> None:
    for path in ("/", "/v2/track"):
        async with http.get(collector.url + path) as answer:
            said = await answer.json()
            assert (answer.status, said["error"]["reason"]) == (404, "not-found")
            assert "POST /v1/track" in said["paths"]
    async with http.get(f"{collector.url}/v1/track") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")


async def test_the_dead_letter_rate_is_capped_and_the_rest_counted(collector: Running, http: aiohttp.ClientSession) -> None:
    batch = {"batch": [{"type": "track"}] * 900}
    async with http.post(f"{collector.url}/v1/batch", json=batch, headers=BASIC) as answer:
        assert answer.status == 200
    stored = collector.count(catalogue.DEAD_LETTERS, outcome="stored")
    assert 500 <= stored < 900
    assert stored + collector.count(catalogue.DEAD_LETTERS, outcome="capped") == 900
    assert collector.rejected("missing-person") + collector.rejected("missing-name") == 900
