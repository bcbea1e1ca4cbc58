"""GrowingIO: JSON plain and packed, what its events become, and the one status on which its clients are content."""

from __future__ import annotations

import gzip
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.protocols.lzstring import bits_of_bytes, bits_of_text, bits_of_uri, unpacked
from schemas.errors import Rejected
from tests.unit.collectors.asking import ADDRESS, KEY, NOW_MS, Told, ask

URL = f"/v3/projects/{KEY}/collect"
EVENT: dict[str, Any] = {
    "eventType": "CUSTOM",
    "eventName": "viewed",
    "deviceId": "d-1",
    "sessionId": "s-1",
    "eventSequenceId": 7,
    "timestamp": NOW_MS - 2_000,
    "platform": "web",
    "attributes": {"price": "129.5"},
}
HOUR_MS = 3_600_000


def send(
    *, url: str = f"{URL}?stm={NOW_MS}&compress=0", headers: dict[str, str] | None = None, now_ms: int = NOW_MS, **fields: Any
) -> Told:
    return ask(url, [{**EVENT, **fields}], headers, now_ms=now_ms)


def lz(text: str, width: int) -> str:
    """The bits in which LZ-string packs a text of up to 16 bits a character: each new character told, none repeated. Enough to read."""
    bits: list[str] = []
    known: dict[str, int] = {}
    size, room, wide = 3, 2, 2

    def tell(code: int, count: int) -> None:
        bits.append(f"{code:0{count}b}"[::-1])

    def grow() -> None:
        nonlocal room, wide
        room -= 1
        if not room:
            room, wide = 1 << wide, wide + 1

    for place, character in enumerate(text):
        if character in known:
            tell(known[character], wide)
        else:
            short = ord(character) < 256
            tell(0 if short else 1, wide)
            tell(ord(character), 8 if short else 16)
            known[character] = size
            size += 1
            grow()
        grow()
        size += place > 0
    tell(2, wide)
    told = "".join(bits) + "0"
    return told + "0" * (-len(told) % width)


def as_bytes(bits: str) -> bytes:
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def as_text(bits: str) -> str:
    return "".join(chr(int(bits[at : at + 15], 2) + 32) for at in range(0, len(bits), 15)) + " "


def as_letters(bits: str) -> str:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-$"
    return "".join(letters[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


@given(st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_what_is_packed_comes_out(text: str) -> None:
    assert unpacked(lz(text, 16), 100) == text.encode()
    assert unpacked(bits_of_bytes(as_bytes(lz(text, 16))), 100) == text.encode()
    assert unpacked(bits_of_text(as_text(lz(text, 15))), 100) == text.encode()
    assert unpacked(bits_of_uri(as_letters(lz(text, 6))), 100) == text.encode()


def test_a_text_has_an_end_and_a_limit() -> None:
    assert unpacked("01" + "0" * 14, 10) == b""
    assert unpacked(lz("\ud83d\ude42", 16), 10) == "🙂".encode()
    for bits in ("", "1", "11" + "0" * 20, lz("abc", 16)[:20], "00" + "0" * 8 + "111" + "0" * 9):
        with pytest.raises(Rejected):
            unpacked(bits, 10)
    with pytest.raises(Rejected) as refusal:
        unpacked(lz("a" * 100, 16), 10)
    assert refusal.value.reason.code == "body-too-large"
    for read in (bits_of_uri, bits_of_text):
        with pytest.raises(Rejected):
            read("\x01")


def test_every_form_is_read_under_any_header() -> None:
    text = orjson.dumps([EVENT]).decode()
    for body in (text.encode(), gzip.compress(text.encode()), as_bytes(lz(text, 16)), as_text(lz(text, 15)).encode()):
        for headers in ({}, {"x-compress-codec": "1"}, {"content-type": "text/plain"}):
            told = ask(f"{URL}?stm={NOW_MS}&compress=1", body, headers)
            assert (told.answer.status, told.answer.body) == (204, b"")
            assert (told.event["event"], told.people, told.event["source"]) == ("viewed", ["anon:d-1"], "shop-web")


@pytest.mark.parametrize("data", [quote(orjson.dumps([EVENT])), as_letters(lz(orjson.dumps([EVENT]).decode(), 6))])
def test_an_image_has_all_in_its_query(data: str) -> None:
    told = ask(f"{URL}?stm={NOW_MS}&compress=11&data={data}")
    assert (told.answer.status, told.answer.body[:3], told.event["event"]) == (200, b"GIF", "viewed")


def test_an_image_that_escapes_nothing_is_read_to_its_end() -> None:
    data = orjson.dumps([{**EVENT, "query": "a=1&b=2+3"}]).decode()
    assert ask(f"{URL}?stm={NOW_MS}&compress=0&data={data}").event["id"] == send(query="a=1&b=2+3").event["id"]


@pytest.mark.parametrize(
    ("kind", "platform", "name"),
    [
        ("PAGE", "web", "$page"),
        ("VIEW_CLICK", "web", "$click"),
        ("VISIT", "web", "visit"),
        ("VISIT", "MinP", "$launch"),
        ("APP_CLOSED", "MinP", "$hide"),
        ("VIEW_CHANGE", "web", "view_change"),
        ("LOGIN_USER_ATTRIBUTES", "web", "$identify"),
        ("VISITOR_ATTRIBUTES", "web", "$identify"),
    ],
)
def test_presets_get_the_word_that_all_protocols_share(kind: str, platform: str, name: str) -> None:
    event = send(eventType=kind, platform=platform).event
    assert (event.get("event") or f"${event['type']}", event["context"]["vendorEvent"]) == (name, kind)


def test_a_developers_event_keeps_its_name() -> None:
    assert send(eventName="$click").event["event"] == "_$click"
    share = send(eventName="$mp_on_share").event
    assert (share["event"], share["context"]["vendorEvent"]) == ("$share", "$mp_on_share")
    assert [item.reason.code for item in send(eventName=7).refused] == ["missing-name"]


def test_what_javascript_wrote_as_a_number_is_one_again() -> None:
    texts = {
        "a": "129.5",
        "b": "0",
        "c": "-3",
        "d": "13800000000",
        "e": "007",
        "f": "1e5",
        "g": "1.50",
        "h": "-0",
        "i": "",
        "j": "0.1",
        "k": 7,
    }
    assert send(attributes=texts).event["properties"] == {**texts, "a": 129.5, "b": 0, "c": -3, "j": 0.1}
    assert send(eventType="LOGIN_USER_ATTRIBUTES", attributes={"age": "30", "city": "上海"}).event["traits"] == {"age": 30, "city": "上海"}
    assert send(attributes=7).event["properties"] == {}


def test_a_page_has_its_whole_address() -> None:
    web: dict[str, Any] = {
        "eventType": "PAGE",
        "domain": "shop.example",
        "path": "/a",
        "query": "b=1",
        "title": "Shoes",
        "protocolType": "http",
        "attributes": {},
    }
    assert send(**web).event["properties"] == {"url": "http://shop.example/a?b=1", "path": "/a", "title": "Shoes"}
    mini = send(**{**web, "domain": "wx123", "path": "pages/index", "query": "", "platform": "MinP"}).event
    assert mini["properties"] == {"url": "pages/index", "path": "pages/index", "title": "Shoes"}
    assert mini["context"]["app"] == {"id": "wx123"}


def test_what_is_known_of_the_device_stands_in_the_context() -> None:
    event = send(
        language="zh-CN", screenWidth=390, deviceBrand="HUAWEI", sdkVersion="4.6.0", timezoneOffset=-480, userKey="crm", userId="u1"
    ).event
    context = event["context"]
    assert (context["locale"], context["screen"], context["device"]) == ("zh-CN", {"width": 390}, {"brand": "HUAWEI"})
    assert context["growingio"] == {"timezoneOffset": -480, "userKey": "crm"}
    assert context["ip"] == ADDRESS
    click = send(eventType="VIEW_CLICK", textValue="Buy", xpath="/button", attributes=None).event
    assert click["properties"] == {"text": "Buy", "xpath": "/button"}


@pytest.mark.parametrize(
    ("fields", "people", "ids"),
    [
        ({}, "anon:d-1", {}),
        ({"userId": "u1"}, "user:u1", {}),
        ({"userId": "u1", "userKey": "crm"}, "user:u1", {}),
        ({"userId": "138", "userKey": "Phone"}, "anon:d-1", {"phone": "138"}),
        ({"userId": "a@b", "userKey": "email", "deviceId": ""}, "email:a@b", {"email": "a@b"}),
    ],
)
def test_the_right_person(fields: dict[str, Any], people: str, ids: dict[str, str]) -> None:
    told = send(**fields)
    assert (told.people, told.event.get("ids", {})) == ([people], ids)


def test_the_clients_clock_is_set_right() -> None:
    behind = f"{URL}?stm={NOW_MS - HOUR_MS}&compress=0"
    assert send(url=behind, timestamp=NOW_MS - HOUR_MS - 2_000).event["timestamp"] == NOW_MS - 2_000
    assert send(url=f"{URL}?stm=soon").event["timestamp"] == NOW_MS - 2_000
    assert send(timestamp=None).event["timestamp"] == NOW_MS


def test_what_comes_again_is_known_and_what_is_said_twice_is_two() -> None:
    later: dict[str, Any] = {"url": f"{URL}?stm={NOW_MS + 900}", "now_ms": NOW_MS + 900}
    assert send().event["id"] == send(**later).event["id"]
    assert send().event["id"] != send(eventSequenceId=8).event["id"]
    unnumbered = {key: value for key, value in EVENT.items() if key != "eventSequenceId"}
    ids = [event["id"] for event in ask(URL, [unnumbered, unnumbered]).events]
    assert len(set(ids)) == 2
    assert [event["id"] for event in ask(URL, [unnumbered, unnumbered]).events] == ids
    assert send(timestamp=None).event["id"] != send(timestamp=None).event["id"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "bad-encoding"),
        (b"{}", "bad-shape"),
        (b"[{", "bad-json"),
        (b"nonsense", "bad-json"),
        (b"x" * 200_000, "body-too-large"),
        (b"\xff\xfe", "bad-encoding"),
        (orjson.dumps([EVENT] * 1_001), "too-many-events"),
    ],
)
def test_what_cannot_be_read_hears_204_unless_somebody_reads_the_answer(body: bytes, reason: str) -> None:
    told = ask(URL, body, method="POST")
    assert (told.reason, told.answer.status) == (reason, 204)
    assert ask(URL, body, {"x-strict-mode": "1"}, method="POST").answer.status >= 400


def test_a_batch_is_taken_apart_and_a_key_is_needed() -> None:
    told = ask(URL, [EVENT, 7, {**EVENT, "timestamp": "soon"}])
    assert (told.answer.status, len(told.events)) == (204, 1)
    assert [item.reason.code for item in told.refused] == ["bad-shape", "bad-time"]
    assert ask(URL, [7], {"x-strict-mode": "1"}).answer.status == 400
    assert ask("/v3/projects/guess/collect", [EVENT]).answer.status == 401
    assert ask("/v3/projects/guess/collect?data=[]").answer.body[:3] == b"GIF"


def test_an_item_is_no_person() -> None:
    told = ask(f"/projects/{KEY}/collect/item", [{"key": "book", "id": "1"}])
    assert (told.reason, told.answer.status) == ("missing-person", 204)
