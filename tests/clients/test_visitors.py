"""Clients that give nobody an id."""

from __future__ import annotations

from tests.clients.running import WEBSITE, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running


async def test_umamis_client_for_node_delivers_all_once(collector: Running) -> None:
    async with front_of(collector) as front, node("node/umami.mjs", front.url, WEBSITE) as program:
        assert program.said == {"calls": 13, "errors": []}
    found = await arrived(collector, 13)

    assert found.came_again == 0
    assert found.names() == {"viewed": 10, "opened": 1, "$page": 1, "$identify": 1}
    assert found.numbers() == list(range(11))
    assert {event.get("userId") for event in found.named("viewed")} == {"u0", "u1", "u2"}
    (page,), (opened,), (identify,) = (found.named(name) for name in ("$page", "opened", "$identify"))
    assert (page["userId"], page["properties"]) == ("u1", {"url": "https://shop.example/shoes", "path": "/shoes", "title": "Shoes"})
    assert opened["anonymousId"] == identify["anonymousId"]
    assert identify["traits"] == {"city": "Shanghai"}
    assert "ip" not in opened["context"]
    front.keep("@umami/node")
    settle(Row("@umami/node", version_of("@umami/node"), "umami", 13, 13, len(found.events), "sends nothing again"))
