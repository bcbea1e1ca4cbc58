"""First-party ids by a real collector: the cookie that it sets, and one visitor on two hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from schemas.definitions.model import FirstParty, Source
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from tests.integration.collectors.running import KEY, Running, collector_on, digest

ORIGIN = {"Origin": "https://shop.example"}
SHOP = Source(
    *("shop-web", "web", (digest(KEY), digest("shop.example")), ("https://shop.example", "https://blog.example")),
    first_party=FirstParty(("c.shop.example", "c.blog.example"), secret_env="VISITORS"),
)


@pytest.fixture
async def shop(stack: Stack, prefix: str) -> AsyncIterator[Running]:
    async with collector_on(stack.kafka, prefix, SHOP, secrets={"VISITORS": "a-secret-of-all-our-hosts"}) as running:
        yield running


async def track(
    http: aiohttp.ClientSession,
    shop: Running,
    anonymous: str | None,
    cookie: str = "",
    *,
    page: str = "https://shop.example/",
    host: str = "shop",
) -> aiohttp.ClientResponse:
    call: dict[str, Any] = {"writeKey": KEY, "event": "viewed", "anonymousId": anonymous, "context": {"page": {"url": page}}}
    headers = {"Origin": f"https://{host}.example", "Host": f"c.{host}.example", **({"Cookie": cookie} if cookie else {})}
    async with http.post(f"{shop.url}/v1/track", json=call, headers=headers) as answer:
        await answer.read()
        assert answer.status == 200
        return answer


@pytest.fixture
async def jarless() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def test_a_visitor_whose_script_cookies_are_gone_is_known_by_the_servers(shop: Running, jarless: aiohttp.ClientSession) -> None:
    first = await track(jarless, shop, "anon-a-9")
    cookie = first.cookies["ebbtide_id"]
    assert (cookie.value, cookie["max-age"], cookie["samesite"], cookie["secure"], cookie["httponly"]) == (
        *("anon-a-9", "34560000", "Lax", True, True),
    )
    await track(jarless, shop, "anon-a-10", f"ebbtide_id={cookie.value}")
    events = await shop.events()
    assert {event["anonymousId"]: event.get("ids") for event in events} == {"anon-a-9": None, "anon-a-10": {"anon": "anon-a-9"}}


async def test_a_visitor_goes_on_to_another_host(shop: Running, jarless: aiohttp.ClientSession) -> None:
    headers = {**ORIGIN, "Host": "c.shop.example", "Cookie": "ebbtide_id=anon-a-9"}
    async with jarless.get(f"{shop.url}/v1/hand-over?writeKey={KEY}", headers=headers) as answer:
        told = await answer.json()
        assert answer.cookies["ebbtide_id"].value == "anon-a-9"
    page = f"https://blog.example/?{told['parameter']}={told['value']}"
    there = await track(jarless, shop, "anon-b-1", page=page, host="blog")
    assert there.cookies["ebbtide_id"].value == "anon-a-9"
    (event,) = await shop.events()
    assert (event["ids"], event["context"]["page"]["url"]) == ({"anon": "anon-a-9"}, "https://blog.example/")
    assert [shop.count(catalogue.HAND_OVERS, outcome=outcome) for outcome in ("issued", "taken")] == [1, 1]


async def test_a_refused_request_and_a_preflight_set_no_cookie(shop: Running, jarless: aiohttp.ClientSession) -> None:
    for method, body in (("POST", {"writeKey": KEY, "event": "", "anonymousId": "anon-a-9"}), ("OPTIONS", None)):
        headers = {**ORIGIN, "Host": "c.shop.example"}
        async with jarless.request(method, f"{shop.url}/v1/track", json=body, headers=headers) as answer:
            assert "Set-Cookie" not in answer.headers


async def test_clients_that_bring_no_id_are_one_visitor_from_the_second_request_on(shop: Running, jarless: aiohttp.ClientSession) -> None:
    cookie = ""
    for _ in range(3):
        headers = {**ORIGIN, "Host": "c.shop.example", "Cookie": cookie}
        said = {"n": "pageview", "u": "https://shop.example/", "d": "shop.example"}
        async with jarless.post(f"{shop.url}/api/event", json=said, headers=headers) as answer:
            cookie = f"ebbtide_id={answer.cookies['ebbtide_id'].value}"
    first, *later = [event["anonymousId"] for event in sorted(await shop.events(), key=lambda event: event["receivedAt"])]
    assert set(later) == {cookie.removeprefix("ebbtide_id=")}
    assert first not in later
