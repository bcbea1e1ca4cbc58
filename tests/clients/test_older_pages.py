"""A page with clients that came before their vendors' present ones, and that many sites still have: RudderStack's and Plausible's."""

from __future__ import annotations

import pytest

from tests.clients.running import DOMAIN, KEY, Row, arrived, front_of, node, settle, version_of
from tests.clients.test_browsers import check_rudderstack
from tests.integration.collectors.running import Running

RUDDERSTACK, PLAUSIBLE = "rudder-sdk-js", "plausible-tracker"
EVENTS = {"rudderstack": 13, "plausible": 6}


@pytest.mark.timeout(120)
async def test_older_clients_for_browsers_deliver_all_once(collector: Running) -> None:
    async with front_of(collector, loses={"/v1/track"}) as front, node("browser/run.mjs", front.url, KEY, DOMAIN, "older") as program:
        said = program.said["older"]
        assert said == {"calls": 13, "plausible": 6, "wrong": []}
        everything = await arrived(collector, sum(EVENTS.values()), again=1)
        program.go_on()
    assert front.lost == ["/v1/track"]
    assert all(0 <= event["receivedAt"] - event["timestamp"] < 60_000 for event in everything.events), "the page's clock is an hour behind"

    front.keep(RUDDERSTACK, "/v1/track", "/v1/page", "/v1/identify", "/sourceConfig")
    front.keep(PLAUSIBLE, "/api/event")
    older, plausible = everything.of("rudderstack"), everything.of("plausible")
    check_rudderstack(older)
    assert plausible.names() == {"$page": 1, "viewed": 5}
    assert sorted(event["properties"]["number"] for event in plausible.named("viewed")) == ["0", "1", "2", "3", "4"]
    assert len({event["anonymousId"] for event in plausible.events}) == 1
    settle(
        Row(RUDDERSTACK, version_of(RUDDERSTACK), "rudderstack", said["calls"], 13, len(older.events), "sends again, under the same ids")
    )
    settle(Row(PLAUSIBLE, version_of(PLAUSIBLE), "plausible", said["plausible"], 6, len(plausible.events), "sends nothing again"))
