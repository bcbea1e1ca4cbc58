"""Sensors: what its clients' requests become, whom they are about, and what each client hears."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import Any
from urllib.parse import quote_plus, urlencode

import orjson
import pytest

from collectors.protocols.sensors_body import java_hash
from tests.unit.collectors.asking import ADDRESS, KEY, NOW_MS, Told, ask

URL = f"/sa?project=default&token={KEY}"
RECORD: dict[str, Any] = {
    "type": "track",
    "event": "Viewed",
    "time": NOW_MS - 5_000,
    "distinct_id": "d-1",
    "_track_id": 735_290_017,
    "properties": {"price": 129.5},
}
HOUR_MS = 3_600_000
MINI = {"$identity_mp_id": "m-1", "$identity_mp_wx123_openid": "oP", "$identity_mp_unionid": "oU", "$identity_anonymous_id": "oP"}


def packed(content: object, *, zipped: bool = True) -> str:
    text = orjson.dumps(content)
    return b64encode(gzip.compress(text) if zipped else text).decode()


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def send(*, url: str = URL, headers: dict[str, str] | None = None, now_ms: int = NOW_MS, **fields: Any) -> Told:
    body = form(data=packed({**RECORD, **fields}), gzip="1")
    return ask(url, body, {"content-type": "application/x-www-form-urlencoded", **(headers or {})}, now_ms=now_ms)


def people(**fields: Any) -> tuple[str | None, str | None, dict[str, str]]:
    event = send(**fields).event
    return event.get("userId"), event.get("anonymousId"), event.get("ids", {})


@pytest.mark.parametrize(
    "body",
    [
        form(data=packed(RECORD), gzip="1"),
        form(data=packed(RECORD, zipped=False)),
        form(data_list=packed([RECORD]), gzip="1"),
        form(data_list=packed([RECORD], zipped=False), gzip="0"),
        form(data=packed([RECORD])),
        b"data=" + packed(RECORD).encode(),
        b"data_list=" + packed([RECORD], zipped=False).encode() + b"&ext=crc%3D" + str(java_hash(packed([RECORD], zipped=False))).encode(),
        gzip.compress(form(data=packed(RECORD))),
        orjson.dumps([RECORD]),
    ],
)
@pytest.mark.parametrize("path", ["/sa", "/sa.gif", "/debug"])
def test_every_path_takes_every_wrapping_under_any_content_type(path: str, body: bytes) -> None:
    told = ask(f"{path}?token={KEY}", body, {"content-type": "text/plain"})
    assert told.answer.status == 200
    event = told.event
    assert (event["event"], event["properties"], event["timestamp"]) == ("Viewed", {"price": 129.5}, NOW_MS - 5_000)
    assert (event["protocol"], event["source"], told.people) == ("sensors", "shop-web", ["anon:d-1"])
    assert event["context"]["ip"] == ADDRESS


def test_a_get_is_an_image_with_all_in_its_query() -> None:
    text = packed({**RECORD, "properties": {"name": "鞋子 >>>???"}}, zipped=False)
    told = ask(f"/sa.gif?token={KEY}&data={quote_plus(text)}&ext=" + quote_plus(f"crc={java_hash(text)}"))
    assert (told.answer.status, told.answer.body[:3]) == (200, b"GIF")
    assert told.event["properties"] == {"name": "鞋子 >>>???"}
    for broken in ("/sa.gif", "/sa.gif?token=guess", f"/sa.gif?token={KEY}&data=*"):
        assert (ask(broken).answer.status, ask(broken).answer.body[:3]) == (200, b"GIF")


def test_the_key_is_the_token_else_the_project() -> None:
    assert send(url=f"/sa?project={KEY}").event["source"] == "shop-web"
    assert send(url=f"/sa?project=x&token={KEY}").event["source"] == "shop-web"
    assert send(url=f"/sa?project={KEY}&token=guess").reason == "unknown-write-key"
    assert send(url="/sa").reason == "no-write-key"
    assert send(url="/sa").answer.status == 401


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad-shape"),
        (b"data=", "bad-shape"),
        (b"data=*", "bad-encoding"),
        (b"data=" + b64encode(b"\x1f\x8b\x08junk"), "bad-encoding"),
        (b"data=YQ==&gzip=9", "bad-encoding"),
        (form(data=packed(RECORD), crc="17"), "bad-encoding"),
        (b"data_list=" + b64encode(b"[{"), "bad-json"),
        (b"data_list=" + packed([7] * 1_001).encode(), "too-many-events"),
        (b"data=" + packed(" " * 5_000_000).encode(), "body-too-large"),
        (b"&".join(b"%d=1" % number for number in range(200)), "bad-shape"),
    ],
)
def test_what_cannot_be_read_hears_200_unless_somebody_reads_the_answer(body: bytes, reason: str) -> None:
    told = ask(URL, body, method="POST")
    assert (told.answer.status, told.reason) == (200, reason)
    assert ask(URL, body, {"x-strict-mode": "1"}, method="POST").answer.status >= 400
    assert ask(f"/debug?token={KEY}", body, method="POST").answer.status >= 400


def test_a_batch_is_taken_apart_and_a_bad_record_keeps_its_bytes() -> None:
    odd = b'{"type":"track","event":"x","time":"soon","distinct_id":"d"}'
    body = b"data_list=" + quote_plus(b64encode(b"[" + orjson.dumps(RECORD) + b',7,{"type":"x"},' + odd + b"]")).encode()
    told = ask(URL, body)
    assert (told.answer.status, len(told.events)) == (200, 1)
    assert [(item.index, item.reason.code) for item in told.refused] == [(1, "bad-shape"), (2, "bad-shape"), (3, "bad-time")]
    assert told.refused[2].original == odd
    assert ask(f"/debug?token={KEY}", body).answer.status == 400
    assert ask(URL, body, {"x-strict-mode": "1"}).answer.status == 400


def test_a_dry_run_stores_nothing_and_says_whether_it_would() -> None:
    url, dry = f"/debug?token={KEY}", {"dry-run": "true"}
    assert (send(url=url, headers=dry).answer.status, send(url=url, headers=dry).events) == (200, [])
    assert send(url=url, headers=dry, type="x").answer.status == 400
    assert len(send(headers=dry).events) == 1
    assert len(send(url=url).events) == 1


@pytest.mark.parametrize(
    ("vendors", "kind", "name"),
    [
        ("$pageview", "page", None),
        ("$MPViewScreen", "page", None),
        ("$AppViewScreen", "screen", None),
        ("$WebClick", "track", "$click"),
        ("$AppClick", "track", "$click"),
        ("$MPClick", "track", "$click"),
        ("$MPLaunch", "track", "$launch"),
        ("$AppStart", "track", "$launch"),
        ("$MPShow", "track", "$show"),
        ("$MPHide", "track", "$hide"),
        ("$AppEnd", "track", "$hide"),
        ("$MPShare", "track", "$share"),
        ("$WebStay", "track", "_$WebStay"),
        ("$click", "track", "_$click"),
    ],
)
def test_presets_get_the_word_that_all_protocols_share(vendors: str, kind: str, name: str | None) -> None:
    event = send(event=vendors).event
    assert (event["type"], event.get("event"), event["context"]["vendorEvent"]) == (kind, name, vendors)
    assert "vendorEvent" not in send().event["context"]


def test_preset_properties_go_where_they_stand_for_all_protocols() -> None:
    page = {"$url": "https://shop.example/a", "$url_path": "/a", "$title": "Shoes", "$referrer": ""}
    preset = {"$lib": "js", "$lib_version": "1.27.11", "$os": "iOS", "$screen_width": 390, "$utm_source": "mail", "$app_id": "wx123"}
    event = send(event="$pageview", properties={**page, **preset, "$is_first_day": True, "shelf": 3, "gone": None}).event
    said = {"url": "https://shop.example/a", "path": "/a", "title": "Shoes"}
    assert event["properties"] == {**said, "shelf": 3}
    assert event["context"] == {
        "page": said,
        "library": {"name": "js", "version": "1.27.11"},
        "os": {"name": "iOS"},
        "screen": {"width": 390},
        "campaign": {"source": "mail"},
        "app": {"id": "wx123"},
        "sensors": {"$is_first_day": True},
        "vendorEvent": "$pageview",
        "ip": ADDRESS,
        "userAgent": event["context"]["userAgent"],
    }
    click = send(event="$WebClick", properties={"$element_id": "buy", "$element_content": "Buy", "$element_type": "button"}).event
    assert click["properties"] == {"id": "buy", "text": "Buy", "element": "button"}
    assert send(event="$AppViewScreen", properties={"$screen_name": "Home"}).event["properties"] == {"name": "Home"}


def test_where_a_servers_code_lies_is_nobodys_business() -> None:
    event = send(lib={"$lib": "python", "$lib_detail": "f##/srv/shop.py##7"}, properties={"$lib_detail": "/srv/shop.py"}).event
    assert "shop.py" not in orjson.dumps(event).decode()
    assert event["context"]["library"] == {"name": "python"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (None, "d-1", {})),
        ({"properties": {"$is_login_id": True}}, ("d-1", None, {})),
        ({"properties": {"$is_login_id": False}}, (None, "d-1", {})),
        ({"distinct_id": "u1", "login_id": "u1", "anonymous_id": "a-1"}, ("u1", "a-1", {})),
        ({"distinct_id": "u1", "identities": {"$identity_login_id": "u1", "$identity_cookie_id": "a-1"}}, ("u1", "a-1", {})),
        ({"distinct_id": "oP", "anonymous_id": "oP", "identities": MINI}, (None, "m-1", {"wx_openid:wx123": "oP", "wx_unionid": "oU"})),
        (
            {
                "distinct_id": "u1",
                "login_id": "u1",
                "anonymous_id": "oP",
                "identities": {"$identity_login_id": "u1", "$identity_mp_id": "m-1"},
            },
            ("u1", "m-1", {"anon": "oP"}),
        ),
        ({"distinct_id": "c-1", "anonymous_id": "own", "identities": {"$identity_cookie_id": "c-1"}}, (None, "c-1", {"anon": "own"})),
        ({"distinct_id": "$identity_mobile++8613800001234"}, (None, None, {"phone": "+8613800001234"})),
        ({"distinct_id": "$identity_mobile+138", "identities": {"$identity_mobile": "138"}}, (None, None, {"phone": "138"})),
        ({"distinct_id": "no+9", "login_id": "no+9", "identities": {"no": "9", "$identity_cookie_id": "c"}}, (None, "c", {"no": "9"})),
        (
            {"identities": {"$identity_email": "a@b", "$identity_mp_openid": "o"}, "properties": {"$app_id": "wx9"}},
            (None, "d-1", {"email": "a@b", "wx_openid:wx9": "o"}),
        ),
        (
            {"identities": {"$identity_mp_openid": "o", "user": "x", "$identity_": "y", "bad": None}},
            (None, "d-1", {"wx_openid": "o", "sensors_user": "x"}),
        ),
        ({"identities": 7, "distinct_id": 12}, (None, "12", {})),
    ],
)
def test_the_right_person(fields: dict[str, Any], expected: object) -> None:
    assert people(**fields) == expected


def test_a_sign_up_says_that_the_visitor_is_the_user() -> None:
    told = send(type="track_signup", event="$SignUp", distinct_id="u1", original_id="a-1", properties={"channel": "mail"})
    event = told.event
    assert (event["type"], event["userId"], event["anonymousId"], event["properties"]) == ("identify", "u1", "a-1", {"channel": "mail"})
    assert event["context"]["vendorEvent"] == "$SignUp"
    mini = send(type="track_signup", event="$SignUp", distinct_id="u1", login_id="u1", original_id="oP", anonymous_id="oP", identities=MINI)
    assert (mini.event["userId"], mini.event["anonymousId"], mini.event["ids"]["wx_openid:wx123"]) == ("u1", "m-1", "oP")


def test_a_binding_joins_and_an_unbinding_does_not_join_again() -> None:
    both = {"$identity_login_id": "u1", "$identity_mobile": "138"}
    event = send(type="track_id_bind", event="$BindID", distinct_id="u1", identities=both).event
    assert (event["type"], event["userId"], event["ids"]) == ("identify", "u1", {"phone": "138"})
    told = send(type="track_id_unbind", event="$UnbindID", distinct_id="u1", identities={"$identity_mobile": "138"})
    assert (told.event["event"], told.people, "userId" in told.event) == ("_$UnbindID", ["phone:138"], False)


def test_profiles_become_traits_only_where_the_newest_value_is_meant() -> None:
    values = {"city": "上海", "$name": "Ann", "$is_login_id": True, "$lib": "python"}
    event = send(type="profile_set", event=None, properties=values).event
    assert (event["type"], event["traits"], event["userId"]) == ("identify", {"city": "上海", "name": "Ann"}, "d-1")
    assert event["context"]["vendorEvent"] == "profile_set"
    assert send(type="profile_unset", properties={"city": True}).event["traits"] == {"city": None}
    for kind in ("profile_set_once", "profile_increment", "profile_append"):
        once = send(type=kind, properties={"n": 1}).event
        assert (once["type"], once["traits"], once["properties"], once["context"]["vendorEvent"]) == ("identify", {}, {"n": 1}, kind)
    assert send(type="profile_delete", properties={}).event["traits"] == {}


@pytest.mark.parametrize("kind", ["item_set", "item_delete"])
def test_an_item_is_no_person(kind: str) -> None:
    told = send(type=kind, item_type="book", item_id="1")
    assert ([item.reason.code for item in told.refused], told.answer.status) == (["missing-person"], 200)


def test_the_clients_clock_is_set_right_and_imports_keep_their_times() -> None:
    behind: dict[str, Any] = {"time": NOW_MS - HOUR_MS - 2_000, "_flush_time": NOW_MS - HOUR_MS}
    assert send(**behind).event["timestamp"] == NOW_MS - 2_000
    assert send(**behind, time_free=True).event["timestamp"] == NOW_MS - HOUR_MS - 2_000
    assert send(time=NOW_MS + HOUR_MS, _flush_time=NOW_MS + HOUR_MS).event["timestamp"] == NOW_MS
    assert send(time=None).event["timestamp"] == NOW_MS


def test_a_record_that_is_sent_again_has_its_id_again() -> None:
    again: dict[str, Any] = {"now_ms": NOW_MS + 60_000, "_flush_time": NOW_MS + 60_000}
    assert send(_flush_time=NOW_MS).event["id"] == send(**again).event["id"]
    assert send(_track_id=1).event["id"] != send(_track_id=2).event["id"]
    assert send(_track_id=1).event["id"] != send(_track_id=1, time=NOW_MS).event["id"]
    for fields in (dict[str, Any](_track_id=None), {"_track_id": None, "type": "profile_increment", "properties": {"n": 1}}):
        assert send(**fields, _flush_time=NOW_MS).event["id"] == send(**fields, **again).event["id"]
    assert send(time=None).event["id"] != send(time=None).event["id"]


def test_the_same_said_twice_in_one_millisecond_is_said_twice() -> None:
    record = {**RECORD, "_track_id": None}
    body = form(data_list=packed([record, record, RECORD, RECORD]))
    ids = [event["id"] for event in ask(URL, body).events]
    assert len(set(ids)) == 3
    assert ids[2] == ids[3]
    assert [event["id"] for event in ask(URL, body).events] == ids
