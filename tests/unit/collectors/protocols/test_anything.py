"""Whatever comes on any path of any protocol: it is answered, and what is accepted is an event that a lane can read."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.http import Answer, Request
from collectors.protocols.registry import PROTOCOLS
from collectors.server.routing import ANY, RouteTable
from collectors.server.telling import Telling
from schemas.event import read_event
from stream.runtime.catalogue import collector as catalogue
from stream.runtime.metrics import Metrics
from tests.unit.collectors.asking import BASIC, DOMAIN, KEY, NOW_MS, WEBSITE, Told, ask

ROUTES: Final = [route for protocol in PROTOCOLS for route in protocol.routes]
PATHS: Final = sorted({route.path.decode().replace("*", KEY) for route in ROUTES})
FIELDS: Final = (
    *("type", "event", "userId", "anonymousId", "previousId", "groupId", "ids", "properties", "traits", "context", "timestamp", "sentAt"),
    *("channel", "library", "mergeProperties", "value", "messageId", "batch", "distinct_id", "uuid", "offset", "$set", "$unset", "$groups"),
    *("$device_id", "$is_identified", "$elements", "$event_type", "$current_url", "$lib", "$os", "utm_source", "$cookieless_mode", "$time"),
    *("payload", "hostname", "url", "name", "data", "id", "language", "screen", "n", "u", "p", "$", "e", "sd", "r", "i"),
    *("events", "user_id", "device_id", "event_type", "event_properties", "user_properties", "groups", "insert_id", "time", "session_id"),
    *("alias", "$distinct_ids", "$insert_id", "$anon_distinct_id", "$add", "$ip", "params", "page_location", "timestamp_micros"),
    *("specversion", "source", "subject", "data_base64", "datacontentencoding", "userid"),
)
WORDS: Final = ("track", "identify", "event", "error", "pageview", "engagement", "$pageview", "$identify", "$autocapture", "$create_alias")
SILENT: Final = {"settings", "flags", "ga4-check", "wechat", "wecom", "link", "gif", "hand-over"}
RIGHT: Final = {
    "type": "event",
    "userId": "u1",
    "event": "viewed",
    "distinct_id": "u1",
    "n": "viewed",
    "u": "https://shop.example/",
    "user_id": "u1",
    "event_type": "viewed",
    "name": "viewed",
    "$distinct_id": "u1",
    "$group_key": "company",
    "$group_id": "c1",
    "specversion": "1.0",
    "id": "7",
    "source": "/shop",
    "subject": "u1",
}
KEYS: Final = {"writeKey": KEY, "api_key": KEY, "website": WEBSITE, "d": DOMAIN, "$token": KEY}
QUERY: Final = f"api_secret={KEY}&tid={KEY}&cid=c1&en=viewed"
PRESETS: Final = {"$click", "$launch", "$show", "$hide", "$share"}
KEYED_ELSEWHERE: Final = {"sensors", "snowplow", "redirect", "matomo", "growingio"}
"""Routes whose key or events have shapes of their own: test_recorded spoils what their clients sent."""

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from((*WORDS, "$posthog_cookieless", "https://[", "/a?utm_source=b", "click", NOW_MS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), inner, max_size=5),
    max_leaves=15,
)
objects = st.dictionaries(st.sampled_from(FIELDS), values, max_size=8)


def bodies(drawn: dict[str, Any], inner: list[dict[str, Any]]) -> list[bytes]:
    """The same content in the shapes that the protocols know."""
    keyed = {**RIGHT, **drawn, **KEYS}
    whole = orjson.dumps(keyed)
    return [
        whole,
        orjson.dumps({**keyed, "batch": [{**RIGHT, "type": "track", **each} for each in inner]}),
        orjson.dumps({**keyed, "events": [{**RIGHT, **each} for each in inner]}),
        orjson.dumps(
            [{**RIGHT, **each, "properties": {"token": KEY, "distinct_id": "u1", **each}, "payload": {**each, **KEYS}} for each in inner]
        ),
        orjson.dumps({**RIGHT, "payload": {**drawn, **KEYS}}),
        b"data=" + b64encode(whole),
        urlencode({"api_key": KEY, "identification": orjson.dumps([{**RIGHT, **each} for each in inner])}).encode(),
    ]


def check(told: Told) -> int:
    """How many events were accepted, each of them readable."""
    assert told.answer.status in {200, 202, 204, 400, 401, 404, 413}
    for event, who in zip(told.events, told.people, strict=True):
        again = read_event(orjson.dumps(event))
        assert again.routing_id == who
        assert not event.get("event", "").startswith("$") or event["event"] in PRESETS
    return len(told.events)


def test_what_is_drawn_is_mostly_accepted_if_nothing_in_it_is_odd() -> None:
    right = [
        path for path in PATHS if any(check(ask(f"{path}?{QUERY}", body, BASIC, method=methods_of(path)[0])) for body in bodies({}, [{}]))
    ]
    silent = {route.path.decode().replace("*", KEY) for route in ROUTES if route.name in SILENT or "pixel" in route.name}
    silent |= {route.path.decode().replace("*", KEY) for route in ROUTES if route.name in KEYED_ELSEWHERE}
    assert set(PATHS) - silent - set(right) == {"/v1/merge"}


@settings(deadline=None, max_examples=60)
@given(drawn=objects, inner=st.lists(objects, max_size=3), path=st.sampled_from(PATHS))
def test_any_json_is_answered_and_what_is_accepted_can_be_read(drawn: dict[str, Any], inner: list[dict[str, Any]], path: str) -> None:
    for body in bodies(drawn, inner):
        for method in methods_of(path):
            check(ask(f"{path}?_={NOW_MS}&{QUERY}", body, BASIC, method=method))


@settings(deadline=None, max_examples=60)
@given(body=st.binary(max_size=200), query=st.binary(max_size=40), path=st.sampled_from(PATHS))
def test_any_bytes_are_answered(body: bytes, query: bytes, path: str) -> None:
    for method in methods_of(path):
        check(ask(f"{path}?{query.decode('latin-1')}", body, method=method))


def methods_of(path: str) -> list[str]:
    found = TABLE.find(path.encode())
    assert found is not None
    return [method.decode() for method in found[0].methods]


TABLE: Final = RouteTable(PROTOCOLS, Telling(Metrics(catalogue.CATALOGUE)))


@pytest.mark.parametrize("path", [path for path in PATHS if KEY in path])
def test_a_part_that_the_client_chooses_is_one_part_and_not_empty(path: str) -> None:
    found = TABLE.find(path.encode())
    assert found is not None
    assert ANY in found[0].path
    assert TABLE.find(path.replace(KEY, "").encode()) is None
    assert TABLE.find(path.replace(KEY, f"{KEY}/more").encode()) is None
    assert TABLE.find(f"{path}/more".encode()) is None
    assert found[0].path.decode() in TABLE.not_found.body.decode()


def test_head_of_an_image_is_answered_like_get() -> None:
    def unheard(request: Request, answer: Answer, extra: bytes = b"") -> None:
        raise AssertionError

    assert Request(b"HEAD", b"/v1/pixel/track?a=b", {}, "", unheard).path == b"/v1/pixel/track"
    assert ask("/v1/pixel/track?a=b", method="HEAD").answer.status == 200
