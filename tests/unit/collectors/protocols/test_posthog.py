"""PostHog: whose an event is, what it is called, when it was, whatever it comes wrapped in."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest

from tests.unit.collectors.asking import ADDRESS, AGENT, KEY, NOW_MS, VISITORS, Told, ask

DEVICE = "0199-device"
EVENT: dict[str, Any] = {"event": "viewed", "distinct_id": "u1", "uuid": "e-1", "properties": {"price": 129.0}}
SERVER: dict[str, Any] = {"api_key": KEY, **EVENT}
HOUR_MS = 3_600_000


def send(properties: dict[str, Any] | None = None, **fields: Any) -> Told:
    return ask("/e/", {**SERVER, **fields, "properties": properties or {}})


@pytest.mark.parametrize("path", ["/e", "/e/", "/i/v0/e", "/i/v0/e/", "/capture", "/capture/", "/batch", "/batch/"])
def test_every_path_takes_every_shape_and_answers_exactly_200(path: str) -> None:
    for body in (
        SERVER,
        {"token": KEY, **EVENT},
        {**EVENT, "properties": {"token": KEY}},
        [{**EVENT, "properties": {"token": KEY}}],
        {"api_key": KEY, "batch": [EVENT], "sent_at": "2025-11-24T16:00:00Z"},
    ):
        told = ask(path, body)
        assert (told.answer.status, told.answer.body) == (200, b'{"status":1}')
        assert (told.event["id"], told.event["event"], told.people) == ("e-1", "viewed", ["user:u1"])
        assert told.event["protocol"] == "posthog"
        assert "token" not in told.event["properties"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        gzip.compress,
        lambda text: b"data=" + quote_plus(b64encode(text)).encode(),
        lambda text: b"data=" + b64encode(text) + b"&compression=base64",
        lambda text: b"data=" + b64encode(gzip.compress(text)),
        lambda text: b"data=" + quote(text).encode(),
    ],
)
def test_the_body_is_read_whatever_it_is_wrapped_in(wrap: Any) -> None:
    text = orjson.dumps({**SERVER, "properties": {"name": "鞋子 + >>>???"}})
    assert ask("/e/?compression=gzip-js", wrap(text), {"content-type": "text/plain"}).event["properties"] == {"name": "鞋子 + >>>???"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad-json"),
        (b"nonsense", "bad-json"),
        (b"data=*", "bad-encoding"),
        (b"data=" + b64encode(b"x"), "bad-json"),
        (b'{"api_key":', "bad-json"),
        (b"[" * 100_000, "bad-json"),
        (b'{"batch":7}', "bad-shape"),
        (b"[]", "no-write-key"),
        (b"[7]", "no-write-key"),
        (orjson.dumps(EVENT), "no-write-key"),
        (orjson.dumps({**EVENT, "api_key": "guess"}), "unknown-write-key"),
        (orjson.dumps({**SERVER, "event": ""}), "missing-name"),
        (orjson.dumps({**SERVER, "timestamp": "yesterday"}), "bad-time"),
        (orjson.dumps({"api_key": KEY, "batch": [EVENT] * 1_001}), "too-many-events"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    told = ask("/e/", body, method="POST")
    assert told.reason in {reason, "too-deep"}
    assert told.answer.status in {400, 401}


def test_the_bad_events_of_a_batch_are_refused_alone() -> None:
    told = ask("/batch/", {"api_key": KEY, "batch": [EVENT, {"distinct_id": "u1"}, 7]})
    assert told.answer.status == 200
    assert len(told.events) == 1
    assert [(item.index, item.reason.code) for item in told.refused] == [(1, "missing-name"), (2, "bad-shape")]


# ── whose ──


@pytest.mark.parametrize(
    ("distinct", "properties", "people"),
    [
        ("u1", {}, {"userId": "u1"}),
        ("u1", {"$process_person_profile": True}, {"userId": "u1"}),
        ("x", {"$process_person_profile": False}, {"anonymousId": "x"}),
        (DEVICE, {"$device_id": DEVICE}, {"anonymousId": DEVICE}),
        (DEVICE, {"$device_id": DEVICE, "$is_identified": False, "$process_person_profile": False}, {"anonymousId": DEVICE}),
        ("after-reset", {"$device_id": DEVICE, "$is_identified": False}, {"anonymousId": "after-reset"}),
        ("u1", {"$device_id": DEVICE, "$is_identified": True, "$process_person_profile": False}, {"userId": "u1", "anonymousId": DEVICE}),
        ("u1", {"$device_id": DEVICE}, {"userId": "u1", "anonymousId": DEVICE}),
        (7, {}, {"userId": "7"}),
    ],
)
def test_a_distinct_id_is_a_users_unless_the_client_marks_it_as_anonymous(
    distinct: object, properties: dict[str, Any], people: dict[str, str]
) -> None:
    event = send(properties, distinct_id=distinct).event
    assert {name: event[name] for name in ("userId", "anonymousId") if name in event} == people


def test_an_identify_joins_the_old_id_and_its_set_becomes_traits() -> None:
    event = send(
        {
            "$anon_distinct_id": DEVICE,
            "$device_id": DEVICE,
            "$set": {"city": "Shanghai"},
            "$set_once": {"first": 1},
            "$is_identified": True,
        },
        event="$identify",
        **{"$set": {"plan": "pro"}},
    ).event
    assert (event["type"], event["userId"], event["anonymousId"]) == ("identify", "u1", DEVICE)
    assert event["traits"] == {"city": "Shanghai", "plan": "pro"}
    assert event["context"]["vendorEvent"] == "$identify"
    assert event["context"]["posthog"]["$set_once"] == {"first": 1}


def test_what_is_unset_is_a_trait_that_is_null() -> None:
    assert send({"$unset": ["city", 7]}, event="$set").event["traits"] == {"city": None}


def test_an_alias_names_both_ids_whichever_client_sends_it() -> None:
    python = send({"distinct_id": "old", "alias": "new"}, event="$create_alias", distinct_id="old").event
    node = send({"distinct_id": "new", "alias": "old"}, event="$create_alias", distinct_id="new").event
    assert {python["userId"], python["previousId"]} == {node["userId"], node["previousId"]} == {"old", "new"}
    browser = send({"alias": "u1", "$device_id": DEVICE, "$is_identified": False}, event="$create_alias", distinct_id=DEVICE).event
    assert (browser["anonymousId"], browser["previousId"]) == (DEVICE, "u1")


def test_a_group_has_its_traits_and_makes_no_person_of_itself() -> None:
    properties = {"$group_type": "company", "$group_key": "c1", "$group_set": {"size": 9}}
    event = send(properties, event="$groupidentify", distinct_id="$company_c1").event
    assert (event["type"], event["anonymousId"], event["traits"]) == ("group", "$company_c1", {"size": 9})
    assert event["properties"] == {"groupId": "c1", "groupType": "company"}
    assert send(properties, event="$groupidentify").people == ["user:u1"]


def test_without_cookies_a_visitor_has_a_name_for_the_day_and_no_address() -> None:
    cookieless = {
        "event": "viewed",
        "distinct_id": "$posthog_cookieless",
        "properties": {"$cookieless_mode": True, "$device_id": None, "$ip": "1.1.1.1"},
    }
    first, known = ask("/batch/", {"api_key": KEY, "batch": [cookieless, EVENT]}).events
    assert first["anonymousId"] == VISITORS.name_of("shop-web", ADDRESS, AGENT, NOW_MS)
    assert "ip" not in first["context"]
    assert send(distinct_id=None, properties={"distinct_id": "$posthog_cookieless"}).event["anonymousId"] == first["anonymousId"]
    assert known["context"]["ip"] == ADDRESS


# ── what ──


def test_a_page_view_is_a_page_that_tells_of_itself_as_every_protocol_does() -> None:
    page = {"$current_url": "https://shop.example/a?b=1", "$pathname": "/a", "$referrer": "$direct", "title": "A", "color": "red"}
    event = send(
        {**page, "$lib": "web", "$lib_version": "1", "$screen_width": 800, "$browser": "Firefox", "utm_source": "mail"}, event="$pageview"
    ).event
    assert event["type"] == "page"
    assert event["properties"] == {"url": "https://shop.example/a?b=1", "path": "/a", "title": "A", "color": "red"}
    context = event["context"]
    assert context["page"] == {"url": "https://shop.example/a?b=1", "path": "/a"}
    assert (context["library"], context["screen"]) == ({"name": "web", "version": "1"}, {"width": 800})
    assert context["campaign"] == {"source": "mail"}
    assert context["posthog"] == {"$browser": "Firefox"}
    assert context["vendorEvent"] == "$pageview"


def test_a_screen_has_its_name() -> None:
    event = send({"$screen_name": "Home"}, event="$screen").event
    assert (event["type"], event["properties"]) == ("screen", {"name": "Home"})


def test_a_captured_click_is_a_click_and_other_presets_are_marked_as_the_clients_own() -> None:
    elements = [{"tag_name": "a", "$el_text": "Buy", "attr__href": "/buy"}, {"tag_name": "body"}]
    click = send({"$event_type": "click", "$elements": elements}, event="$autocapture").event
    assert (click["event"], click["properties"]) == ("$click", {"text": "Buy", "element": "a", "href": "/buy"})
    assert click["context"]["vendorEvent"] == "$autocapture"
    assert send({"$event_type": "change"}, event="$autocapture").event["event"] == "_$autocapture"
    assert send({"$event_type": ["click"]}, event="$autocapture").event["event"] == "_$autocapture"
    assert send(event="$pageleave").event["event"] == "_$pageleave"
    assert send(event="$click").event["event"] == "_$click"


@pytest.mark.parametrize("odd", [None, 7, "x", [], {"$set": 7, "$unset": 7, "$elements": [7], "$groups": 7}, {"$time": True}])
def test_odd_properties_are_no_reason_to_lose_an_event(odd: object) -> None:
    assert len(ask("/e/", {**SERVER, "properties": odd}).events) == 1


# ── when ──


@pytest.mark.parametrize(
    ("body", "query", "at_ms"),
    [
        ({"batch": [{**EVENT, "timestamp": NOW_MS - HOUR_MS - 2_000}], "sent_at": NOW_MS - HOUR_MS}, "", NOW_MS - 2_000),
        ({**EVENT, "timestamp": NOW_MS + HOUR_MS - 2_000}, f"?_={NOW_MS + HOUR_MS}", NOW_MS - 2_000),
        ({**EVENT, "offset": 3_000}, f"?_={NOW_MS - HOUR_MS}", NOW_MS - 3_000),
        ({**EVENT, "properties": {"$time": NOW_MS / 1_000 - 7}}, "", NOW_MS - 7_000),
        ({"batch": [{**EVENT, "timestamp": NOW_MS - 9}], "sent_at": NOW_MS - HOUR_MS, "historical_migration": True}, "", NOW_MS - 9),
        (EVENT, "", NOW_MS),
    ],
)
def test_the_clients_clock_is_set_right(body: dict[str, Any], query: str, at_ms: int) -> None:
    assert ask(f"/batch/{query}", {"api_key": KEY, **body}).event["timestamp"] == at_ms


# ── asked before ──


def test_the_projects_settings_leave_recording_off_and_clicks_on() -> None:
    config = ask(f"/array/{KEY}/config?ip=0").json
    assert (config["sessionRecording"], config["autocapture_opt_out"]) == (False, False)
    assert "gzip-js" in config["supportedCompression"]
    script = ask(f"/array/{KEY}/config.js").answer
    assert b"_POSTHOG_REMOTE_CONFIG" in script.body
    assert b"application/javascript" in script.head
    assert ask("/array/guess/config").reason == "unknown-write-key"


@pytest.mark.parametrize("path", ["/flags", "/flags/?v=2", "/decide", "/decide/?v=3"])
def test_there_are_no_feature_flags(path: str) -> None:
    for key in ("token", "api_key"):
        told = ask(path, gzip.compress(orjson.dumps({key: KEY, "distinct_id": "u1"})))
        assert (told.answer.status, told.json["flags"], told.json["featureFlags"], told.events) == (200, {}, {}, [])
    assert ask(path, {"token": "guess"}).reason == "unknown-write-key"
