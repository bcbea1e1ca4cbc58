"""Who is handed over is said by a signature: no altered, forged or borrowed parameter brings anybody along."""

from __future__ import annotations

import random
import string

import aiohttp

from collectors.first_party.hand_over import LIVES_MS, hand_over_text, read_hand_over
from collectors.links.signing import Link, link_token
from schemas.definitions.model import FirstParty, Source
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import KEY, collector_on, digest

NOW_MS = 1_764_000_000_000
KEYS = (b"a-secret-of-all-our-hosts",)
AGENT = "Mozilla/5.0 (X11) Firefox/140"
OWN = hand_over_text("visitor-a-1", AGENT, NOW_MS, KEYS[0])
ALPHABET = string.ascii_letters + string.digits + "-_=+/ %.\x00é"
ALTERED = 10_000


def altered(draw: random.Random) -> str:
    """One character is another, or one is gone, one more, two have changed places, or the end is another's."""
    at = draw.randrange(len(OWN))
    other = hand_over_text("visitor-b-2", AGENT, NOW_MS + draw.randrange(1_000_000), KEYS[0])
    return draw.choice(
        [
            OWN[:at] + draw.choice(ALPHABET) + OWN[at + 1 :],
            OWN[:at] + OWN[at + 1 :],
            OWN[:at] + draw.choice(ALPHABET) + OWN[at:],
            OWN[:at] + OWN[at : at + 2][::-1] + OWN[at + 2 :],
            OWN[:22] + other[22:],
            other[:21] + OWN[21:],
            OWN[: at + 1] + OWN,
        ]
    )


def test_ten_thousand_altered_parameters_hand_nobody_over() -> None:
    draw = random.Random(20_261_126)
    tried = 0
    while tried < ALTERED:
        text = altered(draw)
        if text != OWN:
            tried += 1
            assert read_hand_over(text, AGENT, NOW_MS, KEYS) == ("", "wrong"), text
    assert read_hand_over(OWN, AGENT, NOW_MS, KEYS) == ("visitor-a-1", "taken")


def test_what_is_signed_for_another_end_hands_nobody_over() -> None:
    link = link_token(Link("posters", "https://shop.example/"), KEYS[0])
    assert read_hand_over(link, AGENT, NOW_MS, KEYS) == ("", "wrong")
    assert read_hand_over(OWN, AGENT, NOW_MS, (b"a-secret-of-another-shop",)) == ("", "wrong")
    assert read_hand_over(OWN, AGENT, NOW_MS, ()) == ("", "wrong")


def test_its_time_is_a_part_of_what_is_signed() -> None:
    for later_ms in (LIVES_MS, LIVES_MS + 1, 86_400_000):
        assert read_hand_over(OWN, AGENT, NOW_MS + later_ms, KEYS) == ("", "old")


async def test_a_collector_counts_what_is_forged_and_sets_no_cookie_by_it(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    rules = FirstParty(("127.0.0.1",), secret_env="VISITORS")
    shop = Source("shop-web", "web", (digest(KEY),), ("https://shop.example",), first_party=rules)
    secrets = {"VISITORS": KEYS[0].decode()}
    async with collector_on(stack.kafka, prefix, shop, secrets=secrets) as collector:
        draw = random.Random(3)
        for number in range(1, 21):
            page = {"url": f"https://shop.example/?ebbtide_id={altered(draw).encode().hex()}"}
            call = {"writeKey": KEY, "event": "seen", "anonymousId": f"anon-b-{number}", "context": {"page": page}}
            async with http.post(f"{collector.url}/v1/track", json=call, headers={"Origin": "https://shop.example"}) as answer:
                assert (answer.status, answer.cookies["ebbtide_id"].value) == (200, f"anon-b-{number}")
            http.cookie_jar.clear()
        assert collector.count(catalogue.HAND_OVERS, outcome="wrong") == 20
        assert all("ids" not in event and event["context"]["page"]["url"] == "https://shop.example/" for event in await collector.events())


async def test_the_parameter_is_told_to_pages_of_the_source_alone(stack: Stack, prefix: str, http: aiohttp.ClientSession) -> None:
    rules = FirstParty(("127.0.0.1",), "none", secret_env="VISITORS")
    shop = Source("shop-web", "web", (digest(KEY),), ("https://shop.example",), first_party=rules)
    async with collector_on(stack.kafka, prefix, shop, secrets={"VISITORS": KEYS[0].decode()}) as collector:
        ask = f"{collector.url}/v1/hand-over?writeKey={KEY}"
        async with http.get(ask, headers={"Origin": "https://evil.example", "Cookie": "ebbtide_id=visitor-a-1"}) as answer:
            assert (answer.status, "ebbtide_id" in answer.cookies) == (403, False)
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "value" not in await answer.json()
        async with http.get(ask, headers={"Origin": "https://shop.example", "Cookie": "ebbtide_id=visitor-a-1"}) as answer:
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
            assert (await answer.json())["value"]
