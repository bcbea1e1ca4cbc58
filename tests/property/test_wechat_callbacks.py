"""Callbacks with bytes changed, and noise: refused with a counted reason, or the same event as ever."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.collectors.wechat.asking import Told, call
from tests.unit.collectors.wechat.vendor import Callback, Vendor, xml

ACCOUNTS = ("wx123", "ww1")
EDITS = st.lists(st.tuples(st.booleans(), st.integers(0, 10_000), st.integers(0, 2), st.binary(max_size=3)), min_size=1, max_size=4)


@cache
def original(account: str) -> tuple[Callback, Told]:
    callback = Vendor(account).sealed(xml(MsgType="text", Content="hello", MsgId=23))
    return callback, call(account, callback)


@given(st.sampled_from(ACCOUNTS), EDITS)
def test_no_changed_byte_gets_through(account: str, edits: list[tuple[bool, int, int, bytes]]) -> None:
    callback, whole = original(account)
    parts = [bytearray(callback.query.encode()), bytearray(callback.body)]
    for in_body, place, gone, new in edits:
        part = parts[in_body]
        at = place % (len(part) + 1)
        part[at : at + gone] = new
    heard = call(account, Callback(parts[0].decode("latin-1"), bytes(parts[1]) or b" "))
    assert heard.answer.status in ({400, 403} if heard.reason else {200})
    assert not heard.proven or heard.events == whole.events


@given(st.sampled_from(ACCOUNTS), st.binary(max_size=60), st.binary(max_size=200))
def test_noise_is_refused(account: str, query: bytes, body: bytes) -> None:
    for start in (b"", b"<xml>", b"{", b"<xml><Encrypt>"):
        heard = call(account, Callback(f"msg_signature={query.decode('latin-1')}", start + body or b" "))
        assert heard.answer.status in {400, 403}
        assert not heard.proven
