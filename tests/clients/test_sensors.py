"""Sensors' client for servers, as its vendor ships it: all is there once, though an answer gets lost on the way."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from tests.clients.running import KEY, Row, arrived, front_of, settle
from tests.integration.collectors.running import Running


def use_python(url: str) -> None:
    from sensorsanalytics import BatchConsumer, SensorsAnalytics, SensorsAnalyticsIdentity

    sensors = SensorsAnalytics(BatchConsumer(f"{url}/sa?project=default&token={KEY}", 50), "default")
    for number in range(30):
        sensors.track(f"u{number % 3}", "viewed", {"number": number}, is_login_id=True)
    for _ in range(2):
        sensors.profile_increment("u1", {"visits": 1}, is_login_id=True)
    sensors.track("a-1", "viewed", {"number": 30})
    sensors.track_signup("u1", "a-1", {"channel": "mail"})
    sensors.profile_set("u1", {"city": "Shanghai"}, is_login_id=True)
    sensors.profile_unset("u1", ["street"], is_login_id=True)
    phone = SensorsAnalyticsIdentity(SensorsAnalyticsIdentity.MOBILE, "+8613800001234")
    sensors.bind(SensorsAnalyticsIdentity(SensorsAnalyticsIdentity.LOGIN_ID, "u1"), phone)
    sensors.track_by_id("viewed", {"number": 31}, phone)
    try:
        sensors.flush()
    except ConnectionError:  # the client tells its caller, and keeps the batch
        sensors.flush()
    sensors.close()


async def test_the_client_for_python_delivers_all_once(collector: Running) -> None:
    async with front_of(collector, loses={"/sa"}) as front:
        await asyncio.to_thread(use_python, front.url)
    assert front.lost == ["/sa"]
    found = await arrived(collector, 38, again=38)

    assert found.came_again == 38
    assert found.names() == {"viewed": 32, "$identify": 6}
    assert found.numbers() == list(range(32))
    assert {event["userId"] for event in found.named("viewed") if event["properties"]["number"] < 30} == {"u0", "u1", "u2"}
    vendors = {event["context"]["vendorEvent"]: event for event in found.named("$identify")}
    assert (vendors["$SignUp"]["userId"], vendors["$SignUp"]["anonymousId"]) == ("u1", "a-1")
    assert (vendors["profile_set"]["traits"], vendors["profile_unset"]["traits"]) == ({"city": "Shanghai"}, {"street": None})
    assert (vendors["$BindID"]["userId"], vendors["$BindID"]["ids"]) == ("u1", {"phone": "+8613800001234"})
    assert [event["ids"] for event in found.named("viewed") if event["properties"]["number"] == 31] == [{"phone": "+8613800001234"}]
    release = version("SensorsAnalyticsSDK")
    settle(Row("SensorsAnalyticsSDK", release, "sensors", 38, 38, len(found.events), "raises; the caller's next flush sends again"))
