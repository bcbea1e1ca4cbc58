# ruff: noqa: E501 - a table of faults is read by its rows
from __future__ import annotations

from hashlib import sha256

import pytest

from schemas.definitions.model import Sender, Source
from tests.unit.schemas.definitions.reading import faults, read

KEY = sha256(b"demo").hexdigest()
BASE = "id: s, url: 'https://a.example/x', secret_env: S"


def test_a_sender_with_all_its_fields() -> None:
    text = f"segments: [{{id: hot, when: {{all: []}}}}]\nsenders: [{{{BASE}, kind: webhook, segments: [hot, hot], directions: [enter], causes: [event, time], silent: true}}]"
    assert read(text).senders == (Sender("s", "https://a.example/x", "S", "webhook", ("hot",), ("enter",), ("event", "time"), True),)
    assert read(f"senders: [{{{BASE}}}]").senders == (Sender("s", "https://a.example/x", "S"),)


URL = "a URL with http or https and a host"
SENDER_KEYS = "id, kind, url, secret_env, segments, directions, causes, silent"


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
        ("{id: s, kind: web, app_id: wx1}", ".app_id: found 'app_id', which is not supported by this version yet, expected one of id, kind, write_keys, origins"),
    ],
)  # fmt: skip
def test_a_fault_of_a_source_tells_its_place(source: str, told: str) -> None:
    assert faults(f"sources: [{source}]") == [f"a.yaml:1: sources.s{told}"]


def test_two_sources_do_not_share_a_write_key() -> None:
    text = f"sources:\n  - {{id: a, kind: web, write_keys: [{{sha256: '{KEY}'}}]}}\n  - {{id: b, kind: web, write_keys: [{{sha256: '{KEY}'}}]}}\n"
    assert faults(text) == [
        "a.yaml:3: sources.b.write_keys[0]: found the write key of sources.a.write_keys[0], expected a write key of its own for each source"
    ]
