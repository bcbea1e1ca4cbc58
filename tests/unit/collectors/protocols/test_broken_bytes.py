"""Bytes of clients with some of them changed: whatever comes of it is an answer, and what is taken is an event.

EBBTIDE_HYPOTHESIS=soak asks ten thousand times a request instead of a few.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.collectors.asking import NOW_MS, ask
from tests.unit.collectors.protocols.test_captured import CAPTURED

TIMES: Final = 10_000 if os.environ.get("EBBTIDE_HYPOTHESIS") == "soak" else 15
SPLICES: Final = (
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b"true",
    b'"\\ud800"',
    b"\xff",
    b"%",
    b"=",
    b'"',
    b"\x1f\x8b",
    b"[" * 200,
    b"$",
    b"\\",
)


@dataclass(frozen=True)
class Change:
    """At a share of the whole, so much goes and this comes instead."""

    at: float
    gone: int
    instead: bytes

    def of(self, body: bytes) -> bytes:
        place = int(self.at * len(body))
        return body[:place] + self.instead + body[place + self.gone :]


CHANGES: Final = st.lists(
    st.builds(Change, st.floats(0, 1), st.integers(0, 12), st.sampled_from(SPLICES) | st.binary(max_size=6)), min_size=1, max_size=3
)


MADE: Final = {
    "gtag": (
        "/g/collect?v=2&tid=key-of-the-shop&cid=c1&_p=1&_s=1&dl=https%3A%2F%2Fa%2F&sid=5",
        b"en=viewed&epn.n=1\r\nen=page_view&up.a=b",
    ),
    "amplitude-identify": ("/identify", b'api_key=key-of-the-shop&identification=[{"user_id":"u1","user_properties":{"$set":{"a":1}}}]'),
    "mixpanel-lines": ("/import?strict=1", b'{"event":"a","properties":{"token":"key-of-the-shop","distinct_id":"u1","time":1}}\n' * 2),
}
"""In the shape of clients that cannot be driven here."""


def requests() -> list[Any]:
    found = [
        pytest.param({"url": url, "body": b64encode(body).decode(), "method": "POST", "headers": {}, "at": NOW_MS}, id=name)
        for name, (url, body) in MADE.items()
    ]
    for path in CAPTURED:
        for number, request in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            found.append(pytest.param(request, id=f"{path.stem}-{number}"))
    return found


@pytest.mark.parametrize("request_made", requests())
@settings(max_examples=TIMES, deadline=None, database=None, derandomize=TIMES < 10_000)
@given(changes=CHANGES, in_the_query=st.booleans())
def test_no_change_of_bytes_makes_a_decoder_fail(request_made: dict[str, Any], changes: list[Change], in_the_query: bool) -> None:
    path, _, query = request_made["url"].partition("?")
    body = b64decode(request_made["body"])
    for change in changes:
        if in_the_query and query:
            query = change.of(query.encode()).decode("latin-1")
        else:
            body = change.of(body)
    url = f"{path}?{query}".encode("latin-1").decode("latin-1")
    told = ask(url, body, request_made["headers"], method=request_made["method"], now_ms=request_made["at"])
    assert told.answer.status in {200, 202, 204, 400, 401, 413}
    for event in told.events:
        assert event["receivedAt"] >= event["timestamp"]
        assert event["id"]
        name = event.get("event", "")
        assert not name.startswith("$") or "vendorEvent" in event["context"]
