"""Pages with Sensors' and Snowplow's clients, in a real Chromium, beside a mini-program: each loses an answer, nothing else is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.running import DOMAIN, KEY, Arrived, Row, arrived, front_of, node, settle, version_of
from tests.integration.collectors.running import Running

TP2 = "/com.snowplowanalytics.snowplow/tp2"
LOSES = {"/sa", "/sa.gif", TP2}
OPENID = "wx_openid:wx1234567890abcdef"
MINI_EVENTS, WEB_EVENTS, SNOWPLOW_EVENTS = 21, 16, 14


@pytest.mark.timeout(120)
async def test_pages_and_a_mini_program_deliver_all_once(collector: Running) -> None:
    async with (
        front_of(collector, loses=LOSES) as front,
        node("browser/run.mjs", front.url, KEY, DOMAIN, "sensors", "snowplow") as pages,
        node("node/sensors-miniprogram.mjs", front.url, KEY) as mini,
    ):
        assert pages.said == {"sensors": {"calls": 14, "wrong": []}, "snowplow": {"calls": 13, "wrong": []}}
        assert mini.said == {"calls": 14, "errors": []}
        pages.go_on()
        found = await arrived(collector, MINI_EVENTS + WEB_EVENTS + SNOWPLOW_EVENTS, again=len(LOSES))
    assert set(front.lost) == LOSES
    assert all(0 <= event["receivedAt"] - event["timestamp"] < 60_000 for event in found.events), "the clients' clock is an hour behind"

    by_library = {name: Arrived([event for event in found.events if library(event) == name]) for name in map(library, found.events)}
    check_mini_program(by_library["MiniProgram"])
    check_sensors(by_library["js"])
    check_snowplow(by_library["snowplow-js"])


def library(event: dict[str, Any]) -> str:
    """Which client sent it."""
    return str(event["context"]["library"]["name"])


def check_mini_program(found: Arrived) -> None:
    assert found.names() == {"$launch": 1, "$show": 1, "$page": 1, "viewed": 11, "$click": 1, "$share": 1, "$hide": 1, "$identify": 4}
    assert found.numbers() == list(range(11))
    (page,), (click,), (launch,) = (found.named(name) for name in ("$page", "$click", "$launch"))
    assert page["properties"]["path"] == "pages/index"
    assert (click["properties"]["name"], click["properties"]["id"]) == ("Buy", "buy")
    assert launch["properties"]["scene"] == "wx-1001"
    assert len({event["anonymousId"] for event in found.events}) == 1
    assert page["ids"][OPENID] == "oP"
    vendors = {event["context"]["vendorEvent"]: event for event in found.named("$identify")}
    assert (vendors["$SignUp"]["userId"], vendors["$SignUp"]["ids"][OPENID]) == ("u1", "oP")
    assert vendors["profile_set"]["traits"] == {"city": "Shanghai"}
    assert [event["userId"] for event in found.named("viewed") if event["properties"]["number"] == 10] == ["u1"]
    package = "sa-sdk-miniprogram"
    settle(Row(package, version_of(package), "sensors", 14, MINI_EVENTS, len(found.events), "sends again, with what is new"))


def check_sensors(found: Arrived) -> None:
    assert found.names() == {"$page": 1, "viewed": 11, "$click": 1, "$identify": 3}
    assert found.numbers() == list(range(11))
    (page,), (click,) = found.named("$page"), found.named("$click")
    assert (page["properties"]["title"], page["properties"]["path"]) == ("Shoes", "/browser/sensors.html")
    assert page["context"]["campaign"] == {"source": "mail"}
    assert (click["userId"], click["properties"]["id"], click["properties"]["text"]) == ("u1", "buy", "Buy")
    assert len({event["anonymousId"] for event in found.events}) == 1
    vendors = {event["context"]["vendorEvent"]: event for event in found.named("$identify")}
    assert (vendors["$SignUp"]["userId"], vendors["profile_set"]["traits"]) == ("u1", {"city": "Shanghai"})
    assert [event["userId"] for event in found.named("viewed") if event["properties"]["number"] == 10] == ["u1"]
    package = "sa-sdk-javascript"
    settle(Row(package, version_of(package), "sensors", 14, WEB_EVENTS, len(found.events), "`batch_send`: sends again, with what is new"))


def check_snowplow(found: Arrived) -> None:
    assert found.names() == {"$page": 1, "viewed": 11, "bought": 1, "page_ping": 1}
    assert found.numbers() == list(range(11))
    (page,) = found.named("$page")
    assert (page["properties"]["title"], page["context"]["campaign"]) == ("Shoes", {"source": "mail"})
    assert page["context"]["entities"]["shelf"] == [{"kind": "shoes"}]
    assert len({event["anonymousId"] for event in found.events}) == 1
    assert [event["userId"] for event in found.named("viewed") if event["properties"]["number"] == 10] == ["u1"]
    package = "@snowplow/browser-tracker"
    settle(Row(package, version_of(package), "snowplow", 13, SNOWPLOW_EVENTS, len(found.events), "sends again, under the same ids"))
