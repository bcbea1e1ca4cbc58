"""Clients of product analytics, for servers: Amplitude's and Mixpanel's."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import pytest

from tests.clients.running import KEY, Arrived, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

GIVES_UP = "gives up; after a 502 it sends again under the same ids"


def check_amplitudes_story(found: Arrived) -> None:
    assert found.names() == {"viewed": 30, "$identify": 1, "$group": 1, "revenue_amount": 1}
    assert found.numbers() == list(range(30))
    assert {event["protocol"] for event in found.events} == {"amplitude"}
    (fourth,) = (event for event in found.named("viewed") if event["properties"]["number"] == 4)
    assert (fourth["userId"], fourth["anonymousId"]) == ("u1", "d1")
    (identify,), (group,), (revenue,) = (found.named(name) for name in ("$identify", "$group", "revenue_amount"))
    assert (identify["userId"], identify["traits"]) == ("u1", {"city": "Shanghai"})
    assert (group["properties"]["groupId"], group["traits"]) == ("c1", {"plan": "pro"})
    assert (revenue["properties"]["price"], revenue["properties"]["quantity"]) == (3, 2)
    for event in found.events:
        assert 0 <= event["receivedAt"] - event["timestamp"] < 60_000


def use_amplitude(url: str) -> None:
    from amplitude import Amplitude, BaseEvent, Config, EventOptions, Identify, Revenue

    heard: list[int] = []
    config = Config(
        server_url=f"{url}/2/httpapi", flush_queue_size=20, flush_interval_millis=200, callback=lambda event, code, text: heard.append(code)
    )
    client = Amplitude(KEY, config)
    for number in range(30):
        client.track(BaseEvent("viewed", user_id=f"u{number % 3}", device_id=f"d{number % 3}", event_properties={"number": number}))
    client.identify(Identify().set("city", "Shanghai").set_once("first", 1), EventOptions(user_id="u1"))
    client.group_identify("company", "c1", Identify().set("plan", "pro"), EventOptions())
    client.revenue(Revenue(price=3.0, quantity=2, product_id="p1"), EventOptions(user_id="u1"))
    for _ in range(2):  # what a 502 put back goes with the second
        for future in client.flush():
            if future is not None:
                future.exception(20)  # an answer that is lost reaches nobody but here
    client.shutdown()
    assert set(heard) <= {200}, heard


@pytest.mark.parametrize(("says", "sends_again"), [(None, False), (502, True)])
async def test_amplitudes_client_for_node_delivers_all_once(collector: Running, says: int | None, sends_again: bool) -> None:
    async with front_of(collector, loses={"/batch"}, says=says) as front, node("node/amplitude.mjs", front.url, KEY) as program:
        # A connection that breaks is an error that it tells the caller and gives up on.
        assert set(program.said["errors"]) == (set() if sends_again else {"Unexpected error occurred"})
    found = await arrived(collector, 33, again=sends_again)
    check_amplitudes_story(found)
    assert (front.lost, found.came_again > 0) == (["/batch"], sends_again)
    front.keep("@amplitude/analytics-node")
    settle(Row("@amplitude/analytics-node", version_of("@amplitude/analytics-node"), "amplitude", 33, 33, len(found.events), GIVES_UP))


@pytest.mark.parametrize(("says", "sends_again"), [(None, False), (502, True)])
async def test_amplitudes_client_for_python_delivers_all_once(collector: Running, says: int | None, sends_again: bool) -> None:
    async with front_of(collector, loses={"/2/httpapi"}, says=says) as front:
        await asyncio.to_thread(use_amplitude, front.url)
    found = await arrived(collector, 33, again=sends_again)
    check_amplitudes_story(found)
    assert (front.lost, found.came_again > 0) == (["/2/httpapi"], sends_again)
    front.keep("amplitude-analytics")
    settle(Row("amplitude-analytics", version("amplitude-analytics"), "amplitude", 33, 33, len(found.events), GIVES_UP))


def use_mixpanel(url: str) -> None:
    from mixpanel import BufferedConsumer, Mixpanel, MixpanelException

    urls = {f"{kind}_url": f"{url}/{path}" for kind, path in (("events", "track"), ("people", "engage"), ("import", "import"))}
    consumer = BufferedConsumer(max_size=50, groups_url=f"{url}/groups", request_timeout=20, **urls)
    client = Mixpanel(KEY, consumer)
    for number in range(30):
        client.track(f"u{number % 3}", "viewed", {"number": number})
    client.import_data(None, "u1", "opened", client._now() - 30, {"number": 30})
    client.people_set("u1", {"city": "Shanghai", "$email": "ann@shop.example"})
    client.group_set("company", "c1", {"plan": "pro"})
    client.merge(None, "u1", "u9")
    for _ in range(4):
        try:
            consumer.flush()
        except MixpanelException:
            continue
        return
    raise AssertionError("never taken")


def check_mixpanels_story(found: Arrived, opened: int) -> None:
    assert found.names() == {"viewed": 30, "opened": opened, "$identify": 1, "$group": 1, "$alias": 1}
    assert found.numbers() == list(range(30 + opened))
    assert {event["protocol"] for event in found.events} == {"mixpanel"}
    assert [event["userId"] for event in found.named("viewed") if event["properties"]["number"] == 4] == ["u1"]
    (identify,), (group,) = found.named("$identify"), found.named("$group")
    assert (identify["userId"], identify["traits"]) == ("u1", {"city": "Shanghai", "email": "ann@shop.example"})
    assert (group["properties"]["groupId"], group["traits"]) == ("c1", {"plan": "pro"})
    for event in found.events:
        assert 0 <= event["receivedAt"] - event["timestamp"] < 60_000


async def test_mixpanels_client_for_python_delivers_all_once(collector: Running) -> None:
    async with front_of(collector, loses={"/track", "/engage", "/import"}) as front:
        await asyncio.to_thread(use_mixpanel, front.url)
    found = await arrived(collector, 34, again=33)
    check_mixpanels_story(found, 1)
    (alias,) = found.named("$alias")
    assert (alias["userId"], alias["previousId"]) == ("u1", "u9")
    front.keep("mixpanel-python")
    told = "raises; flushed again, it sends again under the same ids"
    settle(Row("mixpanel-python", version("mixpanel"), "mixpanel", 34, 34, len(found.events), told))


async def test_mixpanels_client_for_node_delivers_all_once(collector: Running) -> None:
    async with front_of(collector, loses={"/track"}) as front, node("node/mixpanel.mjs", front.url, KEY, behind=False) as program:
        assert len(program.said["errors"]) == 1
    found = await arrived(collector, 35, again=30)
    check_mixpanels_story(found, 2)
    (alias,) = found.named("$alias")
    assert {alias["userId"], alias["previousId"]} == {"u1", "a-1"}
    front.keep("mixpanel-node")
    told = "tells its callback; called again with an $insert_id, it counts once"
    settle(Row("mixpanel-node", version_of("mixpanel"), "mixpanel", 35, 35, len(found.events), told))
