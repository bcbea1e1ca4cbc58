"""Clients for servers, as their vendors ship them: nothing is lost and nothing is there twice, though an answer gets lost on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.metadata import version

import pytest

from tests.clients.running import KEY, Arrived, Front, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

AGAIN = "sends again, under the same ids"
SEGMENTS_STORY = {"viewed": 30, "$identify": 1, "$page": 1, "$screen": 1, "$group": 1, "$alias": 1}


def use_segment(url: str) -> None:
    from segment.analytics.client import Client

    errors: list[object] = []
    client = Client(KEY, host=url, on_error=lambda error, items: errors.append(error), gzip=True, timeout=20, max_retries=5)
    for number in range(30):
        client.track(f"u{number % 3}", "viewed", {"number": number})
    client.identify("u1", {"city": "Shanghai"})
    client.page("u1", "Docs", "Home", {"url": "https://shop.example/"})
    client.screen(anonymous_id="a-1", name="Start")
    client.group("u1", "g-1", {"plan": "pro"})
    client.alias("a-1", "u1")
    client.flush()
    client.join()
    assert not errors


def use_rudderstack(url: str) -> None:
    from rudderstack.analytics.client import Client

    errors: list[object] = []
    client = Client(KEY, host=url, on_error=lambda error, items: errors.append(error), timeout=20)
    for number in range(30):
        client.track(f"u{number % 3}", "viewed", {"number": number})
    client.identify("u1", {"city": "Shanghai"})
    client.page("u1", "Docs", "Home", {"url": "https://shop.example/"})
    client.screen(anonymous_id="a-1", name="Start")
    client.group("u1", "g-1", {"plan": "pro"})
    client.alias("a-1", "u1")
    client.flush()
    client.join()
    assert not errors


def check_segments_story(found: Arrived, protocol: str) -> None:
    """What every client that speaks Segment's calls has told."""
    assert found.names() == SEGMENTS_STORY
    assert found.numbers() == list(range(30))
    assert {event["protocol"] for event in found.events} == {protocol}
    assert [event["userId"] for event in found.named("viewed") if event["properties"]["number"] == 4] == ["u1"]
    (identify,), (page,), (group,), (alias,) = (found.named(f"${name}") for name in ("identify", "page", "group", "alias"))
    assert identify["traits"] == {"city": "Shanghai"}
    assert page["properties"]["url"] == "https://shop.example/"
    assert page["properties"]["name"] == "Home"
    assert (group["properties"]["groupId"], group["traits"]) == ("g-1", {"plan": "pro"})
    assert {alias["userId"], alias["previousId"]} == {"u1", "a-1"}
    for event in found.events:
        assert 0 <= event["receivedAt"] - event["timestamp"] < 60_000


async def story_of(collector: Running, use: Callable[[str], None] | str, paths: set[str], events: int) -> tuple[Arrived, Front]:
    """What a client's story leaves on the topic, if on each path the first answer is lost."""
    async with front_of(collector, loses=paths) as front:
        if isinstance(use, str):
            async with node(use, front.url, KEY) as program:
                assert program.said["errors"] == []
        else:
            await asyncio.to_thread(use, front.url)
    assert set(front.lost) == paths
    found = await arrived(collector, events, again=1)
    assert found.came_again > 0
    return found, front


@pytest.mark.parametrize(
    ("protocol", "package", "use"),
    [
        ("segment", "segment-analytics-python", use_segment),
        ("segment", "@segment/analytics-node", "node/segment.mjs"),
        ("segment", "analytics-node", "node/analytics-node.mjs"),
        ("rudderstack", "rudder-sdk-python", use_rudderstack),
        ("rudderstack", "@rudderstack/rudder-sdk-node", "node/rudderstack.mjs"),
    ],
)
async def test_a_client_that_speaks_segments_calls_delivers_all_once(
    collector: Running, protocol: str, package: str, use: Callable[[str], None] | str
) -> None:
    found, front = await story_of(collector, use, {"/v1/batch"}, 35)
    check_segments_story(found, protocol)
    front.keep(package)
    release = version_of(package) if isinstance(use, str) else version(package)
    settle(Row(package, release, protocol, 35, 35, len(found.events), AGAIN))


def use_posthog(url: str) -> None:
    from posthog import Posthog

    errors: list[object] = []
    client = Posthog(KEY, host=url, flush_interval=0.2, timeout=20, on_error=lambda error, items: errors.append(error))
    for number in range(30):
        client.capture("viewed", distinct_id=f"u{number % 3}", properties={"number": number})
    client.set(distinct_id="u1", properties={"city": "Shanghai"})
    client.capture("$pageview", distinct_id="u1", properties={"$current_url": "https://shop.example/"})
    client.group_identify("company", "c1", {"plan": "pro"}, distinct_id="u1")
    client.alias("a-1", "u1")
    assert client.get_all_flags("u1") == {}
    client.shutdown()
    assert not errors


@pytest.mark.parametrize(("package", "use"), [("posthog", use_posthog), ("posthog-node", "node/posthog.mjs")])
async def test_a_posthog_client_delivers_all_once(collector: Running, package: str, use: Callable[[str], None] | str) -> None:
    found, front = await story_of(collector, use, {"/batch/"}, 34)

    assert found.names() == {"viewed": 30, "$identify": 1, "$page": 1, "$group": 1, "$alias": 1}
    assert found.numbers() == list(range(30))
    assert {event["protocol"] for event in found.events} == {"posthog"}
    assert {event["userId"] for event in found.named("viewed")} == {"u0", "u1", "u2"}
    (identify,), (page,), (group,), (alias,) = (found.named(f"${name}") for name in ("identify", "page", "group", "alias"))
    assert identify["traits"] == {"city": "Shanghai"}
    assert (page["userId"], page["properties"]["url"]) == ("u1", "https://shop.example/")
    assert group.get("userId") == (None if package == "posthog-node" else "u1")
    assert (group["properties"]["groupId"], group["traits"]) == ("c1", {"plan": "pro"})
    assert {alias["userId"], alias["previousId"]} == {"u1", "a-1"}
    assert front.requests["POST /flags/"] >= 1
    front.keep(package)
    release = version_of(package) if isinstance(use, str) else version(package)
    settle(Row(package, release, "posthog", 34, 34, len(found.events), AGAIN))
