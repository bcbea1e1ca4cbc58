"""Matomo: what one request or many become, whose they are, and what each client hears."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from collectors.sources import StaticSources
from schemas.definitions.model import Source
from tests.integration.collectors.running import digest
from tests.unit.collectors import asking
from tests.unit.collectors.asking import ADDRESS, AGENT, DOMAIN, KEY, NOW_MS, VISITORS, Told, ask

PAGE = {"idsite": DOMAIN, "rec": "1", "url": "https://shop.example/a?utm_source=mail", "action_name": "Shoes", "_id": "0123456789abcdef"}
SHOWN = {"url": PAGE["url"], "path": "/a", "title": "Shoes"}


def send(**fields: object) -> Told:
    return ask("/matomo.php?" + urlencode({**PAGE, **fields}))


def named(**fields: object) -> tuple[str, dict[str, Any]]:
    event = send(**fields).event
    return event.get("event") or f"${event['type']}", event["properties"]


def bulk(*requests: object, headers: dict[str, str] | None = None, **fields: object) -> Told:
    return ask("/matomo.php", {"requests": list(requests), **fields}, headers)


def query(**fields: object) -> str:
    return "?" + urlencode({**PAGE, **fields})


@pytest.mark.parametrize("path", ["/matomo.php", "/piwik.php"])
def test_a_page_is_a_page_wherever_its_fields_stand(path: str) -> None:
    form = urlencode(PAGE)
    for told in (
        ask(f"{path}?{form}"),
        ask(f"{path}?{form}", method="POST"),
        ask(path, form.encode()),
        ask(f"{path}?idsite={DOMAIN}", form.encode()),
        ask(path, {"requests": [f"?{form}"]}),
        ask(path, {"requests": [form]}),
        ask(path, {"requests": [PAGE]}),
    ):
        assert told.answer.status == 200
        event = told.event
        assert (event["type"], event["properties"], event["anonymousId"]) == ("page", SHOWN, PAGE["_id"])
        assert (event["protocol"], event["source"]) == ("matomo", "shop-web")
        assert event["context"]["campaign"] == {"source": "mail"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"e_c": "shop", "e_a": "add", "e_n": "shoes", "e_v": "129.5"}, ("add", {"category": "shop", "name": "shoes", "value": 129.5})),
        ({"e_c": "shop", "e_a": "$click"}, ("_$click", {"category": "shop"})),
        ({"idgoal": "3", "revenue": "9.5"}, ("goal", {"goal": "3", "revenue": 9.5})),
        ({"ping": "1"}, ("ping", {})),
        ({"search": "boots", "search_count": "7"}, ("site_search", {"keyword": "boots", "results": 7})),
        ({"link": "https://x/"}, ("$click", {"href": "https://x/"})),
        ({"download": "https://x/a.zip"}, ("download", {"href": "https://x/a.zip"})),
        ({"c_n": "ad", "c_p": "banner"}, ("content_impression", {"name": "ad", "piece": "banner"})),
        ({"c_n": "ad", "c_i": "click"}, ("content_interaction", {"name": "ad", "interaction": "click"})),
        ({"_pks": "s1", "_pkp": "129.5"}, ("$page", {**SHOWN, "product": {"sku": "s1", "price": 129.5}})),
        ({"dimension2": "red"}, ("$page", {**SHOWN, "dimension2": "red"})),
        ({"cvar": '{"1":["plan","pro"],"2":7}'}, ("$page", {**SHOWN, "customVariables": {"plan": "pro"}})),
        ({"cvar": "{", "ec_st": "undefined", "e_a": "undefined"}, ("$page", SHOWN)),
    ],
)
def test_one_request_is_one_action(fields: dict[str, object], expected: object) -> None:
    assert named(**fields) == expected


def test_an_order_has_its_products_and_its_sums_as_numbers() -> None:
    items = orjson.dumps([["s1", "Shoes", ["cat"], 129.5, 2], ["s2"], 7]).decode()
    order = {"idgoal": "0", "ec_id": "o-1", "revenue": "259", "ec_st": "250", "ec_tx": "9", "ec_sh": "undefined", "ec_items": items}
    products = [{"sku": "s1", "name": "Shoes", "category": ["cat"], "price": 129.5, "quantity": 2}, {"sku": "s2"}]
    expected = {"orderId": "o-1", "revenue": 259, "subtotal": 250, "tax": 9, "products": products}
    assert named(**order) == ("order_completed", expected)
    assert named(idgoal="0", revenue="259", ec_items="[") == ("cart_updated", {"revenue": 259})


def test_what_is_known_of_the_browser_stands_in_the_context() -> None:
    context = send(
        lang="zh-CN", res="1280x720", ua="Own", pf_srv="44", uadata='{"mobile":false}', _cvar='{"1":["a","b"]}', _rck="boots"
    ).event["context"]
    assert (context["locale"], context["screen"], context["userAgent"]) == ("zh-CN", {"width": 1280, "height": 720}, "Own")
    assert (context["performance"], context["userAgentData"], context["customVariables"]) == ({"server": 44}, {"mobile": False}, {"a": "b"})
    assert context["campaign"] == {"source": "mail", "term": "boots"}
    assert context["ip"] == ADDRESS


def test_the_right_person() -> None:
    assert send(uid="u1").people == ["user:u1"]
    assert send(uid="u1").event["anonymousId"] == PAGE["_id"]
    event = send(_id="").event
    assert event["anonymousId"] == VISITORS.name_of("shop-web", ADDRESS, AGENT, NOW_MS)
    assert "ip" not in event["context"]


def test_only_with_a_token_may_one_speak_for_others() -> None:
    others = {"cip": "198.51.100.1", "cid": "fedcba9876543210"}
    assert send(**others).event["context"]["ip"] == ADDRESS
    assert send(**others, token_auth="guess").event["anonymousId"] == PAGE["_id"]
    event = send(**others, token_auth=KEY, idsite="7").event
    assert (event["context"]["ip"], event["anonymousId"]) == ("198.51.100.1", "fedcba9876543210")
    assert bulk(query(**others), token_auth=KEY).event["context"]["ip"] == "198.51.100.1"


def test_a_time_is_seconds_or_a_date_and_may_be_so_long_ago() -> None:
    seconds = NOW_MS // 1_000
    assert send(cdt=seconds - 60).event["timestamp"] == NOW_MS - 60_000
    assert send(cdt="2025-11-24 15:59:00").event["timestamp"] == NOW_MS - 60_000
    assert send(cdt=seconds - 60, cdo=30).event["timestamp"] == NOW_MS - 90_000
    assert send(cdo=30).event["timestamp"] == NOW_MS - 30_000
    assert send(cdt=seconds + 60).event["timestamp"] == NOW_MS
    assert send().event["timestamp"] == NOW_MS
    assert send(cdt="soon").reason == "bad-time"


def test_what_comes_again_is_known_by_its_random_number_or_its_time() -> None:
    for fields in ({"r": "123456"}, {"rand": "1"}, {"cdt": NOW_MS // 1_000}):
        assert send(**fields).event["id"] == send(**fields).event["id"]
    assert send().event["id"] != send().event["id"]
    first, second = (event["id"] for event in bulk(query(cdt=1_764_000_000), query(cdt=1_764_000_000)).events)
    assert first != second
    assert [event["id"] for event in bulk(query(cdt=1_764_000_000), query(cdt=1_764_000_000)).events] == [first, second]


def test_an_answer_is_an_image_or_nothing_and_says_what_was_refused() -> None:
    assert send().answer.body[:3] == b"GIF"
    assert (send(send_image="0").answer.status, send(send_image="0").answer.body) == (204, b"")
    for fields, status in (({"idsite": ""}, 401), ({"idsite": "guess"}, 401), ({"e_c": "x"}, 400)):
        told = send(**fields)
        assert (told.answer.status, told.answer.body[:3]) == (status, b"GIF")
    assert ask("/matomo.php?" + "&".join(f"{number}=1" for number in range(600))).reason == "too-many-keys"
    assert ask("/matomo.php?idsite=guess", headers={"x-strict-mode": "1"}).json["error"]["reason"] == "unknown-write-key"


def test_many_are_taken_apart() -> None:
    told = bulk(7, query(), query(idsite="guess"), {"idsite": DOMAIN, "e_c": "x"}, "?" + "x" * 40_000, "?" + "a=1&" * 600)
    assert told.json == {"status": "success", "tracked": 1, "invalid": 5, "invalid_indices": [0, 2, 3, 4, 5]}
    reasons = ["bad-shape", "unknown-write-key", "missing-name", "event-too-large", "too-many-keys"]
    assert [item.reason.code for item in told.refused] == reasons
    assert bulk(7, query(), headers={"x-strict-mode": "1"}).answer.status == 400


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "bad-json"),
        (b"[]", "bad-shape"),
        (b'{"requests":7}', "bad-shape"),
        (b'{"requests":[]}', "no-write-key"),
        (b'{"requests":[7]}', "no-write-key"),
        (b'{"requests":["?idsite=guess"]}', "unknown-write-key"),
        (orjson.dumps({"requests": [query()] * 1_001}), "too-many-events"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(body: bytes, reason: str) -> None:
    assert ask("/matomo.php", body).reason == reason


def test_a_page_speaks_for_one_source_and_a_server_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Source("other", "web", (digest("other"),), ())
    monkeypatch.setattr(asking, "StaticSources", lambda *sources: StaticSources(*sources, other))
    both = (query(), query(idsite="other"))
    assert [event["source"] for event in bulk(*both).events] == ["shop-web", "other"]
    told = bulk(*both, headers={"origin": "https://shop.example"})
    assert [item.reason.code for item in told.refused] == ["origin-not-allowed"]
