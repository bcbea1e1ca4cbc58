"""Clients that speak for no product: CloudEvents of servers, and Google's Measurement Protocol."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import requests

from tests.clients.running import KEY, Arrived, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import BASIC, Running

AGAIN = "leaves it to its user; sent again it counts once"


def use_cloudevents(url: str) -> None:
    from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
    from cloudevents.core.v1.event import CloudEvent

    def post(message: HTTPMessage) -> None:
        for _ in range(3):
            try:
                headers = {**message.headers, **BASIC}
                requests.post(f"{url}/cloudevents", data=message.body, headers=headers, timeout=20).raise_for_status()
            except requests.ConnectionError:
                continue
            return
        raise AssertionError("never taken")

    for number in range(10):
        data = {"number": number, "name": "名"}
        event = CloudEvent({"source": "/shop", "type": "viewed", "userid": f"u{number % 3}"}, data)
        post(to_binary_event(event) if number % 2 else to_structured_event(event))


def check_cloudevents(found: Arrived) -> None:
    assert found.names() == {"viewed": 10}
    assert found.numbers() == list(range(10))
    assert found.came_again == 1
    for event in found.events:
        assert event["userId"] == f"u{event['properties']['number'] % 3}"
        assert event["properties"]["name"] == "名"
        assert 0 <= event["receivedAt"] - event["timestamp"] < 60_000


async def test_cloudevents_of_the_python_package_are_stored_once(collector: Running) -> None:
    async with front_of(collector, loses={"/cloudevents"}) as front:
        await asyncio.to_thread(use_cloudevents, front.url)
    found = await arrived(collector, 10, again=1)
    check_cloudevents(found)
    front.keep("cloudevents-python")
    settle(Row("cloudevents-python", version("cloudevents"), "cloudevents", 10, 10, len(found.events), AGAIN))


async def test_cloudevents_of_the_node_package_are_stored_once(collector: Running) -> None:
    async with front_of(collector, loses={"/cloudevents"}) as front, node("node/cloudevents.mjs", front.url, KEY, behind=False) as program:
        assert len(program.said["errors"]) == 1
    found = await arrived(collector, 10, again=1)
    check_cloudevents(found)
    front.keep("cloudevents-node")
    settle(Row("cloudevents-node", version_of("cloudevents"), "cloudevents", 10, 10, len(found.events), AGAIN))


def use_ga4mp(url: str) -> None:
    from ga4mp import GtagMP

    client = GtagMP(api_secret=KEY, measurement_id="G-1", client_id="c1.1")
    client._base_domain = f"{url}/mp/collect"
    client._validation_domain = f"{url}/debug/mp/collect"
    client.store.set_user_property(name="city", value="Shanghai")
    events = [client.create_new_event(name="viewed") for _ in range(30)]
    for number, event in enumerate(events):
        event.set_event_param(name="number", value=number)
    client.send(events[:1], validation_hit=True)
    client.send(events)


async def test_the_measurement_protocols_events_are_stored_once(collector: Running) -> None:
    async with front_of(collector) as front:
        await asyncio.to_thread(use_ga4mp, front.url)
    found = await arrived(collector, 30)
    assert found.names() == {"viewed": 30}
    assert found.numbers() == list(range(30))
    assert {(event["anonymousId"], event["traits"]["city"]) for event in found.events} == {("c1.1", "Shanghai")}
    assert front.requests == {"POST /debug/mp/collect": 1, "POST /mp/collect": 2}
    front.keep("ga4mp")
    settle(Row("ga4mp", version("ga4mp"), "ga4", 30, 30, len(found.events), "sends nothing again; raises for any status but 2xx"))
