"""Amplitude: events, users' and groups' properties, and answers by which its clients neither lose nor repeat."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.unit.collectors.asking import ADDRESS, KEY, NOW_MS, Told, ask

EVENT: dict[str, Any] = {"user_id": "u1", "device_id": "d1", "event_type": "viewed", "time": NOW_MS - 60_000, "insert_id": "m-1"}


def send(*events: object, url: str = "/2/httpapi", headers: dict[str, str] | None = None, **body: Any) -> Told:
    return ask(url, {"api_key": KEY, "events": events, **body}, headers)


def sent(**fields: Any) -> dict[str, Any]:
    return send(EVENT | fields).event


def test_an_event_keeps_person_name_values_time_and_id() -> None:
    told = send(EVENT | {"event_properties": {"number": 7}})
    assert (told.answer.status, told.json["code"], told.json["events_ingested"]) == (200, 200, 1)
    event = told.event
    assert (event["id"], event["type"], event["event"], event["properties"]) == ("m-1", "track", "viewed", {"number": 7})
    assert (event["userId"], event["anonymousId"], event["timestamp"], event["protocol"]) == ("u1", "d1", NOW_MS - 60_000, "amplitude")


def test_a_clock_that_is_off_is_corrected_by_when_the_client_says_it_sent() -> None:
    hour_behind: dict[str, Any] = {"client_upload_time": "2025-11-24T14:59:50Z"}
    event = send(EVENT | {"time": NOW_MS - 3_600_000 - 60_000}, **hour_behind).event
    assert event["timestamp"] == NOW_MS - 60_000 + 10_000
    assert send(EVENT | {"time": NOW_MS - 3_600_000 - 60_000, **hour_behind}).event["timestamp"] == event["timestamp"]


def test_properties_of_the_user_become_traits() -> None:
    said = {"$set": {"city": "Shanghai"}, "$unset": {"plan": "-"}, "$setOnce": {"first": 1}, "$add": {"visits": 1}, "age": 7}
    event = sent(event_type="$identify", user_properties=said)
    assert (event["type"], event["traits"]) == ("identify", {"age": 7, "city": "Shanghai", "plan": None})
    assert event["context"]["amplitude"] == {"userProperties": {"$setOnce": {"first": 1}, "$add": {"visits": 1}}}
    assert event["context"]["vendorEvent"] == "$identify"
    assert sent(user_properties={"city": "Wuhan"})["traits"] == {"city": "Wuhan"}


def test_a_group_told_for_nobody_is_nobodys() -> None:
    group = {"event_type": "$groupidentify", "groups": {"company": "c1"}, "group_properties": {"$set": {"plan": "pro"}}}
    event = send(group | {"insert_id": "g"}).event
    assert (event["type"], event["anonymousId"], event["traits"]) == ("group", "$company_c1", {"plan": "pro"})
    assert event["properties"] == {"groupType": "company", "groupId": "c1"}
    assert sent(**group)["userId"] == "u1"
    assert send({"event_type": "$groupidentify"}).reason == ""


@pytest.mark.parametrize(
    ("name", "said", "kind", "properties"),
    [
        (
            "[Amplitude] Page Viewed",
            {"[Amplitude] Page URL": "https://a.example/x", "n": 1},
            "$page",
            {"url": "https://a.example/x", "n": 1},
        ),
        ("[Amplitude] Screen Viewed", {"[Amplitude] Screen Name": "Start"}, "$screen", {"name": "Start"}),
        ("[Amplitude] Element Clicked", {"[Amplitude] Element Text": "Buy"}, "$click", {"text": "Buy"}),
        ("[Amplitude] Application Opened", {"[Amplitude] From Background": False}, "$launch", {"[Amplitude] From Background": False}),
        ("[Amplitude] Application Opened", {}, "$show", {}),
        ("[Amplitude] Application Backgrounded", {}, "$hide", {}),
    ],
)
def test_what_clients_track_of_themselves_gets_the_word_of_all_protocols(
    name: str, said: dict[str, Any], kind: str, properties: dict[str, Any]
) -> None:
    event = sent(event_type=name, event_properties=said)
    assert (event.get("event") or f"${event['type']}", event["properties"]) == (kind, properties)
    assert event["context"]["vendorEvent"] == name


def test_other_names_are_the_clients_own() -> None:
    assert sent(event_type="$exposure")["event"] == "_$exposure"
    assert sent(event_type="[Amplitude] Form Started")["event"] == "[Amplitude] Form Started"


def test_revenue_is_in_the_properties() -> None:
    said = {"$price": 3, "$quantity": 2, "$productId": "p1", "colour": "red"}
    assert sent(event_type="revenue_amount", event_properties=said)["properties"] == {
        "price": 3,
        "quantity": 2,
        "productId": "p1",
        "colour": "red",
    }
    assert sent(price=3, revenue=6)["properties"] == {"price": 3, "revenue": 6}


def test_the_rest_stands_in_the_context_and_an_address_only_if_asked_for() -> None:
    event = sent(ip="$remote", session_id=5, library="amplitude-ts/2.46", language="zh", os_name="iOS", city="Wuhan", plan={"branch": "b"})
    context = event["context"]
    assert (context["ip"], context["sessionId"], context["locale"]) == (ADDRESS, 5, "zh")
    assert context["library"] == {"name": "amplitude-ts", "version": "2.46"}
    assert (context["os"], context["location"], context["amplitude"]) == ({"name": "iOS"}, {"city": "Wuhan"}, {"plan": {"branch": "b"}})
    assert "ip" not in sent()["context"]
    assert sent(ip="198.51.100.7", session_id=-1)["context"]["ip"] == "198.51.100.7"
    assert "sessionId" not in sent(session_id=-1)["context"]


def test_an_event_without_an_id_is_known_again_by_its_content() -> None:
    one, again, other = (sent(insert_id=None, event_properties={"n": n}) for n in (1, 1, 2))
    assert one["id"] == again["id"] != other["id"]


def test_a_body_is_taken_apart_and_the_client_is_not_made_to_repeat_what_is_good() -> None:
    told = send(EVENT, {"event_type": "nobody"}, 7, EVENT | {"event_properties": [1]})
    assert (told.answer.status, len(told.events)) == (200, 1)
    assert [(item.index, item.reason.code) for item in told.refused] == [(1, "missing-person"), (2, "bad-shape"), (3, "bad-shape")]
    strict = send(EVENT, 7, headers={"x-strict-mode": "1"})
    assert (strict.answer.status, strict.json["events_with_invalid_fields"]) == (400, {"bad-shape": [1]})


def test_where_nothing_is_good_the_client_hears_which_events_to_drop() -> None:
    told = send({"event_type": "nobody"}, {"user_id": "u1"})
    assert (told.answer.status, told.json["code"]) == (400, 400)
    assert told.json["events_with_invalid_fields"] == {"missing-person": [0], "missing-name": [1]}


@pytest.mark.parametrize(
    ("body", "reason", "status"),
    [
        (b"no", "bad-json", 400),
        (b"{", "bad-json", 400),
        (b'{"events":7}', "bad-shape", 400),
        (b'{"api_key":"k"}', "bad-shape", 400),
        (b'{"events":[]}', "no-write-key", 401),
        (b'{"api_key":"guess","events":[]}', "unknown-write-key", 400),
        (orjson.dumps({"api_key": KEY, "events": [{}] * 1_001}), "too-many-events", 413),
        (b"\x1f\x8bno", "bad-encoding", 400),
    ],
)
def test_an_answer_names_its_code_and_lets_no_client_try_for_ever(body: bytes, reason: str, status: int) -> None:
    told = ask("/2/httpapi", body)
    assert (told.reason, told.answer.status, told.json["code"]) == (reason, status, status)
    drops = "missing_field" in told.json or told.json["error"].startswith("Invalid API key")
    assert drops == (status != 413)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_path_that_two_vendors_use_goes_by_the_body(pack: Any) -> None:
    amplitude = orjson.dumps({"api_key": KEY, "events": [EVENT]})
    posthog = orjson.dumps({"api_key": KEY, "batch": [{"event": "viewed", "distinct_id": "u1", "properties": {"events": 1}}]})
    assert ask("/batch", pack(amplitude)).event["protocol"] == "amplitude"
    assert ask("/batch", pack(posthog)).event["protocol"] == "posthog"
    assert ask("/batch", b"\x1f\x8b" + pack(posthog)[5:]).reason in {"bad-json", "bad-encoding"}


def test_the_forms_of_properties() -> None:
    one = {"user_id": "u1", "user_properties": {"$set": {"city": "Wuhan"}}}
    form = urlencode({"api_key": KEY, "identification": orjson.dumps([one, one | {"user_id": "u2"}])}).encode()
    told = ask("/identify", form)
    assert ([event["userId"] for event in told.events], told.events[0]["traits"]) == (["u1", "u2"], {"city": "Wuhan"})
    single = {"group_type": "company", "group_value": "c1", "group_properties": {"plan": "pro"}}
    form = urlencode({"api_key": KEY, "identification": orjson.dumps(single)}).encode()
    group = ask("/groupidentify", form).event
    assert (group["properties"]["groupId"], group["traits"]) == ("c1", {"plan": "pro"})
    assert ask("/identify", urlencode({"api_key": KEY, "identification": "["}).encode()).reason == "bad-json"
    assert ask("/identify", b"identification=[]").reason == "no-write-key"
    assert ask("/identify", b"&".join([b"a=1"] * 30)).reason == "bad-shape"


def old_form(**fields: str) -> Told:
    return ask("/2/httpapi", urlencode({"checksum": "x", "client": KEY, "v": "2", **fields}).encode())


def test_the_form_of_the_older_client_for_browsers_is_taken() -> None:
    sent = [{"event_type": "viewed", "device_id": "d1", "uuid": "n-1", "timestamp": NOW_MS - 3_600_000}]
    told = old_form(e=orjson.dumps(sent).decode(), upload_time=str(NOW_MS - 3_600_000 + 500))
    assert (told.answer.status, told.event["id"], told.event["anonymousId"]) == (200, "n-1", "d1")
    assert told.event["timestamp"] == NOW_MS - 500
    assert old_form(e=orjson.dumps(sent).decode(), upload_time="soon").event["timestamp"] == NOW_MS - 3_600_000
    assert old_form(e="{").reason == "bad-shape"
    assert old_form().reason == "bad-json"
    assert old_form(e="[]", client="guess").reason == "unknown-write-key"
    assert old_form(e="[7]").refused[0].reason.code == "bad-shape"
    assert ask("/2/httpapi", b"client=" + b"&x=1" * 2_000).reason == "bad-shape"
