"""Mixpanel: events, updates of people and groups, in every wrapping that its clients use, and the answers they want."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from collectors.protocols.pixel import IMAGE
from tests.unit.collectors.asking import ADDRESS, BASIC, DOMAIN, KEY, NOW_MS, Told, ask

WAS_MS = NOW_MS - 60_000
PROPERTIES: dict[str, Any] = {"token": KEY, "distinct_id": "u1", "time": WAS_MS / 1_000, "$insert_id": "m-1"}


def event(name: str = "viewed", **properties: Any) -> dict[str, Any]:
    return {"event": name, "properties": {**PROPERTIES, **properties}}


def track(*events: object, query: str = "verbose=1") -> Told:
    return ask(f"/track?{query}", list(events))


def tracked(name: str = "viewed", **properties: Any) -> dict[str, Any]:
    return track(event(name, **properties)).event


def engage(**record: Any) -> Told:
    return ask("/engage?verbose=1", [{"$token": KEY, "$distinct_id": "u1", **record}])


def test_an_event_keeps_person_name_values_time_and_id() -> None:
    found = tracked(number=7)
    assert (found["id"], found["event"], found["properties"]) == ("m-1", "viewed", {"number": 7})
    assert (found["userId"], found["timestamp"], found["protocol"]) == ("u1", WAS_MS, "mixpanel")
    assert "anonymousId" not in found


@pytest.mark.parametrize("time", [WAS_MS, WAS_MS / 1_000, str(WAS_MS // 1_000), "2025-11-24T15:59:00Z"])
def test_a_time_is_seconds_or_milliseconds(time: object) -> None:
    assert tracked(time=time)["timestamp"] == WAS_MS


def test_the_query_says_when_a_browser_sent_so_its_clock_is_corrected() -> None:
    behind = event(time=WAS_MS - 3_600_000)
    assert track(behind, query=f"_={NOW_MS - 3_600_000}").event["timestamp"] == WAS_MS
    assert track(behind, query="_=soon").event["timestamp"] == WAS_MS - 3_600_000
    assert ask(f"/import?_={NOW_MS - 3_600_000}", [behind]).event["timestamp"] == WAS_MS - 3_600_000


@pytest.mark.parametrize("path", ["/track", "/track/"])
def test_every_wrapping_is_opened(path: str) -> None:
    plain = orjson.dumps([event(name="名")])
    packed = b64encode(plain).decode()
    told = [
        ask(path, plain),
        ask(path, gzip.compress(plain)),
        ask(path, urlencode({"data": plain.decode(), "verbose": 1}).encode()),
        ask(path, urlencode({"data": packed}).encode()),
        ask(path, f"data={packed}".encode()),
        ask(path, urlencode({"data": b64encode(gzip.compress(plain)).decode()}).encode()),
        ask(f"{path}?data={packed}", method="GET"),
        ask(f"{path}?{urlencode({'data': packed})}", method="GET"),
        ask(path, plain[1:-1]),
        ask(path, plain[1:-1] + b"\n\n" + plain[1:-1]),
    ]
    assert [each.events[0]["event"] for each in told] == ["名"] * len(told)
    assert len(told[-1].events) == 2


@pytest.mark.parametrize(
    ("said", "user", "anonymous"),
    [
        ({"distinct_id": "u1"}, "u1", None),
        ({"distinct_id": "$device:d1", "$device_id": "d1"}, None, "d1"),
        ({"distinct_id": "d1", "$device_id": "d1"}, None, "d1"),
        ({"distinct_id": "u1", "$device_id": "d1", "$user_id": "u1"}, "u1", "d1"),
        ({"distinct_id": None, "$device_id": "d1"}, None, "d1"),
        ({"distinct_id": 7}, "7", None),
    ],
)
def test_whose_an_event_is(said: dict[str, Any], user: str | None, anonymous: str | None) -> None:
    found = tracked(**said)
    assert (found.get("userId"), found.get("anonymousId")) == (user, anonymous)


def test_identify_ties_a_device_to_its_user_and_never_two_users() -> None:
    new = {"distinct_id": "u2", "$user_id": "u2", "$device_id": "d1"}
    for former in ("$device:d1", "d1", "u1"):
        found = tracked("$identify", **new, **{"$anon_distinct_id": former})
        assert (found["type"], found["userId"], found["anonymousId"]) == ("identify", "u2", "d1")
    server = tracked("$identify", **{"$identified_id": "u2", "$anon_id": "a1"})
    assert (server["userId"], server["anonymousId"], server["properties"]) == ("u2", "a1", {})


@pytest.mark.parametrize(
    ("name", "said", "ids"),
    [
        ("$create_alias", {"distinct_id": "u1", "alias": "u2"}, {"userId": "u1", "previousId": "u2"}),
        ("$create_alias", {"distinct_id": "$device:d1", "alias": "u2"}, {"userId": "u2", "anonymousId": "d1", "previousId": "d1"}),
        ("$create_alias", {"distinct_id": "$device:d1", "alias": "$device:d2"}, {"anonymousId": "d1", "previousId": "d2"}),
        ("$merge", {"distinct_id": None, "$distinct_ids": ["u1", "u2"]}, {"userId": "u1", "previousId": "u2"}),
    ],
)
def test_an_alias_joins_two_ids_whichever_way_round(name: str, said: dict[str, Any], ids: dict[str, str]) -> None:
    found = tracked(name, **said)
    assert found["type"] == "alias"
    assert {field: found[field] for field in ("userId", "anonymousId", "previousId") if field in found} == ids


def test_presets_get_the_word_of_all_protocols_and_their_values_the_usual_places() -> None:
    said = {"current_url_path": "/x", "$current_url": "https://a.example/x?utm_source=mail", "$os": "iOS", "utm_source": "mail", "$new": 1}
    page = tracked("$mp_web_page_view", mp_lib="web", ip="198.51.100.7", **said, **{"$referrer": "$direct"})
    assert page["type"] == "page"
    assert page["properties"] == {"path": "/x", "url": "https://a.example/x?utm_source=mail", "utm_source": "mail"}
    context = page["context"]
    assert (context["vendorEvent"], context["os"], context["library"]) == ("$mp_web_page_view", {"name": "iOS"}, {"name": "web"})
    assert (context["campaign"], context["mixpanel"], context["ip"]) == ({"source": "mail"}, {"$new": 1}, "198.51.100.7")
    click = tracked("$mp_click", **{"$el_text": "Buy", "$el_tag_name": "a"})
    assert (click["event"], click["properties"]) == ("$click", {"text": "Buy", "element": "a"})
    assert tracked("$mp_scroll")["event"] == "_$mp_scroll"


def test_an_address_is_kept_only_if_asked_for() -> None:
    assert track(event(), query="ip=1").event["context"]["ip"] == ADDRESS
    assert "ip" not in track(event(ip=0), query="ip=0").event["context"]


def test_an_update_of_a_person_is_an_identify() -> None:
    said = {"$set": {"$email": "a@b.example", "$first_name": "Ann", "city": "Wuhan"}, "$unset": ["$phone"], "$add": {"n": 1}}
    found = engage(**said, **{"$time": WAS_MS / 1_000, "$ip": "198.51.100.7"}).event
    assert (found["type"], found["userId"], found["timestamp"]) == ("identify", "u1", WAS_MS)
    assert found["traits"] == {"email": "a@b.example", "firstName": "Ann", "city": "Wuhan", "phone": None}
    assert (found["context"]["mixpanel"], found["context"]["ip"]) == ({"$add": {"n": 1}}, "198.51.100.7")
    assert engage(**{"$distinct_id": "$device:d1"}).event["anonymousId"] == "d1"
    assert engage(**{"$delete": ""}).refused[0].reason.code == "bad-shape"


def test_an_update_that_comes_again_has_the_same_id() -> None:
    one, again = (engage(**{"$time": WAS_MS, "$set": {"a": 1}}).event["id"] for _ in range(2))
    assert one == again


def test_an_update_of_a_group_is_nobodys() -> None:
    found = ask("/groups", {"$token": KEY, "$group_key": "company", "$group_id": "c1", "$set": {"plan": "pro"}}).event
    assert (found["type"], found["anonymousId"], found["traits"]) == ("group", "$company_c1", {"plan": "pro"})
    assert found["properties"] == {"groupType": "company", "groupId": "c1"}
    assert ask("/groups", {"$token": KEY, "$group_key": "company"}).refused[0].reason.code == "bad-shape"


def test_the_key_is_looked_for_wherever_a_client_may_have_it() -> None:
    bare = {"event": "viewed", "properties": PROPERTIES | {"token": "guess"}}
    assert len(ask("/import", [bare], BASIC).events) == 1
    assert len(ask(f"/import?project_id={KEY}", [bare]).events) == 1
    assert ask("/import", [bare]).reason == "unknown-write-key"
    assert ask("/track", [{"event": "viewed", "properties": {}}]).reason == "no-write-key"
    assert ask("/track", []).reason == "no-write-key"
    assert len(ask("/track", [event(), event(token=DOMAIN)]).events) == 2


def test_each_client_hears_what_it_takes_for_success() -> None:
    data = urlencode({"data": orjson.dumps(event()).decode()})
    assert ask(f"/track?{data}&verbose=0", method="GET").answer.body == b"1"
    assert ask(f"/track?{data}&img=1", method="GET").answer.body == IMAGE
    assert ask("/track", f"{data}&verbose=1".encode()).json == {"status": 1, "error": None}
    assert ask("/import", f"{data}&verbose=1".encode()).json["status"] == 1
    assert ask(f"/import?{data}", method="GET").answer.body == b"1"
    assert ask("/track?verbose=0", event()).answer.body == b"1"
    imported = ask("/import?strict=1", [event(), {"event": "x", "properties": {"token": KEY}}])
    assert (imported.answer.status, imported.json["num_records_imported"]) == (200, 1)
    assert [failed["index"] for failed in imported.json["failed_records"]] == [1]


def test_each_client_hears_what_it_takes_for_failure() -> None:
    wrong = {"event": "x", "properties": {"token": KEY}}
    assert (track(wrong).answer.status, track(wrong).json["status"]) == (400, 0)
    assert ask("/import", [wrong]).json["code"] == 400
    data = urlencode({"data": orjson.dumps(wrong).decode()})
    assert (ask("/track", data.encode()).answer.status, ask("/track", data.encode()).answer.body) == (400, b"0")
    assert ask(f"/track?img=1&{data}", method="GET").answer.status == 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad-json"),
        (b"no", "bad-json"),
        (b"data=%%%", "bad-encoding"),
        (b"data=" + b64encode(b"no"), "bad-json"),
        (b"data=[1", "bad-json"),
        (b"{", "bad-json"),
        (b"&".join([b"a=1"] * 60), "bad-shape"),
        (b"[" * 100_000, "too-deep"),
        (orjson.dumps([event()] * 1_001), "too-many-events"),
    ],
)
def test_what_cannot_be_taken_is_refused(body: bytes, reason: str) -> None:
    assert ask("/track", body, method="POST").reason == reason


def test_a_batch_is_taken_apart() -> None:
    told = track(event(), 7, {"event": 5, "properties": PROPERTIES}, {"event": "x", "properties": []}, event("$merge"))
    assert (told.answer.status, told.json["status"], len(told.events)) == (200, 1, 1)
    assert [item.reason.code for item in told.refused] == ["bad-shape", "missing-name", "bad-shape", "bad-shape"]
