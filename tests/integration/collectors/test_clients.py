"""Real clients, pointed here by nothing but their host."""

from __future__ import annotations

import asyncio

from segment.analytics.client import Client

from tests.integration.collectors.running import KEY, Running


async def test_segments_python_client_delivers_all_it_was_given(collector: Running) -> None:
    errors: list[object] = []

    def use() -> None:
        client = Client(KEY, host=collector.url, on_error=lambda error, items: errors.append(error), gzip=True, timeout=20)
        for number in range(50):
            client.track(f"u{number}", "viewed", {"price": number})
        client.identify("u1", {"city": "Shanghai"})
        client.page("u1", "Docs", "Home", {"url": "https://x/"})
        client.group("u1", "g-1", {"plan": "pro"})
        client.alias("a-1", "u1")
        client.flush()
        client.join()

    await asyncio.to_thread(use)
    events = await collector.events()
    assert not errors
    assert len(events) == 54
    assert len({event["id"] for event in events}) == 54
    by_type = {event["type"]: event for event in events}
    assert by_type["identify"]["traits"] == {"city": "Shanghai"}
    assert by_type["page"]["properties"] == {"url": "https://x/", "name": "Home", "category": "Docs"}
    assert by_type["group"]["properties"]["groupId"] == "g-1"
    assert by_type["alias"]["properties"]["previousId"] == "a-1"
    assert all(event["timestamp"] <= event["receivedAt"] for event in events)
