"""GrowingIO's client for Python, as its vendor ships it: all is there once, though an answer gets lost on the way."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

from tests.clients.running import KEY, Row, arrived, front_of, settle
from tests.integration.collectors.running import Running

PATH = f"/v3/projects/{KEY}/collect"


def use_python(url: str) -> None:
    from growingio_tracker import BufferedConsumer, GrowingTracker
    from growingio_tracker.consumer import GrowingIOException

    consumer = BufferedConsumer(KEY, "ds-1", url)
    growingio = GrowingTracker.consumer(consumer)
    for number in range(30):
        growingio.track_custom_event("viewed", login_user_id=f"u{number % 3}", attributes={"number": str(number)})
    growingio.track_custom_event("viewed", anonymous_id="d-1", attributes={"number": "30"})
    growingio.track_user(login_user_id="u1", anonymous_id="d-1", attributes={"city": "Shanghai"})
    try:
        consumer.flush()
    except GrowingIOException:  # the client tells its caller, and keeps the batch
        consumer.flush()


async def test_the_client_for_python_delivers_all_once(collector: Running) -> None:
    async with front_of(collector, loses={PATH}) as front:
        await asyncio.to_thread(use_python, front.url)
        found = await arrived(collector, 32, again=1)
    assert front.lost == [PATH]

    assert found.names() == {"viewed": 31, "$identify": 1}
    assert found.numbers() == list(range(31))
    assert {event.get("userId") for event in found.named("viewed")} == {"u0", "u1", "u2", None}
    (identify,) = found.named("$identify")
    assert (identify["userId"], identify["anonymousId"], identify["traits"]) == ("u1", "d-1", {"city": "Shanghai"})
    told = "raises; the caller's next flush sends again"
    settle(Row("growingio-tracker", version("growingio-tracker"), "growingio", 32, 32, len(found.events), told))
