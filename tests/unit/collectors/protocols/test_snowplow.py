"""Snowplow: what its trackers' events become, whose they are, what trackers hear, and where links lead."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest

from collectors.body import Limits
from collectors.http import Request
from collectors.protocols import snowplow
from collectors.protocols.port import Submission
from collectors.sources import StaticSources, WriteKeys
from schemas import rejection
from schemas.definitions.model import Source
from schemas.errors import Rejected
from tests.unit.collectors import asking
from tests.unit.collectors.asking import ADDRESS, AGENT, KEY, NOW_MS, SHOP, VISITORS, Told, ask

PATH = "/com.snowplowanalytics.snowplow/tp2"
HOUR_MS = 3_600_000
DTM = str(NOW_MS - 2_000)
EVENT: dict[str, str] = {"e": "se", "se_ac": "add", "aid": KEY, "eid": "e-1", "dtm": DTM, "stm": str(NOW_MS - 1), "duid": "d-1", "p": "web"}
VIEWED = {"schema": "iglu:com.acme/viewed/jsonschema/1-0-2", "data": {"price": 129.5, "name": "鞋子 >>>???"}}


def send(*events: Any, headers: dict[str, str] | None = None, path: str = PATH) -> Told:
    return ask(path, {"schema": "iglu:…", "data": list(events)}, headers)


def one(**fields: Any) -> dict[str, Any]:
    event: dict[str, Any] = send({**EVENT, **fields}).event
    return event


def described(inner: object, **fields: str) -> dict[str, Any]:
    return one(e="ue", ue_pr=orjson.dumps({"schema": "iglu:…", "data": inner}).decode(), **fields)


def link(target: str, **fields: str) -> Told:
    return ask("/r/tp2?" + urlencode({"aid": KEY, "u": target, **fields}))


@pytest.fixture(autouse=True)
def _source_with_an_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SHOP", Source("shop-web", "web", asking.SHOP.write_keys, ("*", "https://shop.example")))


@pytest.mark.parametrize("path", [PATH, "/com.acme/tp2"])
def test_a_structured_event_has_its_action_for_a_name(path: str) -> None:
    told = send({**EVENT, "se_ca": "shop", "se_la": "shoes", "se_pr": "", "se_va": "129.5"}, path=path)
    assert (told.answer.status, told.answer.body) == (200, b"ok")
    event = told.event
    assert (event["event"], event["properties"]) == ("add", {"category": "shop", "label": "shoes", "value": 129.5})
    assert (event["id"], event["source"], event["protocol"], told.people) == ("e-1", "shop-web", "snowplow", ["anon:d-1"])
    assert "vendorEvent" not in event["context"]


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
def test_a_self_describing_event_has_the_name_of_its_schema(encode: Any, padded: bool) -> None:
    packed = encode(orjson.dumps({"data": VIEWED})).decode()
    event = one(e="ue", ue_px=packed if padded else packed.rstrip("="))
    assert (event["event"], event["properties"], event["context"]["schema"]) == ("viewed", VIEWED["data"], VIEWED["schema"])
    assert described(VIEWED)["properties"] == VIEWED["data"]


@pytest.mark.parametrize(
    ("vendor", "name", "data", "kind", "expected"),
    [
        (
            "com.snowplowanalytics.snowplow",
            "link_click",
            {"targetUrl": "https://x/", "elementId": "b"},
            "$click",
            {"href": "https://x/", "id": "b"},
        ),
        ("com.snowplowanalytics.snowplow", "button_click", {"label": "Buy"}, "$click", {"text": "Buy"}),
        ("com.snowplowanalytics.mobile", "screen_view", {"name": "Home"}, "$screen", {"name": "Home"}),
        ("com.snowplowanalytics.snowplow", "application_foreground", {}, "$show", {}),
        ("com.snowplowanalytics.snowplow", "application_background", {}, "$hide", {}),
        ("com.acme", "link_click", {"targetUrl": "x"}, "link_click", {"targetUrl": "x"}),
        ("com.acme", "$click", {}, "_$click", {}),
    ],
)
def test_snowplows_own_schemas_get_the_word_that_all_protocols_share(
    vendor: str, name: str, data: object, kind: str, expected: object
) -> None:
    event = described({"schema": f"iglu:{vendor}/{name}/jsonschema/1-0-0", "data": data})
    assert (event.get("event") or f"${event['type']}", event["properties"]) == (kind, expected)


def test_a_page_view_is_a_page_with_what_led_to_it() -> None:
    url = "https://shop.example/a?utm_source=mail"
    event = one(
        e="pv",
        url=url,
        page="Shoes",
        refr="https://news.example/",
        lang="zh-CN",
        tz="Asia/Shanghai",
        res="1280x720",
        vp="9x",
        tv="js-4.10.1",
        sid="s",
    )
    page = {"url": url, "path": "/a", "title": "Shoes", "referrer": "https://news.example/"}
    assert (event["type"], event["properties"]) == ("page", page)
    assert event["context"] == {
        "page": page,
        "campaign": {"source": "mail"},
        "locale": "zh-CN",
        "timezone": "Asia/Shanghai",
        "screen": {"width": 1280, "height": 720},
        "library": {"name": "snowplow-js", "version": "4.10.1"},
        "app": {"id": KEY},
        "sessionId": "s",
        "vendorEvent": "pv",
        "ip": ADDRESS,
        "userAgent": AGENT,
    }


def test_pings_and_transactions_have_numbers_where_they_are_numbers() -> None:
    ping = one(e="pp", pp_mix="0", pp_may="500", pp_max="NaN")
    assert (ping["event"], ping["properties"]) == ("page_ping", {"minX": 0, "maxX": "NaN", "maxY": 500})
    bought = one(e="tr", tr_id="o-1", tr_tt="20.5", tr_cu="CNY")
    assert (bought["event"], bought["properties"]) == ("transaction", {"orderId": "o-1", "total": 20.5, "currency": "CNY"})
    item = one(e="ti", ti_id="1e3", ti_sk="s1", ti_pr="10", ti_qu="2", ti_nm="Shoes")
    assert item["properties"] == {"orderId": "1e3", "sku": "s1", "name": "Shoes", "price": 10, "quantity": 2}
    assert one(se_va="dear")["properties"] == {"value": "dear"}


@pytest.mark.parametrize("field", ["co", "cx"])
def test_contexts_are_lists_by_the_name_of_their_schema(field: str) -> None:
    entity = {"schema": "iglu:com.acme/product/jsonschema/1-0-0", "data": {"sku": "s1"}}
    text = orjson.dumps({"data": [entity, {"schema": "odd"}, 7, {**entity, "data": {"sku": "s2"}}]})
    event = one(**{field: text.decode() if field == "co" else b64encode(text).decode()})
    assert event["context"]["entities"] == {"product": [{"sku": "s1"}, {"sku": "s2"}]}


def test_the_right_person() -> None:
    assert (one(uid="u1")["userId"], one(uid="u1")["anonymousId"]) == ("u1", "d-1")
    assert one(duid="", nuid="n-1")["anonymousId"] == "n-1"
    session = {"schema": "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2", "data": {"userId": "phone-1"}}
    assert one(duid="", co=orjson.dumps({"data": [session]}).decode(), p="mob")["anonymousId"] == "phone-1"


def test_who_sends_no_id_is_a_visitor_of_the_day_in_a_browser_and_nobody_on_a_server() -> None:
    event = one(duid="")
    assert event["anonymousId"] == VISITORS.name_of("shop-web", ADDRESS, AGENT, NOW_MS)
    assert "ip" not in event["context"]
    told = send({**EVENT, "duid": "", "p": "srv"})
    assert [item.reason.code for item in told.refused] == ["missing-person"]


def test_anonymous_tracking_leaves_no_address() -> None:
    for fields in ({}, {"ip": "203.0.113.7"}, {"duid": "", "ip": "203.0.113.7"}):
        told = send({**EVENT, **fields}, headers={"sp-anonymous": "*", "cookie": "sp=n-1"})
        assert "203.0.113" not in orjson.dumps(told.event).decode()
        assert b"set-cookie" not in told.answer.head.lower()
    assert one(ip="203.0.113.7")["context"]["ip"] == "203.0.113.7"


def test_the_clients_clock_is_set_right() -> None:
    behind = {"dtm": str(NOW_MS - HOUR_MS - 2_000), "stm": str(NOW_MS - HOUR_MS - 1)}
    assert one(**behind)["timestamp"] == NOW_MS - 1_999
    assert one(**behind, ttm=str(NOW_MS - HOUR_MS))["timestamp"] == NOW_MS - HOUR_MS
    assert one(dtm=str(NOW_MS + HOUR_MS), stm=str(NOW_MS + HOUR_MS))["timestamp"] == NOW_MS
    assert one(stm="soon")["timestamp"] == NOW_MS - 2_000
    told = send({**EVENT, "dtm": "soon"})
    assert [item.reason.code for item in told.refused] == ["bad-time"]


def test_a_time_of_sending_in_whole_seconds_moves_nothing_within_its_second() -> None:
    # The tracker for Python cuts the milliseconds off: an event 300 ms before it was sent seems to lie after it.
    now_ms = NOW_MS + 400
    event = {**EVENT, "dtm": str(now_ms - 300), "stm": str(NOW_MS)}
    assert ask(PATH, {"data": [event]}, now_ms=now_ms).event["timestamp"] == now_ms - 300
    assert ask(PATH, {"data": [event]}, now_ms=now_ms + HOUR_MS).event["timestamp"] == now_ms - 300 + HOUR_MS - 599


def test_a_batch_is_taken_apart() -> None:
    odd = {**EVENT, "e": "??"}
    told = send(EVENT, 7, odd, {**EVENT, "e": "ue"}, {**EVENT, "cx": "*"}, {**EVENT, "co": "{"})
    assert (told.answer.status, len(told.events)) == (200, 1)
    assert [item.reason.code for item in told.refused] == ["bad-shape", "bad-shape", "bad-shape", "bad-encoding", "bad-json"]
    assert orjson.loads(told.refused[1].original) == odd
    assert send(EVENT, odd, headers={"x-strict-mode": "1"}).answer.status == 400


@pytest.mark.parametrize(
    ("body", "reason", "status"),
    [
        (b"", "bad-json", 400),
        (b"nonsense", "bad-json", 400),
        (b"[" * 100_000, "bad-shape", 400),
        (b"{}", "bad-shape", 400),
        (b'{"data":[]}', "no-write-key", 401),
        (b'{"data":[7]}', "no-write-key", 401),
        (b'{"data":[{"aid":"guess"}]}', "unknown-write-key", 401),
        (orjson.dumps({"data": [EVENT] * 1_001}), "too-many-events", 400),
        (b"\x1f\x8b\x08", "bad-encoding", 400),
    ],
)
def test_what_cannot_be_read_hears_a_status_on_which_trackers_let_go(body: bytes, reason: str, status: int) -> None:
    told = ask(PATH, body, method="POST")
    assert (told.reason, told.answer.status) == (reason, status)


def test_too_large_is_400_for_trackers_send_again_on_413() -> None:
    route = snowplow.PROTOCOL.routes[0]
    submission: Any = type("Strictness", (), {"strict": False})()
    assert route.rejected(submission, Rejected(rejection.BODY_TOO_LARGE)).status == 400
    assert route.rejected(submission, Rejected(rejection.BROKER_AWAY)).status == 503
    submission.strict = True
    assert route.rejected(submission, Rejected(rejection.BODY_TOO_LARGE)).status == 413


def test_an_image_is_an_event_and_always_an_image() -> None:
    told = ask("/i?" + urlencode({**EVENT, "se_la": "鞋子"}))
    assert (told.event["event"], told.event["properties"], told.answer.body[:3]) == ("add", {"label": "鞋子"}, b"GIF")
    for query in ("", "aid=guess", urlencode({**EVENT, "e": "?"}), "&".join(f"{number}=1" for number in range(600))):
        refused = ask(f"/i?{query}")
        assert (refused.answer.status, refused.answer.body[:3], bool(refused.reason)) == (200, b"GIF", True)
    assert ask("/i?aid=guess", headers={"x-strict-mode": "1"}).answer.status == 401
    away = snowplow.PROTOCOL.routes[1].rejected(type("Strictness", (), {"strict": False})(), Rejected(rejection.BROKER_AWAY))
    assert (away.status, away.body[:3]) == (503, b"GIF")


@pytest.mark.parametrize(("aid", "status"), [(EVENT["aid"], 302), ("guess", 503)])
def test_a_link_leads_on_though_its_event_can_not_be_stored_or_nobody_has_read_it(aid: str, status: int) -> None:
    route = next(one for one in snowplow.PROTOCOL.routes if one.name == "redirect")
    url = "/r/tp2?" + urlencode({"aid": aid, "u": "https://shop.example/a", "uid": "u1"})
    request = Request(b"GET", url.encode(), {}, ADDRESS, lambda request, answer, extra=b"": None)
    shop = replace(SHOP, origins=("https://shop.example",))
    for reason in (rejection.OVERLOADED, rejection.SPOOL_FULL):
        submission = Submission(request, Limits(), WriteKeys(StaticSources(shop)).find, NOW_MS, ADDRESS, visitors=VISITORS)
        assert route.rejected(submission, Rejected(reason)).status == status


def test_a_link_leads_on_and_is_a_click() -> None:
    told = link("https://shop.example/a?b=鞋#c", uid="u1")
    assert told.answer.status == 302
    assert f"location: https://shop.example/a?b={quote('鞋')}#c\r\n".encode() in told.answer.head
    assert b"referrer-policy: no-referrer" in told.answer.head
    assert (told.event["event"], told.event["userId"]) == ("$click", "u1")
    assert told.event["properties"] == {"href": f"https://shop.example/a?b={quote('鞋')}#c"}
    assert link("https://shop.example/").people == ["anon:" + VISITORS.name_of("shop-web", ADDRESS, AGENT, NOW_MS)]
    assert link("https://shop.example/", e="se", se_ac="opened", uid="u1").event["event"] == "opened"
    broken = link("https://shop.example/", e="?")
    assert (broken.answer.status, broken.events, len(broken.refused)) == (302, [], 1)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "/a",
        "//shop.example/",
        "javascript:alert(1)",
        "http://shop.example/",
        "https://evil.example/",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://evil.example\\@shop.example/",
        "https://shop.example:444/",
        "https://u:p@shop.example/",
        "https://[",
        "*",
    ],
)
def test_a_link_leads_nowhere_else(target: str) -> None:
    told = link(target)
    assert (told.answer.status, told.reason) == (400, "link-not-allowed")
    assert b"location" not in told.answer.head


def test_a_link_cannot_bring_a_header_of_its_own() -> None:
    told = link("https://shop.example/\r\nset-cookie: a=b")
    assert b"set-cookie: a" not in told.answer.head
    assert ask("/r/tp2?u=https://shop.example/&aid=guess").answer.status == 401
