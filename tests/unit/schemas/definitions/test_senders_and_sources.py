# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

from hashlib import sha256

import pytest

from schemas.definitions.model import Enrichment, FirstParty, Sender, Source
from schemas.definitions.source_model import SourceLimits
from schemas.definitions.written import written
from tests.unit.schemas.definitions.reading import faults, read

KEY = sha256(b"demo").hexdigest()
BASE = "id: s, url: 'https://a.example/x', secret_env: S"


def test_a_sender_with_all_its_fields() -> None:
    text = f"segments: [{{id: hot, when: {{all: []}}}}]\nsenders: [{{{BASE}, kind: webhook, segments: [hot, hot], directions: [enter], causes: [event, time], silent: true}}]"
    assert read(text).senders == (Sender("s", "https://a.example/x", "S", "webhook", ("hot",), ("enter",), ("event", "time"), True),)
    assert read(f"senders: [{{{BASE}}}]").senders == (Sender("s", "https://a.example/x", "S"),)


URL = "a URL with http or https and a host"
SENDER_KEYS = "id, kind, url, secret_env, segments, directions, causes, silent, needs"


@pytest.mark.parametrize(
    ("sender", "told"),
    [
        ("{id: s, url: 'ftp://a', secret_env: S}", f"url: found 'ftp://a', expected {URL}"),
        ("{id: s, url: 'https:///x', secret_env: S}", f"url: found 'https:///x', expected {URL}"),
        ("{id: s, url: 'http://[x', secret_env: S}", f"url: found 'http://[x', expected {URL}"),
        ("{id: s, url: 'http://a:99999', secret_env: S}", f"url: found 'http://a:99999', expected {URL}"),
        ("{id: s, url: 'http://a b', secret_env: S}", f"url: found 'http://a b', expected {URL}"),
        ("{id: s, url: 3, secret_env: S}", "url: found 3, expected a URL with http or https"),
        ("{id: s, url: 'http://u:hidden@a', secret_env: S}", "url: found a URL with a user or a password, expected a URL without user and password"),
        ("{id: s, url: 'http://a', secret_env: whsec_+x}", "secret_env: found another text, expected the name of an environment variable (the secret itself never stands in a definition)"),
        (f"{{{BASE}, kind: email}}", "kind: found 'email', expected one of webhook"),
        (f"{{{BASE}, directions: [entr]}}", "directions[0]: found 'entr', expected one of enter, leave; did you mean 'enter'?"),
        (f"{{{BASE}, causes: [times]}}", "causes[0]: found 'times', expected one of event, time, definition, merge, split, list, erasure; did you mean 'time'?"),
        (f"{{{BASE}, silent: no}}", "silent: found 'no', expected true or false"),
        (f"{{{BASE}, segments: [htt]}}", "segments[0]: found 'htt', expected the id of a segment; did you mean 'hot'?"),
        (f"{{{BASE}, segments: [3]}}", "segments[0]: found 3, expected the id of a segment"),
        (f"{{{BASE}, caps: []}}", f"caps: found 'caps', which is not supported by this version yet, expected one of {SENDER_KEYS}"),
        (f"{{{BASE}, quiet: []}}", f"quiet: found 'quiet', which is not supported by this version yet, expected one of {SENDER_KEYS}"),
    ],
)  # fmt: skip
def test_a_fault_of_a_sender_tells_its_place_and_no_secret(sender: str, told: str) -> None:
    found = faults(f"segments: [{{id: hot, when: {{all: []}}}}]\nsenders: [{sender}]")
    assert found == [f"a.yaml:2: senders.s.{told}"]
    assert "hidden" not in found[0]


def test_a_source_with_all_its_fields() -> None:
    text = f"sources: [{{id: shop-web, kind: web, write_keys: [{{sha256: '{KEY.upper()}'}}], origins: ['*', 'https://Shop.example:8443']}}]"
    assert read(text).sources == (Source("shop-web", "web", (KEY,), ("*", "https://shop.example:8443")),)
    assert read("sources: [{id: a, kind: server}]").sources == (Source("a", "server"),)


def test_an_account_names_its_secrets_and_holds_none() -> None:
    text = """
sources:
  - {id: brand, kind: official_account, app_id: wx123, token_env: WX_TOKEN, aes_key_env: WX_AES_KEY, plain: true}
  - {id: mini, kind: mini_program, app_id: wx456}
  - {id: posters, kind: links, link_secret_env: LINKS, targets: ["https://*.a.example:8443", "http://b.example"]}
  - {id: corp, kind: wecom, corp_id: ww1, token_env: WW_TOKEN, aes_key_env: WW_KEY}
"""
    assert read(text).sources == (
        Source("brand", "official_account", app_id="wx123", token_env="WX_TOKEN", aes_key_env="WX_AES_KEY", plain=True),
        Source("mini", "mini_program", app_id="wx456"),
        Source("posters", "links", link_secret_env="LINKS", targets=("https://*.a.example:8443", "http://b.example")),
        Source("corp", "wecom", corp_id="ww1", token_env="WW_TOKEN", aes_key_env="WW_KEY"),
    )


PLAIN = f'found a write key in plain text, expected the key\'s SHA-256: {{sha256: "{KEY}"}}'


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{id: s}", ": found no 'kind', expected the key 'kind': what kind of place it is, such as `web`"),
        ("{id: s, kind: web, write_keys: [demo]}", f".write_keys[0]: {PLAIN}"),
        ("{id: s, kind: web, write_keys: [{key: demo}]}", f".write_keys[0]: {PLAIN}"),
        ("{id: s, kind: web, write_keys: [{sha256: demo}]}", ".write_keys[0].sha256: found something else, expected a SHA-256: 64 hexadecimal digits"),
        ("{id: s, kind: web, write_keys: [{sha256: 1e999}]}", ".write_keys[0].sha256: found 1e999, expected a number that fits an IEEE double"),
        ("{id: s, kind: web, write_keys: [3]}", ".write_keys[0]: found 3, expected a map with the keys sha256"),
        ("{id: s, kind: web, origins: ['https://a.example/']}", ".origins[0]: found 'https://a.example/', expected an origin such as https://shop.example (without a path), or *"),
        ("{id: s, kind: web, origins: [3]}", ".origins[0]: found 3, expected an origin such as https://shop.example, or *"),
        ("{id: s, kind: web, paused: true}", ".paused: found 'paused', which is not supported by this version yet, expected one of id, kind, write_keys, origins, app_id, corp_id, token_env, aes_key_env, link_secret_env, targets, plain, enrich, schemas, limits, first_party"),
        ("{id: s, kind: links, targets: ['https://a.example']}", ": found 'targets', expected beside it 'link_secret_env'"),
        ("{id: s, kind: links, link_secret_env: L, targets: [3]}", ".targets[0]: found 3, expected an origin such as https://shop.example, or https://*.shop.example"),
        ("{id: s, kind: links, link_secret_env: L, targets: ['https://a.example/']}", ".targets[0]: found 'https://a.example/', expected an origin such as https://shop.example in small letters, without a path, or https://*.shop.example for all below it"),
        ("{id: s, kind: links, link_secret_env: L, targets: ['*']}", ".targets[0]: found '*', expected an origin such as https://shop.example in small letters, without a path, or https://*.shop.example for all below it"),
        ("{id: s, kind: official_account, app_id: wx/1, token_env: T}", ".app_id: found 'wx/1', expected an app id or corp id: at most 63 letters, digits, _ . or -"),
        ("{id: s, kind: official_account, app_id: 3, token_env: T}", ".app_id: found 3, expected an app id or corp id"),
        ("{id: s, kind: official_account, app_id: wx1, token_env: to-ken}", ".token_env: found another text, expected the name of an environment variable (the secret itself never stands in a definition)"),
        ("{id: s, kind: official_account, app_id: wx1}", ": found a source of kind official_account, expected beside it 'token_env'"),
        ("{id: s, kind: wecom, app_id: wx1}", ": found a source of kind wecom, expected beside it 'corp_id' and 'token_env' and 'aes_key_env'"),
        ("{id: s, kind: work, corp_id: ww1, token_env: T}", ": found 'corp_id' and 'token_env', expected beside it 'aes_key_env'"),
        ("{id: s, kind: mini_program, app_id: wx1, aes_key_env: K}", ": found 'app_id' and 'aes_key_env', expected beside it 'token_env'"),
        ("{id: s, kind: mini_program, app_id: wx1, token_env: T, plain: true}", ": found 'app_id' and 'token_env' and 'plain', expected beside it 'aes_key_env'"),
        ("{id: s, kind: web, token_env: T}", ": found 'token_env', expected beside it 'app_id' or 'corp_id'"),
        ("{id: s, kind: web, app_id: wx1, corp_id: ww1, token_env: T, aes_key_env: K}", ": found both 'app_id' and 'corp_id', expected one of them: an account is WeChat's or WeCom's"),
        ("{id: s, kind: wecom, corp_id: ww1, token_env: T, aes_key_env: K, plain: true}", ": found 'plain' beside 'corp_id', expected no 'plain': WeCom always encrypts"),
    ],
)  # fmt: skip
def test_a_fault_of_a_source_tells_its_place(source: str, told: str) -> None:
    assert faults(f"sources: [{source}]") == [f"a.yaml:1: sources.s{told}"]


def test_what_a_source_is_enriched_with_is_off_unless_said() -> None:
    steps = "user_agent: true, bots: true, campaign: true, region: true, truncate_ip: true"
    text = f"sources: [{{id: a, kind: web}}, {{id: b, kind: web, enrich: {{{steps}, scrub_urls: [Invite, invite]}}}}, {{id: c, kind: web, enrich: {{scrub_urls: true}}}}]"
    a, b, c = (source.enrich for source in read(text).sources)
    assert a == Enrichment()
    assert b == Enrichment(True, True, True, True, True, True, ("invite",))
    assert c == Enrichment(scrub_urls=True)
    assert [written(one) for one in (a, b, c)] == [
        {},
        {"user_agent": True, "bots": True, "campaign": True, "region": True, "truncate_ip": True, "scrub_urls": ["invite"]},
        {"scrub_urls": True},
    ]
    assert read("sources: [{id: a, kind: web, enrich: {scrub_urls: false}}]").sources[0].enrich == Enrichment()


@pytest.mark.parametrize(
    ("enrich", "told"),
    [
        ("{ips: true}", ".ips: found 'ips', expected one of user_agent, bots, campaign, region, truncate_ip, scrub_urls"),
        ("{bots: 1}", ".bots: found 1, expected true or false"),
        ("{scrub_urls: token}", ".scrub_urls: found 'token', expected true or false"),
        ("{scrub_urls: ['a b']}", ".scrub_urls[0]: found 'a b', expected the name of a parameter: at most 64 letters, digits, _ . - [ or ]"),
        ("{scrub_urls: [3]}", ".scrub_urls[0]: found 3, expected the name of a parameter"),
    ],
)  # fmt: skip
def test_a_fault_of_an_enrichment_tells_its_place(enrich: str, told: str) -> None:
    assert faults(f"sources: [{{id: s, kind: web, enrich: {enrich}}}]") == [f"a.yaml:1: sources.s.enrich{told}"]


def test_of_a_source_as_much_is_taken_as_comes_unless_said() -> None:
    said = "per_second: 1, per_key: 2, per_ip: 3, per_day: 1000000000000"
    a, b, c = (
        source.limits
        for source in read(
            f"sources: [{{id: a, kind: web}}, {{id: b, kind: web, limits: {{{said}}}}}, {{id: c, kind: web, limits: {{per_day: 5}}}}]"
        ).sources
    )
    assert (a, b, c) == (SourceLimits(), SourceLimits(1, 2, 3, 10**12), SourceLimits(per_day=5))
    assert [written(one) for one in (a, b, c)] == [{}, {"per_second": 1, "per_key": 2, "per_ip": 3, "per_day": 10**12}, {"per_day": 5}]


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("{hourly: 3}", ".hourly: found 'hourly', expected one of per_second, per_key, per_ip, per_day"),
        ("{per_key: 0}", ".per_key: found 0, expected a whole number from 1 to 1000000000000"),
        ("{per_day: 1e13}", ".per_day: found 10000000000000.0, expected a whole number from 1 to 1000000000000"),
        ("{per_ip: '5'}", ".per_ip: found '5', expected a whole number from 1 to 1000000000000"),
    ],
)  # fmt: skip
def test_a_fault_of_limits_tells_its_place(limits: str, told: str) -> None:
    assert faults(f"sources: [{{id: s, kind: web, limits: {limits}}}]") == [f"a.yaml:1: sources.s.limits{told}"]


def test_visitors_of_a_source_are_known_again_if_it_says_so() -> None:
    hosts = "hosts: [c.shop.example, shop.example]"
    text = f"""
sources:
  - {{id: a, kind: web}}
  - {{id: b, kind: web, first_party: {{{hosts}}}}}
  - {{id: c, kind: web, first_party: {{{hosts}, same_site: none, http_only: false, domains: [shop.example], cookieless: true, secret_env: S}}}}
"""
    a, b, c = (source.first_party for source in read(text).sources)
    both = ("c.shop.example", "shop.example")
    assert (a, b) == (None, FirstParty(both))
    assert c == FirstParty(both, "none", http_only=False, domains=("shop.example",), cookieless=True, secret_env="S")
    assert written(b) == {"hosts": list(both)}
    rest = {"domains": ["shop.example"], "cookieless": True, "secret_env": "S"}
    assert written(c) == {"hosts": list(both), "same_site": "none", "http_only": False, **rest}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("{}", ": found no 'hosts', expected the key 'hosts': the hosts under which browsers reach the collector, such as `c.shop.example`"),
        ("{hosts: []}", ".hosts: found an empty list, expected at least one host"),
        ("{hosts: c.example}", ".hosts: found 'c.example', expected a list of hosts"),
        ("{hosts: ['https://c.example']}", ".hosts[0]: found 'https://c.example', expected a host such as c.shop.example, in small letters, without a scheme or port"),
        ("{hosts: [3]}", ".hosts[0]: found 3, expected a host such as c.shop.example"),
        ("{hosts: [c.example], same_site: no}", ".same_site: found 'no', expected one of lax, strict, none; did you mean 'none'?"),
        ("{hosts: [c.example], domains: [example]}", ".domains[0]: found 'example', expected a domain such as shop.example that one of the hosts is, or is below"),
        ("{hosts: [c.example], domains: [a.example]}", ".domains[0]: found 'a.example', expected a domain such as shop.example that one of the hosts is, or is below"),
        ("{hosts: [c.example], secret_env: a-b}", ".secret_env: found another text, expected the name of an environment variable (the secret itself never stands in a definition)"),
    ],
)  # fmt: skip
def test_a_fault_of_a_first_party_id_tells_its_place(rules: str, told: str) -> None:
    assert faults(f"sources: [{{id: s, kind: web, first_party: {rules}}}]") == [f"a.yaml:1: sources.s.first_party{told}"]


def test_whoever_may_act_for_visitors_is_listed() -> None:
    told = "found '*' beside 'first_party', expected origins that are listed: whoever may call may act for its visitors"
    assert faults("sources: [{id: s, kind: web, origins: ['*'], first_party: {hosts: [c.example]}}]") == [f"a.yaml:1: sources.s: {told}"]


def test_two_sources_do_not_share_a_write_key() -> None:
    text = f"sources:\n  - {{id: a, kind: web, write_keys: [{{sha256: '{KEY}'}}]}}\n  - {{id: b, kind: web, write_keys: [{{sha256: '{KEY}'}}]}}\n"
    assert faults(text) == [
        "a.yaml:3: sources.b.write_keys[0]: found the write key of sources.a.write_keys[0], expected a write key of its own for each source"
    ]
