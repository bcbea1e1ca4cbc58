"""What does this test do? It follows one visitor in a real Chromium: known again when the scripts' storage is gone, and on another host.

How? A page on two hosts below ``localhost``, which Chromium takes for two sites and for secure ones, and a collector under a host below
each of them. What a script stored is deleted between visits, as Safari does.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from schemas.definitions.model import FirstParty, Source
from stream.runtime.catalogue import collector as catalogue
from stream.stack import Stack
from stream.stack.ports import free_port
from tests.clients.running import KEY, node
from tests.integration.collectors.running import collector_on, digest

DAYS_400 = 400 * 86_400
HOSTS = ("c.shop.localhost", "c.blog.localhost")


def cookie(told: dict[str, Any], host: str) -> dict[str, Any]:
    (found,) = (each for each in told["cookies"] if each["domain"] == f".{host}.localhost")
    return dict(found)


@pytest.mark.timeout(120)
async def test_a_visitor_is_known_again_and_goes_on_to_another_host(stack: Stack, prefix: str) -> None:
    port = free_port()
    rules = FirstParty(HOSTS, domains=("shop.localhost", "blog.localhost"), secret_env="VISITORS")
    origins = tuple(f"http://{host}.localhost:{port}" for host in ("shop", "blog"))
    shop = Source("shop-web", "web", (digest(KEY),), origins, first_party=rules)
    async with (
        collector_on(stack.kafka, prefix, shop, secrets={"VISITORS": "a-secret-of-all-our-hosts"}) as collector,
        node("browser/hand_over.mjs", str(collector.addresses.port), str(port), KEY, behind=False) as program,
    ):
        told = program.said
        events = {event["properties"]["story"]: event for event in await collector.events()}
        outcomes = {
            outcome: collector.count(catalogue.HAND_OVERS, outcome=outcome) for outcome in ("issued", "taken", "elsewhere", "wrong")
        }

    assert {story: (event["anonymousId"], event.get("ids")) for story, event in events.items()} == {
        "first": ("anon-a-9", None),
        "again": ("anon-a-10", {"anon": "anon-a-9"}),
        "there": ("anon-b-1", {"anon": "anon-a-9"}),
        "later": ("anon-b-2", {"anon": "anon-a-9"}),
        "sent": ("anon-s-1", None),
        "cookieless": ("anon-p-1", None),
    }
    assert {each["status"] for each in told.values()} == {200}
    assert not any("ebbtide_id" in event["context"]["page"]["url"] for event in events.values())
    assert outcomes == {"issued": 1, "taken": 1, "elsewhere": 1, "wrong": 0}

    young, refreshed = cookie(told["first"], "shop"), cookie(told["again"], "shop")
    assert (young["value"], young["httpOnly"], young["secure"], young["sameSite"]) == ("anon-a-9", True, True, "Lax")
    assert DAYS_400 - 600 < young["expires"] - time.time() < DAYS_400 + 600
    assert refreshed["expires"] > young["expires"]
    assert cookie(told["there"], "blog")["value"] == cookie(told["later"], "blog")["value"] == "anon-a-9"
    assert cookie(told["sent"], "blog")["value"] == "anon-s-1"
    assert told["cookieless"]["cookies"] == []
    assert {each["seen"] for each in told.values()} == {""}
