"""A visitor goes on to another host by a signed parameter that holds for two minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from collectors.first_party.hand_over import LIVES_MS
from collectors.first_party.keys import HandOverKeys
from tests.unit.collectors.asking import KEY, NOW_MS
from tests.unit.collectors.first_party.asking import RULES, SECRET, browse, handed, viewed

ASK = f"/v1/hand-over?writeKey={KEY}"
COOKIE = "ebbtide_id=visitor-a-1"
BLOG = "https://blog.example/?ebbtide_id="


def test_a_page_asks_for_the_parameter_and_the_next_host_knows_the_visitor() -> None:
    asked = browse(ASK, cookie=COOKIE)
    assert asked.json == {"parameter": "ebbtide_id", "value": handed(), "expiresAt": NOW_MS + 120_000}
    assert b"cache-control: no-store" in asked.answer.head
    there = browse(body=viewed(BLOG + asked.json["value"], anonymousId="anon-b-1"))
    assert (there.ids, there.cookie) == (("anon-b-1", "visitor-a-1"), COOKIE)
    assert (asked.outcomes, there.outcomes) == (["issued"], ["taken"])


def test_what_the_next_host_knows_already_stays_and_the_two_are_joined() -> None:
    there = browse(body=viewed(BLOG + handed(), anonymousId="anon-b-1"), cookie="ebbtide_id=anon-b-1")
    assert (there.ids, there.cookie) == (("anon-b-1", "visitor-a-1"), "ebbtide_id=anon-b-1")
    nobody = browse(body=viewed(BLOG + handed()), cookie="ebbtide_id=anon-b-1")
    assert (nobody.ids, nobody.cookie) == (("anon-b-1", "visitor-a-1"), "ebbtide_id=anon-b-1")
    assert browse(body=viewed(BLOG + handed())).ids == ("visitor-a-1", None)
    assert browse(body=viewed(BLOG + handed(), anonymousId="visitor-a-1")).ids == ("visitor-a-1", None)


def test_all_events_of_the_request_are_the_visitors_and_it_counts_once() -> None:
    batch = {
        "writeKey": KEY,
        "batch": [{"type": "track", **viewed(page, anonymousId="anon-b-1")} for page in (BLOG + handed(), BLOG + handed(), BLOG)],
    }
    heard = browse("/v1/batch", batch)
    assert [event["ids"] for event in heard.events] == [{"anon": "visitor-a-1"}] * 3
    assert heard.outcomes == ["taken"]


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("/?ebbtide_id=X", "/"),
        ("/?ebbtide_id=X&utm_source=mail", "/?utm_source=mail"),
        ("/?a=1&ebbtide_id=X#top", "/?a=1#top"),
        ("/?a=1&ebbtide_id=X&b=2", "/?a=1&b=2"),
        ("/#ebbtide_id=X", "/"),
        ("/?ebbtide_id=X&ebbtide_id=X", "/"),
        ("/?my_ebbtide_id=X", "/?my_ebbtide_id=X"),
    ],
)
@pytest.mark.parametrize("rules", [RULES, replace(RULES, cookieless=True), replace(RULES, secret_env="")])
def test_the_parameter_is_not_stored(address: str, left: str, rules: object) -> None:
    call = viewed("https://blog.example" + address.replace("X", handed()), anonymousId="anon-b-1")
    call["properties"] = {"url": call["context"]["page"]["url"], "number": 1, "[Amplitude] Page Location": call["context"]["page"]["url"]}
    call["context"]["page"]["referrer"] = call["properties"]["url"]
    event = browse(body=call, rules=rules).event  # type: ignore[arg-type]
    left = "https://blog.example" + left.replace("X", handed())
    assert event["context"]["page"] == {"url": left, "referrer": left}
    assert event["properties"] == {"url": left, "number": 1, "[Amplitude] Page Location": left}


def test_a_referrer_hands_nobody_over() -> None:
    call = viewed(anonymousId="anon-b-1")
    call["context"]["page"]["referrer"] = BLOG + handed()
    assert browse(body=call).outcomes == []


def test_it_stands_in_a_pixels_own_fields_too() -> None:
    pixel = f"/v1/pixel/page?writeKey={KEY}&anonymousId=anon-b-1&ebbtide_id="
    assert browse(pixel + handed()).ids == ("anon-b-1", "visitor-a-1")
    assert browse(pixel + handed() + "&x=1" * 200).ids == ("anon-b-1", None)
    assert browse(pixel).outcomes == []


def test_after_two_minutes_it_hands_nobody_over() -> None:
    address = BLOG + handed()
    assert browse(body=viewed(address, anonymousId="anon-b-1"), now_ms=NOW_MS + LIVES_MS - 1).outcomes == ["taken"]
    heard = browse(body=viewed(address, anonymousId="anon-b-1"), now_ms=NOW_MS + LIVES_MS)
    assert (heard.outcomes, heard.ids, heard.cookie) == (["old"], ("anon-b-1", None), "ebbtide_id=anon-b-1")


def test_in_another_browser_it_hands_nobody_over() -> None:
    heard = browse(body=viewed(BLOG + handed(), anonymousId="anon-b-1"), headers={"user-agent": "another"})
    assert (heard.outcomes, heard.ids) == (["elsewhere"], ("anon-b-1", None))


def test_an_app_hands_its_visitor_over_to_any_page_that_it_shows() -> None:
    app = {"origin": "", "user-agent": "MicroMessenger"}
    asked = browse(f"{ASK}&anonymousId=mini-o-1", headers=app)
    assert asked.line == ""
    assert browse(body=viewed(BLOG + asked.json["value"], anonymousId="anon-b-1")).ids == ("anon-b-1", "mini-o-1")
    assert browse(ASK, headers=app).json["value"] == ""


def test_a_page_without_a_cookie_hands_over_whom_its_client_names_or_somebody_new() -> None:
    named, new = browse(f"{ASK}&anonymousId=anon-a-10"), browse(ASK)
    assert named.cookie == "ebbtide_id=anon-a-10"
    assert len(new.cookie) == len("ebbtide_id=") + 32
    there = browse(body=viewed(BLOG + new.json["value"], anonymousId="anon-b-1"))
    assert f"ebbtide_id={there.ids[1]}" == new.cookie


def test_the_cookie_goes_before_what_the_page_names() -> None:
    assert browse(f"{ASK}&anonymousId=anon-a-10", cookie=COOKIE).json["value"] == handed()


def test_nobody_is_handed_over_without_a_cookie_a_secret_or_a_key() -> None:
    for headers, rules in (({"sec-gpc": "1"}, RULES), ({}, replace(RULES, cookieless=True))):
        heard = browse(ASK, cookie=COOKIE, headers=headers, rules=rules)
        assert (heard.json["value"], heard.line, heard.outcomes) == ("", "", [])
        assert browse(body=viewed(BLOG + handed(), anonymousId="anon-b-1"), headers=headers, rules=rules).ids == ("anon-b-1", None)
    assert browse(ASK, rules=None).reason == "no-hand-over"
    assert browse(ASK, rules=replace(RULES, secret_env="")).reason == "no-hand-over"
    assert browse(ASK, secrets={"VISITORS": "too short"}).reason == "no-hand-over"
    assert browse("/v1/hand-over").reason == "no-write-key"
    assert browse(f"{ASK}x").reason == "unknown-write-key"
    assert browse(ASK + "&x=1" * 16).reason == "too-many-keys"


def test_what_is_no_parameter_of_ours_is_ignored_and_counted() -> None:
    own = handed()
    for text in ("x", "A" * 2_000, quote("ä"), own[:-1], own + "A", own.swapcase(), handed(secret="the-secret-of-another-shop")):
        heard = browse(body=viewed(BLOG + text, anonymousId="anon-b-1"), cookie="ebbtide_id=anon-b-1")
        assert (heard.outcomes, heard.ids, heard.cookie) == (["wrong"], ("anon-b-1", None), "ebbtide_id=anon-b-1")


def test_a_new_secret_signs_and_the_old_one_is_still_taken() -> None:
    both = {"VISITORS": f"a-new-secret-of-all-hosts {SECRET}"}
    assert browse(body=viewed(BLOG + handed()), secrets=both).outcomes == ["taken"]
    assert browse(ASK, cookie=COOKIE, secrets=both).json["value"] == handed(secret="a-new-secret-of-all-hosts")


def test_a_secret_is_read_again_after_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    times: Iterator[float] = iter([0.0, 59.0, 61.0, 61.0])
    secrets = {"A": "short"}
    keys = HandOverKeys(secrets, lambda: next(times))
    assert keys.of("A") == ()
    assert "no visitors are handed over: A holds a secret of 5 bytes" in caplog.text
    secrets["A"] = SECRET
    assert keys.of("A") == ()
    assert keys.of("A") == (SECRET.encode(),)
