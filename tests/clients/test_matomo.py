"""Matomo's client for servers, as its vendor ships it."""

from __future__ import annotations

from tests.clients.running import DOMAIN, Row, arrived, node, settle, version_of
from tests.integration.collectors.running import Running


async def test_the_client_for_node_delivers_all_once(collector: Running) -> None:
    async with node("node/matomo.mjs", collector.url, DOMAIN) as program:
        assert program.said["errors"] == []
        assert program.said["bulk"] == {"status": "success", "tracked": 21, "invalid": 0, "invalid_indices": []}
        found = await arrived(collector, 33)

    assert found.came_again == 0
    assert found.names() == {"viewed": 30, "$page": 2, "order_completed": 1}
    assert sorted(int(event["properties"]["dimension1"]) for event in found.named("viewed")) == list(range(30))
    assert {event["userId"] for event in found.named("viewed")} == {"u0", "u1", "u2"}
    known = [event for event in found.named("$page") if event.get("userId") == "u1"]
    assert [(event["anonymousId"], event["properties"]["title"]) for event in known] == [("0123456789abcdef", "Shoes")]
    (order,) = found.named("order_completed")
    assert order["properties"]["products"] == [{"sku": "s1", "name": "Shoes", "category": "sale", "price": 129.5, "quantity": 2}]
    settle(Row("matomo-tracker", version_of("matomo-tracker"), "matomo", 33, 33, len(found.events), "sends nothing again"))
