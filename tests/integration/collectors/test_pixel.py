"""The pixel against a real broker."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import urlencode

import aiohttp
import orjson
import pytest

from tests.integration.collectors.running import KEY, Running

IMAGE_BYTES = 43


async def fetch(http: aiohttp.ClientSession, url: str) -> bytes:
    async with http.get(url) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "image/gif"
        assert "no-store" in answer.headers["Cache-Control"]
        body = await answer.read()
        assert len(body) == IMAGE_BYTES
        assert body.startswith(b"GIF89a")
        return body


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padded", [True, False])
async def test_data_is_base64_of_either_alphabet_with_or_without_padding(
    collector: Running, http: aiohttp.ClientSession, encode: type, padded: bool
) -> None:
    call = {"writeKey": KEY, "userId": "u?>~1", "event": "opened", "messageId": "p-1", "properties": {"mail": "ÿ?>spring"}}
    data = encode(orjson.dumps(call)).decode()
    await fetch(http, f"{collector.url}/v1/pixel/track?" + urlencode({"data": data if padded else data.rstrip("=")}))
    (event,) = await collector.events()
    assert (event["userId"], event["properties"], event["protocol"]) == ("u?>~1", {"mail": "ÿ?>spring"}, "pixel")


async def test_dotted_keys_make_objects(collector: Running, http: aiohttp.ClientSession) -> None:
    query = {"writeKey": KEY, "anonymousId": "a-1", "name": "Home", "properties.category": "shoes", "context.page.url": "https://x/"}
    await fetch(http, f"{collector.url}/v1/pixel/page?" + urlencode(query))
    (event,) = await collector.events()
    assert event["properties"] == {"category": "shoes", "name": "Home"}
    assert event["context"]["page"] == {"url": "https://x/"}
    assert event["type"] == "page"


@pytest.mark.parametrize(
    "query", ["", "data=%%%", "data=e30", f"writeKey={KEY}", f"writeKey={KEY}&data=!!!", f"writeKey={KEY}&a=1&a.b=2", "&=&"]
)
async def test_a_broken_pixel_is_still_an_image(collector: Running, http: aiohttp.ClientSession, query: str) -> None:
    await fetch(http, f"{collector.url}/v1/pixel/track?{query}")
    assert not await collector.events()
    letters = await collector.dead_letters()
    assert [letter.value for letter in letters] == ([query.encode()] if "writeKey" in query else [])


async def test_head_is_get_without_the_body(collector: Running) -> None:
    target = f"/v1/pixel/track?writeKey={KEY}&userId=u1&event=opened".encode()
    said = await collector.raw(b"HEAD %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-length: 43" in head
    assert body == b""
    assert len(await collector.events()) == 1
