"""A visitor is known again by a cookie that the collector sets; what the client says stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.first_party.cookie import as_visitor, cookie_line, cookie_of
from collectors.http import Request
from schemas.definitions.model import FirstParty
from tests.unit.collectors.asking import KEY
from tests.unit.collectors.first_party.asking import RULES, browse, viewed

LATER = "ebbtide_id=anon-a-9"
SNOWPLOW = {"schema": "x", "data": [{"e": "pv", "p": "web", "aid": KEY, "url": "https://shop.example/"}]}
PLAUSIBLE = {"n": "pageview", "u": "https://shop.example/", "d": "shop.example"}


def test_the_cookie_holds_the_clients_own_id_for_400_days() -> None:
    heard = browse(body=viewed(anonymousId="anon-a-9"))
    assert heard.line == (
        "set-cookie: ebbtide_id=anon-a-9; Path=/; Max-Age=34560000; SameSite=Lax; Secure; Domain=shop.example; HttpOnly\r\n"
    )
    assert heard.ids == ("anon-a-9", None)


def test_each_visit_makes_the_cookie_young_again() -> None:
    heard = browse(body=viewed(anonymousId="anon-a-9"), cookie=LATER)
    assert (heard.cookie, heard.ids) == (LATER, ("anon-a-9", None))


def test_a_client_that_has_forgotten_its_id_is_the_visitor_that_it_was() -> None:
    heard = browse(body=viewed(anonymousId="anon-a-10"), cookie=f"theme=dark; {LATER}; x=1")
    assert (heard.cookie, heard.ids) == (LATER, ("anon-a-10", "anon-a-9"))


def test_a_login_keeps_its_own_ids_and_the_cookies_comes_beside_them() -> None:
    heard = browse(body=viewed(userId="u1", anonymousId="anon-a-10"), cookie=LATER)
    assert (heard.people, heard.ids) == (["user:u1"], ("anon-a-10", "anon-a-9"))
    assert browse(body=viewed(userId="u1"), cookie=LATER).ids == ("anon-a-9", None)


def test_ids_that_the_client_gives_are_not_changed() -> None:
    heard = browse(body=viewed(anonymousId="anon-a-10", ids={"anon": "its own", "crm": "7"}), cookie=LATER)
    assert heard.event["ids"] == {"anon": "its own", "crm": "7"}
    assert browse(body=viewed(anonymousId="anon-a-10", ids={"crm": "7"}), cookie=LATER).event["ids"] == {"crm": "7", "anon": "anon-a-9"}
    assert "ids" not in browse(body=viewed(anonymousId="anon-a-10", ids=[1]), cookie=LATER).event
    assert browse(body=viewed(anonymousId=5), cookie=LATER).ids == ("5", "anon-a-9")


def test_a_repeat_with_a_cookie_has_the_id_of_the_first_attempt_without_one() -> None:
    call = {key: value for key, value in viewed(anonymousId="anon-a-10", timestamp="2025-11-24T15:00:00Z").items() if key != "messageId"}
    assert browse(body=call).event["id"] == browse(body=call, cookie=LATER).event["id"]


def test_who_brings_no_id_gets_one_that_counts_once_it_comes_back() -> None:
    first, other = browse("/api/event", PLAUSIBLE), browse("/api/event", PLAUSIBLE)
    assert first.cookie != other.cookie
    assert first.people == other.people
    again = browse("/api/event", PLAUSIBLE, cookie=first.cookie)
    assert again.people == [f"anon:{first.cookie.removeprefix('ebbtide_id=')}"]
    assert again.cookie == first.cookie


def test_all_events_of_a_batch_are_of_one_visitor() -> None:
    batch = {"writeKey": KEY, "batch": [{"type": "track", **viewed(anonymousId=one)} for one in ("anon-a-10", "anon-a-11")]}
    heard = browse("/v1/batch", batch, cookie=LATER)
    assert [event["ids"] for event in heard.events] == [{"anon": "anon-a-9"}] * 2
    assert browse("/v1/batch", batch).cookie == "ebbtide_id=anon-a-10"


@pytest.mark.parametrize(
    "heard",
    [
        browse(body=viewed(anonymousId="anon-a-10"), cookie=LATER, rules=None),
        browse(body=viewed(anonymousId="anon-a-10"), cookie=LATER, rules=replace(RULES, cookieless=True)),
        browse(body=viewed(anonymousId="anon-a-10"), cookie=LATER, headers={"sec-gpc": "1"}),
        browse("/v1/track?cookieless=1", viewed(anonymousId="anon-a-10"), cookie=LATER),
        browse("/com.snowplowanalytics.snowplow/tp2", SNOWPLOW, cookie=LATER, headers={"sp-anonymous": "*"}),
        browse(body=viewed(anonymousId="anon-a-10"), cookie=LATER, headers={"host": "collector.internal"}),
        browse(body=viewed(anonymousId="anon-a-10"), cookie=LATER, headers={"origin": ""}),
        browse(body=viewed(anonymousId="anon-a-10"), cookie=LATER, headers={"host": ""}),
    ],
    ids=["no first party", "cookieless", "privacy control", "asked by the page", "anonymous", "another host", "a server", "no host"],
)
def test_no_cookie_is_set_or_read(heard: object) -> None:
    assert heard.line == ""  # type: ignore[attr-defined]
    assert "anon-a-9" not in str(heard.events)  # type: ignore[attr-defined]


def test_posthogs_cookieless_visitors_stay_unknown() -> None:
    event = {"api_key": KEY, "event": "seen", "properties": {"distinct_id": "$posthog_cookieless", "$cookieless_mode": True}}
    heard = browse("/e/", event, cookie=LATER)
    assert heard.line == ""
    assert "anon-a-9" not in str(heard.events)


def test_an_image_and_a_navigation_are_of_a_browser_too() -> None:
    for headers in ({"origin": "", "referer": "https://shop.example/"}, {"origin": "", "sec-fetch-site": "none"}):
        heard = browse(f"/v1/pixel/page?writeKey={KEY}&anonymousId=anon-a-10", cookie=LATER, headers=headers)
        assert heard.ids == ("anon-a-10", "anon-a-9")


@pytest.mark.parametrize("own", ["undefined", "00000000-0000-0000-0000-000000000000", "a-9", "x" * 300, "anon-a-9\n", " anon-a-9"])
def test_what_names_nobody_is_kept_in_no_cookie(own: str) -> None:
    heard = browse(body=viewed(anonymousId=own))
    assert len(heard.cookie) == len("ebbtide_id=") + 32
    assert heard.ids == (own, None)


NO_COOKIES = ("", "ebbtide_id=", "xebbtide_id=anon-a-9", "ebbtide_id=%ff%ff%ff%ff1", "ebbtide_id=a b c d 1 2 3", "ebbtide_id=null")


@pytest.mark.parametrize("cookie", NO_COOKIES)
def test_a_cookie_that_is_none_is_set_anew(cookie: str) -> None:
    assert browse(body=viewed(anonymousId="anon-a-10"), cookie=cookie).cookie == "ebbtide_id=anon-a-10"


@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=40).map("visitor-1{}".format))
def test_a_cookie_comes_back_as_it_was_set(visitor: str) -> None:
    assert as_visitor(visitor)
    line = cookie_line(visitor, RULES, "c.shop.example")
    assert line.isascii()
    assert line.count(b"\r\n") == 1
    cookie = line.removeprefix(b"set-cookie: ").partition(b";")[0]
    request = Request(b"GET", b"/", {b"cookie": b"a=b; " + cookie}, "203.0.113.9", None)  # type: ignore[arg-type]
    assert cookie_of(request) == visitor


def test_the_cookies_reach_is_what_the_source_says() -> None:
    line = cookie_line("anon-a-9", FirstParty(("c.shop.example",), "none", http_only=False), "c.shop.example")
    assert line == b"set-cookie: ebbtide_id=anon-a-9; Path=/; Max-Age=34560000; SameSite=None; Secure\r\n"
    assert b"Domain" not in cookie_line("anon-a-9", RULES, "c.other.example")
