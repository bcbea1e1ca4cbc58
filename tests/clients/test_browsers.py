"""Clients for browsers, in a real Chromium: three pages, each with a visitor who looks around, says who they are, and leaves."""

from __future__ import annotations

import pytest

from tests.clients.running import DOMAIN, KEY, Arrived, Row, arrived, arrived_when, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

EVENTS = {"segment": 13, "posthog": 16, "rudderstack": 13, "plausible": 7}
LOSES = {"/v1/t", "/e/", "/v1/track"}


@pytest.mark.timeout(120)
async def test_clients_for_browsers_deliver_all_once(collector: Running) -> None:
    async with front_of(collector, loses=LOSES) as front, node("browser/run.mjs", front.url, KEY, DOMAIN) as program:
        said = program.said
        assert {name: page["wrong"] for name, page in said.items()} == {"segment": [], "posthog": [], "rudderstack": []}
        await arrived_when(collector, all_but_what_leaving_tells)
        program.go_on()
        everything = await arrived(collector, sum(EVENTS.values()), again=len(LOSES))
    assert set(front.lost) == LOSES
    assert all(0 <= event["receivedAt"] - event["timestamp"] < 60_000 for event in everything.events), "the pages' clock is an hour behind"
    pages = {name: everything.of(name) for name in EVENTS}

    front.keep("@segment/analytics-next", "/v1/p", "/v1/t", "/v1/i")
    front.keep("posthog-js", "/e/", "/flags", "/array")
    front.keep("@rudderstack/analytics-js", "/v1/track", "/v1/page", "/v1/identify", "/sourceConfig", "/beacon")
    front.keep("@plausible-analytics/tracker", "/api/event")
    check_segment(pages["segment"])
    check_posthog(pages["posthog"])
    check_rudderstack(pages["rudderstack"])
    check_plausible(pages["plausible"])
    for name, package in (("segment", "@segment/analytics-next"), ("posthog", "posthog-js"), ("rudderstack", "@rudderstack/analytics-js")):
        settle(
            Row(
                package,
                version_of(package),
                name,
                said[name]["calls"],
                EVENTS[name],
                len(pages[name].events),
                "sends again, under the same ids",
            )
        )
    package = "@plausible-analytics/tracker"
    calls = said["rudderstack"]["plausible"]
    settle(
        Row(package, version_of(package), "plausible", calls, EVENTS["plausible"], len(pages["plausible"].events), "sends nothing again")
    )


def all_but_what_leaving_tells(found: Arrived) -> bool:
    """What a page that is closed now no longer owes; PostHog's client keeps most for three seconds, or for the leaving."""
    due = {"segment": 13, "posthog": 2, "rudderstack": 13, "plausible": 6}
    return found.came_again >= len(LOSES) and all(len(found.of(name).events) >= least for name, least in due.items())


def check_story(found: Arrived) -> None:
    """A page, what was looked at before and after the visitor said who they are, and who that is."""
    viewed = sorted(found.named("viewed"), key=lambda event: event["properties"]["number"])
    assert [event["properties"]["number"] for event in viewed] == list(range(len(viewed)))
    (identify,) = found.named("$identify")
    assert (identify["userId"], identify["traits"]) == ("u1", {"city": "Shanghai"})
    visitor = viewed[0]["anonymousId"]
    assert identify["anonymousId"] == visitor
    assert [event.get("userId") for event in viewed] == [None] * 10 + ["u1"] * (len(viewed) - 10)
    assert {event["anonymousId"] for event in found.events} == {visitor}
    (page,) = found.named("$page")
    assert page["properties"]["path"].startswith("/browser/")
    assert page["properties"]["title"] == "Shoes"


def check_segment(found: Arrived) -> None:
    check_story(found)
    assert found.names() == {"$page": 1, "viewed": 11, "$identify": 1}
    (page,) = found.named("$page")
    assert page["properties"]["name"] == "Shoes"
    assert page["context"]["campaign"] == {"source": "mail"}


def check_posthog(found: Arrived) -> None:
    check_story(found)
    assert found.names() == {"$page": 1, "viewed": 12, "$identify": 1, "$click": 1, "_$pageleave": 1}
    assert [set(event["properties"]) for event in found.named("viewed")] == [{"number"}] * 12
    assert {event["context"]["campaign"]["source"] for event in found.named("viewed")} == {"mail"}
    (click,) = found.named("$click")
    assert click["properties"] == {"text": "Buy", "element": "button"}


def check_rudderstack(found: Arrived) -> None:
    check_story(found)
    assert found.names() == {"$page": 1, "viewed": 11, "$identify": 1}


def check_plausible(found: Arrived) -> None:
    assert found.names() == {"$page": 1, "viewed": 5, "engagement": 1}
    assert sorted(event["properties"]["number"] for event in found.named("viewed")) == ["0", "1", "2", "3", "4"]
    assert len({event["anonymousId"] for event in found.events}) == 1
    (engagement,) = found.named("engagement")
    assert engagement["properties"]["seconds"] >= 0
