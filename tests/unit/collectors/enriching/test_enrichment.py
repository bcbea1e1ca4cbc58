"""What is added to events, and what is taken from them, and that nothing else is changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.enriching.enrichment import Enriching
from collectors.normalise import Arrival, normalise
from schemas.definitions.model import Enrichment, Source

NOW_MS: Final = 1_764_000_000_000
CHROME: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
GOOGLEBOT: Final = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PAGE: Final = "https://shop.example/p/12?utm_source=mail&token=abc"
ALL: Final = Enrichment(True, True, True, True, True, True)
STEPS: Final = (
    *(Enrichment(user_agent=True), Enrichment(bots=True), Enrichment(campaign=True)),
    *(Enrichment(region=True), Enrichment(truncate_ip=True), Enrichment(scrub_urls=True)),
)


class Known:
    """Regions of a few addresses."""

    def of(self, address: str) -> dict[str, str]:
        return {"203.0.113.9": {"country": "AU", "city": "Brisbane"}, "198.51.100.0": {"country": "FR"}}.get(address, {})


SHARED: Final = Enriching(Known())


def enriched(asked: Enrichment, context: dict[str, Any], properties: dict[str, Any] | None = None, hidden_ip: str = "") -> dict[str, Any]:
    """The event's context, and its properties under their name."""
    enrich = SHARED.of_sources([Source("s", "web", enrich=asked)]).get("s")
    call = {"userId": "u1", "event": "viewed", "context": context, "properties": properties or {}}
    event = orjson.loads(normalise(call, "track", None, Arrival(NOW_MS, "s", "segment", enrich=enrich, hidden_ip=hidden_ip))[1])
    return {**event["context"], "properties": event["properties"]}


def test_a_source_that_asks_for_nothing_costs_nothing() -> None:
    assert SHARED.of_sources([Source("a", "web"), Source("b", "web", enrich=Enrichment(bots=True))]).keys() == {"b"}


def test_browser_system_and_device() -> None:
    found = enriched(Enrichment(user_agent=True), {"userAgent": CHROME})
    assert found["userAgentParsed"] == {"browser": "Chrome", "browserVersion": "120.0", "os": "Windows", "osVersion": "10"}
    assert found["userAgent"] == CHROME
    assert "bot" not in found


def test_a_robots_event_is_labelled_and_kept() -> None:
    assert enriched(Enrichment(bots=True), {"userAgent": GOOGLEBOT})["bot"] is True
    assert "bot" not in enriched(Enrichment(bots=True), {"userAgent": CHROME})
    assert enriched(Enrichment(bots=True), {"userAgent": GOOGLEBOT, "bot": False})["bot"] is False


def test_campaign_and_referrer_of_the_page() -> None:
    page = {"url": PAGE, "referrer": "https://www.google.com/"}
    found = enriched(Enrichment(campaign=True), {"page": page})
    assert found["campaign"] == {"source": "mail"}
    assert found["referrer"] == {"type": "search", "name": "Google", "host": "google.com"}
    same = enriched(Enrichment(campaign=True), {}, page)
    assert (same["campaign"], same["referrer"]) == (found["campaign"], found["referrer"])


def test_what_the_client_says_of_its_campaign_stands() -> None:
    asked, page = Enrichment(campaign=True), {"url": f"{PAGE}&gclid=7", "referrer": "https://bing.com/"}
    said = {"page": page, "campaign": {"source": "own", "name": "n"}, "referrer": "mine"}
    found = enriched(asked, said)
    assert found["campaign"] == {"source": "own", "name": "n", "gclid": "7"}
    assert found["referrer"] == "mine"
    assert enriched(asked, {"page": page, "campaign": "text"})["campaign"] == "text"


def test_the_region_of_the_address() -> None:
    asked = Enrichment(region=True)
    assert enriched(asked, {"ip": "203.0.113.9"})["location"] == {"country": "AU", "city": "Brisbane"}
    assert "location" not in enriched(asked, {"ip": "192.0.2.1"})
    assert "location" not in enriched(asked, {})
    assert enriched(asked, {"ip": "203.0.113.9", "location": {"city": "own"}})["location"] == {"city": "own"}


def test_an_address_that_is_not_stored_may_be_looked_up() -> None:
    found = enriched(Enrichment(region=True), {}, hidden_ip="203.0.113.9")
    assert found["location"]["country"] == "AU"
    assert "ip" not in found
    assert enriched(Enrichment(region=True), {"ip": "unknown"}, hidden_ip="203.0.113.9")["location"]["country"] == "AU"


def test_the_region_is_looked_up_before_the_address_is_truncated() -> None:
    found = enriched(Enrichment(region=True, truncate_ip=True), {"ip": "203.0.113.9"})
    assert (found["ip"], found["location"]["country"]) == ("203.0.113.0", "AU")
    assert enriched(Enrichment(region=True, truncate_ip=True), {"ip": "198.51.100.7"})["location"] == {"country": "FR"}


@pytest.mark.parametrize("address", ["unknown", 7, None, ["203.0.113.9"], ""])
def test_what_stands_for_an_address_and_is_none_goes(address: object) -> None:
    assert "ip" not in enriched(Enrichment(truncate_ip=True), {"ip": address})


def test_nothing_is_worked_out_of_what_was_scrubbed() -> None:
    url = "https://shop.example/?utm_source=ann@b.example&utm_campaign=c&password=1"
    found = enriched(ALL, {"page": {"url": url}}, {"url": url})
    clean = "https://shop.example/?utm_source=redacted&utm_campaign=c&password=redacted"
    assert (found["page"]["url"], found["properties"]["url"]) == (clean, clean)
    assert found["campaign"] == {"source": "redacted", "name": "c"}


def test_what_is_changed_in_one_event_is_not_changed_in_the_next() -> None:
    context: dict[str, Any] = {"userAgent": CHROME, "ip": "203.0.113.9", "page": {"url": PAGE, "referrer": "https://bing.com/"}}
    enrich = SHARED.of_sources([Source("s", "web", enrich=ALL)])["s"]
    first, second = ({"context": deepcopy(context), "properties": {}} for _ in range(2))
    enrich(first, "")
    for name in ("userAgentParsed", "location", "campaign", "referrer"):
        first["context"][name].clear()
    enrich(second, "")
    assert all(second["context"][name] for name in ("userAgentParsed", "location", "campaign", "referrer"))


scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=20)
urls = st.sampled_from([PAGE, "https://a@b.example/?email=x&utm_term=a@b.c#sid=1", "/x?gclid=1", "?a=b", "https://t.co/", "http://["])
words = st.sampled_from([CHROME, GOOGLEBOT, "203.0.113.9", "198.51.100.7", "2001:db8::1", "::ffff:1.2.3.4"])
values = st.recursive(
    scalars | urls | words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
pages = st.fixed_dictionaries({}, optional={"url": values, "referrer": values, "search": values})
contexts = st.fixed_dictionaries(
    {},
    optional={
        "page": pages | values,
        "ip": values | words,
        "userAgent": values | words,
        "campaign": values,
        "referrer": values,
        "location": values,
        "bot": values,
        "userAgentParsed": values,
        "locale": values,
    },
)
enrichments = st.builds(Enrichment, *([st.booleans()] * 6), st.lists(st.sampled_from(["a", "url"]), max_size=1).map(tuple))
MADE: Final = {"user_agent": {"userAgentParsed"}, "bots": {"bot"}, "campaign": {"campaign", "referrer"}, "region": {"location"}}


@given(enrichments, contexts, pages | st.dictionaries(st.text(max_size=5), values, max_size=3), words)
def test_whatever_comes_nothing_is_raised_and_a_second_time_nothing_changes(
    asked: Enrichment, context: dict[str, Any], properties: dict[str, Any], hidden: str
) -> None:
    once = enriched(asked, context, properties, hidden)
    own = once.pop("properties")
    again = enriched(asked, deepcopy(once), deepcopy(own), hidden)
    assert again == {**once, "properties": own}


@given(st.sampled_from(STEPS), contexts, pages | st.dictionaries(st.text(max_size=5), values, max_size=3))
def test_a_step_changes_what_it_is_told_to_change(asked: Enrichment, context: dict[str, Any], properties: dict[str, Any]) -> None:
    before = deepcopy(context)
    found = enriched(asked, context, deepcopy(properties))
    if asked.scrub_urls:
        assert found.keys() == before.keys() | {"properties"}
        return
    assert found.pop("properties") == properties
    made = set().union(*(names for step, names in MADE.items() if getattr(asked, step)))
    for name in found.keys() | before.keys():
        if name == "ip" and asked.truncate_ip:
            continue
        if name == "campaign" and asked.campaign and type(before.get(name)) is dict:
            assert before[name].items() <= found[name].items()
        elif name in before:
            assert found[name] == before[name]
        else:
            assert name in made
