"""Pages with Amplitude's and Mixpanel's clients for browsers, in a real Chromium: each loses an answer, and sends again."""

from __future__ import annotations

import pytest

from tests.clients.running import DOMAIN, KEY, Arrived, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

LOSES = {"/2/httpapi", "/track/"}
AMPLITUDE, MIXPANEL = "@amplitude/analytics-browser", "mixpanel-browser"
EVENTS = {"amplitude": 16, "mixpanel": 16}


@pytest.mark.timeout(120)
async def test_clients_of_product_analytics_for_browsers_deliver_all_once(collector: Running) -> None:
    async with (
        front_of(collector, loses=LOSES) as front,
        node("browser/run.mjs", front.url, KEY, DOMAIN, "amplitude", "mixpanel") as program,
    ):
        assert program.said == {"amplitude": {"calls": 12, "wrong": []}, "mixpanel": {"calls": 13, "wrong": []}}
        await arrived(collector, 30, again=len(LOSES))
        program.go_on()
        everything = await arrived(collector, sum(EVENTS.values()), again=len(LOSES))
    assert set(front.lost) == LOSES
    assert all(0 <= event["receivedAt"] - event["timestamp"] < 60_000 for event in everything.events), "the pages' clock is an hour behind"

    front.keep(AMPLITUDE, "/2/httpapi")
    front.keep(MIXPANEL, "/track/", "/engage/")
    again = "sends again, under the same ids"
    for name, client, check in (("amplitude", AMPLITUDE, check_amplitude), ("mixpanel", MIXPANEL, check_mixpanel)):
        found = everything.of(name)
        check_story(found)
        check(found)
        settle(Row(client, version_of(client), name, program.said[name]["calls"], EVENTS[name], len(found.events), again))


def check_story(found: Arrived) -> None:
    """A page, what was looked at before and after the visitor said who they are, a click; all of one visitor."""
    viewed = sorted(found.named("viewed"), key=lambda event: event["properties"]["number"])
    assert [event["properties"]["number"] for event in viewed] == list(range(11))
    assert [event.get("userId") for event in viewed] == [None] * 10 + ["u1"]
    assert len({event["anonymousId"] for event in found.events}) == 1
    (page,), (click,) = found.named("$page"), found.named("$click")
    assert (page["properties"]["title"], click["properties"]["element"]) == ("Shoes", "button")
    assert page["properties"]["path"].startswith("/browser/")
    cities = [event["userId"] for event in found.named("$identify") if event["traits"].get("city") == "Shanghai"]
    assert cities == ["u1"]


def check_amplitude(found: Arrived) -> None:
    assert found.names() == {"$page": 1, "viewed": 11, "$identify": 2, "$click": 1, "session_start": 1}
    (click,) = found.named("$click")
    assert click["properties"]["text"] == "Buy"


def check_mixpanel(found: Arrived) -> None:
    assert found.names() == {"$page": 1, "viewed": 11, "$identify": 3, "$click": 1}
    assert {event["context"]["campaign"]["source"] for event in found.named("viewed")} == {"mail"}
