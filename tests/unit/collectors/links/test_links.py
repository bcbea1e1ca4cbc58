"""Links lead where their owner wrote, to origins on the list, and nowhere else; pixels are images whatever they say."""

from __future__ import annotations

import random
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from collectors.links.signing import Link, link_token, pixel_signature
from collectors.links.targets import is_allowed
from collectors.protocols.links import LINK_FAILURES_LED_ON
from collectors.protocols.pixel import IMAGE
from schemas import rejection
from tests.unit.collectors.links.asking import LINK, POSTERS, SECRET, SECRETS, get, too_late

KEY = SECRET.encode()
TARGET = "https://shop.example/sale?utm_campaign=spring&x=%E4%BD%A0#top"
ALTERED = 5_000


def path_of(target: str = TARGET, key: bytes = KEY, **said: object) -> str:
    return f"/l/{link_token(Link('posters', target, **said), key)}"  # type: ignore[arg-type]


def pixel(key: bytes = KEY, **fields: str) -> str:
    said = {"source": "posters", **fields}
    return f"/p.gif?{urlencode({**said, 'sig': pixel_signature(said.items(), key)})}"


def test_a_link_leads_on_and_tells_who_followed_it() -> None:
    heard = get(path_of(user="u1", properties={"poster": "7"}))
    assert (heard.answer.status, heard.location) == (302, TARGET)
    assert b"referrer-policy: no-referrer" in heard.answer.head
    assert b"cache-control: no-store" in heard.answer.head
    (event,) = heard.events
    assert (event["event"], event["userId"], event["source"], event["protocol"]) == ("$click", "u1", "posters", "links")
    assert event["properties"] == {"poster": "7", "url": TARGET}
    assert event["context"]["campaign"] == {"name": "spring"}


def test_what_following_a_link_is_called_is_its_owners_to_say_but_for_dollar_signs() -> None:
    assert get(path_of(event="poster_scanned")).events[0]["event"] == "poster_scanned"
    assert get(path_of(event="$follow")).events[0]["event"] == "_$follow"


def test_whoever_follows_a_link_made_for_nobody_is_a_visitor_of_the_day_whose_address_is_not_kept() -> None:
    first, second = (get(path_of()).events[0] for _ in range(2))
    assert first["anonymousId"] == second["anonymousId"]
    assert first["id"] != second["id"]
    assert "ip" not in first["context"]


def test_to_ask_where_a_link_leads_is_not_to_follow_it() -> None:
    heard = get(path_of(), method=b"HEAD")
    assert (heard.answer.status, heard.location, heard.events) == (302, TARGET, [])


def altered(path: str, dice: random.Random) -> str:
    """The path with one to three characters changed, put in or left out, so that it differs."""
    start = path.rindex("/" if path.startswith("/l/") else "?") + 1
    said = list(path[start:])
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(said))
        new = dice.choice(string.ascii_letters + string.digits + "-_=&%.")
        match dice.randrange(3):
            case 0:
                said[at] = new
            case 1:
                said.insert(at, new)
            case _:
                del said[at]
    return path[:start] + "".join(said)


def test_ten_thousand_altered_links_and_pixels_are_refused() -> None:
    dice = random.Random(7)
    link, gif = path_of(user="u1"), pixel(userId="u1", event="opened", mail="spring")
    for _ in range(ALTERED):
        if (path := altered(link, dice)) != link:
            heard = get(path)
            assert (heard.location, heard.events) == ("", []), path
            assert heard.answer.status in {403, 404}
        if (path := altered(gif, dice)) != gif and sorted(path.partition("?")[2].split("&")) != sorted(gif.partition("?")[2].split("&")):
            heard = get(path)
            assert heard.reason in {"wrong-signature", "unknown-link"}, path
            assert (heard.answer.body, heard.events) == (IMAGE, [])


def test_another_key_and_another_kind_of_signature_are_refused() -> None:
    assert get(path_of(key=b"a-guess-of-sixteen-bytes")).reason == "wrong-signature"
    said = [("source", "posters")]
    assert get(f"/p.gif?source=posters&sig={pixel_signature(said, b'a-guess-of-sixteen-bytes')}").reason == "wrong-signature"
    assert get("/p.gif?source=posters").reason == "wrong-signature"
    assert get(f"{pixel()}&sig=x").reason == "wrong-signature"
    assert get("/p.gif").reason == "unknown-link"
    of_link = urlsafe_b64encode(urlsafe_b64decode(path_of()[3:] + "==")[:16]).rstrip(b"=").decode()
    assert get(f"/p.gif?source=posters&sig={of_link}").reason == "wrong-signature"


OFF_THE_LIST = [
    "https://evil.example/",
    "http://shop.example/",
    "https://shop.example:444/",
    "https://shop.example.evil.example/",
    "https://shop.example@evil.example/",
    "https://shop.example\\@evil.example/",
    "https://evil.example\\.shop.example/",
    "https://evilshop.example/",
    "https://SHOP.example/",
    "https://shop.example./",
    "//shop.example/",
    "https:/shop.example/",
    "https:shop.example",
    "javascript:alert(1)//shop.example",
    "data:text/html,x",
    " https://shop.example/",
    "https://shop.example/\r\nset-cookie: a=b",
    "https://shop.example/ü",
    "https://shop.example/ ",
    "https://ｓhop.example/",
    "https://[::1]/",
    f"https://shop.example/{'x' * 2_048}",
    "",
]


@pytest.mark.parametrize("target", OFF_THE_LIST)
def test_no_signature_leads_off_the_list(target: str) -> None:
    heard = get(path_of(target))
    assert (heard.answer.status, heard.reason, heard.location, heard.events) == (403, "target-not-allowed", "", [])


@pytest.mark.parametrize(
    "target", ["https://shop.example", "https://shop.example/?a=b@c", "https://m.shop.example/x", "http://a.test:8080/"]
)
def test_what_is_on_the_list_is_led_to(target: str) -> None:
    assert get(path_of(target)).location == target


def test_an_origin_that_is_taken_off_the_list_is_led_to_no_more() -> None:
    assert get(path_of(), source=replace(POSTERS, targets=("https://m.shop.example",))).reason == "target-not-allowed"
    assert not is_allowed("https://shop.example/", ["https://*.shop.example"])


def test_a_link_leads_on_though_its_event_cannot_be_stored() -> None:
    assert {rejection.OVERLOADED, rejection.BROKER_AWAY, rejection.SPOOL_FULL, rejection.SPOOL_FAILED} == LINK_FAILURES_LED_ON
    assert LINK.answer_within_seconds == 1.0
    assert (too_late(path_of()).answer.status, too_late(path_of()).location) == (302, TARGET)
    assert [too_late(path).answer.status for path in (path_of(key=b"another"), "/l/x", path_of("https://elsewhere.example/"))] == [503] * 3


def test_a_pixel_is_an_image_and_an_event() -> None:
    heard = get(pixel(userId="u1", event="mail_opened", mail="spring sale", messageId="m-1"))
    assert heard.answer.body == IMAGE
    (event,) = heard.events
    assert (event["event"], event["userId"], event["id"]) == ("mail_opened", "u1", "m-1")
    assert event["properties"] == {"mail": "spring sale"}
    assert get(pixel(userId="u1")).events[0]["event"] == "opened"
    assert get(pixel(anonymousId="a-1")).events[0]["anonymousId"] == "a-1"
    assert get(pixel(userId="u1"), method=b"HEAD").events == []


def test_a_pixel_whose_fields_a_proxy_wrote_anew_is_the_same() -> None:
    query = pixel(mail="a b~", userId="u1").partition("?")[2]
    anew = "&".join(reversed(query.split("&"))).replace("+", "%20").replace("~", "%7E")
    assert get(f"/p.gif?{anew}").events[0]["properties"] == {"mail": "a b~"}


def test_while_a_secret_changes_links_of_both_lead_on() -> None:
    both = {"LINK_SECRET": f"a-new-secret-of-posters {SECRET}"}
    assert get(path_of(), secrets=both).location == TARGET
    assert get(path_of(key=b"a-new-secret-of-posters"), secrets=both).location == TARGET


@pytest.mark.parametrize("secrets", [{}, {"LINK_SECRET": "too short"}])
def test_without_its_secret_a_source_takes_no_links(secrets: dict[str, str]) -> None:
    assert (get(path_of(), secrets=secrets).answer.status, get(path_of(), secrets=secrets).reason) == (503, "account-not-ready")
    assert get(path_of(), source=replace(POSTERS, link_secret_env=""), secrets=SECRETS).reason == "unknown-link"


@pytest.mark.parametrize(
    "token", ["", "x", "a" * 40, urlsafe_b64encode(b"0" * 16 + b"[1]").decode(), urlsafe_b64encode(b"0" * 16 + b'["a"').decode()]
)
def test_what_is_no_link_is_unknown(token: str) -> None:
    assert (get(f"/l/{token}").answer.status, get(f"/l/{token}").reason) == (404, "unknown-link")
