"""Write keys: hashed at rest, withdrawn at once, never remembered when wrong, and never in an answer or a dead letter."""

from __future__ import annotations

import aiohttp

from collectors.sources import SourceTable, StaticSources, WriteKeys
from schemas.definitions.model import Source
from tests.integration.collectors.running import BASIC, KEY, Running, digest


def test_a_key_is_found_by_its_hash_alone() -> None:
    keys = WriteKeys(StaticSources(Source("a", "web", (digest("right"),))))
    assert keys.find("right") is not None
    assert keys.find(digest("right")) is None
    assert keys.find("") is None
    assert keys.find("\ud800") is None


def test_guesses_push_out_nothing_and_are_not_remembered() -> None:
    keys = WriteKeys(StaticSources(Source("a", "web", (digest("right"),))))
    keys.find("right")
    for number in range(10_000):
        assert keys.find(f"guess-{number}") is None
    assert set(keys._found) == {"right"}


def test_a_withdrawn_key_is_unknown_from_then_on() -> None:
    directory = StaticSources(Source("a", "web", (digest("right"),)))
    keys = WriteKeys(directory)
    assert keys.find("right") is not None
    directory.table = SourceTable(version=2)
    assert keys.find("right") is None


async def test_nothing_that_strangers_send_is_stored(collector: Running, http: aiohttp.ClientSession) -> None:
    for path, body in (
        ("track", b"{broken"),
        ("track", b'{"writeKey":"guess"}'),
        ("batch", b'{"batch":[17],"writeKey":"guess"}'),
        ("track", b""),
    ):
        async with http.post(f"{collector.url}/v1/{path}", data=body) as answer:
            assert answer.status in {400, 401}
    assert not await collector.dead_letters()
    assert not await collector.events()


async def test_no_header_of_a_dead_letter_tells_who_sent_it(collector: Running, http: aiohttp.ClientSession) -> None:
    body = b'{"userId":"canary-person","event":"","timestamp":"canary-time","context":{"ip":"203.0.113.9"}}'
    async with http.post(f"{collector.url}/v1/track", data=body, headers=BASIC) as answer:
        said = await answer.text()
    (letter,) = await collector.dead_letters()
    for text in (said, str(letter.headers)):
        assert not any(secret in text for secret in ("canary", "203.0.113.9", KEY))
