"""What real clients sent is taken; and whatever becomes of it on the way, it is an event that a lane can read, or refused with a reason."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.event import read_event
from tests.unit.collectors.asking import ask
from tests.unit.collectors.protocols.requests import CLIENTS, recorded, spoilt

SENT_MS = 1_795_700_000_000
"""Later than everything that was recorded."""

DUE = {
    "growingio-browser": (23, ["bad-json"]),  # as an image without compression, what holds a # is cut off by the browser
    "growingio-miniprogram": (14, []),
    "growingio-python": (3, []),
    "matomo-browser": (12, []),
    "matomo-node": (4, []),
    "sensors-miniprogram": (17, []),
    "sensors-node": (8, ["missing-person"] * 2),
    "sensors-python": (13, ["missing-person"] * 2),
    "snowplow-browser": (14, []),
    "snowplow-node": (8, []),
    "snowplow-python": (12, []),
}
"""Events of all requests together, and why the rest is refused."""

CASES = 10_000 if settings.default.max_examples > 5_000 else 1_000  # type: ignore[union-attr]


def test_every_recorded_client_is_here() -> None:
    assert set(CLIENTS) == set(DUE)


@pytest.mark.parametrize("client", CLIENTS)
def test_all_that_a_client_sent_is_taken(client: str) -> None:
    events, refused, ids = 0, [], set()
    for request in recorded(client):
        told = ask(request.url, request.body, request.headers, method=request.method, now_ms=SENT_MS)
        refused += [told.reason] if told.reason else []
        assert told.answer.status in {200, 204}
        events += len(told.events)
        ids |= {event["id"] for event in told.events}
        refused += [item.reason.code for item in told.refused]
        assert told.people == [read_event(orjson.dumps(event)).routing_id for event in told.events]
    assert (events, refused) == DUE[client]
    assert len(ids) == events


@given(st.sampled_from(CLIENTS), st.integers(0, 50), st.integers(0, 2**64))
@settings(max_examples=CASES, deadline=None, database=None, derandomize=CASES < 5_000, suppress_health_check=tuple(HealthCheck))
def test_nothing_leaves_a_decoder_but_events_and_reasons(client: str, number: int, seed: int) -> None:
    requests = recorded(client)
    broken = spoilt(requests[number % len(requests)], seed)
    told = ask(broken.url, broken.body, broken.headers, method=broken.method, now_ms=SENT_MS)
    assert told.answer.head.startswith(b"HTTP/1.1 ")
    for event, who in zip(told.events, told.people, strict=True):
        read = read_event(orjson.dumps(event))
        assert read.routing_id == who
        assert read.stated_ms is not None
        assert read.stated_ms <= SENT_MS
