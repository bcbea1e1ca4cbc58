from __future__ import annotations

from schemas.rejection import EXHAUSTED
from stream import VERSION
from stream.senders.dead_letter import headers
from stream.senders.transition import Record


def test_a_dead_letter_says_what_when_where_why_and_how_often() -> None:
    record = Record(3, 17, b"k", b"v", timestamp_ms=1, read_ms=1_764_000_000_456, topic="ebbtide.transitions")

    assert dict(headers(record, EXHAUSTED, sender="shop", attempts=41, detail="status 503")) == {
        "reason": b"exhausted",
        "stage": b"sender",
        "version": VERSION.encode(),
        "source-topic": b"ebbtide.transitions",
        "source-partition": b"3",
        "source-offset": b"17",
        "received-at": b"1764000000456",
        "attempts": b"41",
        "detail": b"status 503",
        "sender": b"shop",
    }


def test_the_detail_is_at_most_512_bytes_of_whole_characters() -> None:
    record = Record(0, 0, None, b"", 0, 0, "t")

    detail = dict(headers(record, EXHAUSTED, sender="s", attempts=1, detail="海" * 400))["detail"]

    assert detail.decode() == "海" * 170
