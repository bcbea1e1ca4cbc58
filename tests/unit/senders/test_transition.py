from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.definitions.model import Sender
from schemas.errors import Rejected
from schemas.transition import Transition
from stream.senders.transition import Notice, Record, lacks_consent, read_notice, wanted


def record(value: bytes, key: bytes | None = b"user:u1") -> Record:
    return Record(partition=3, offset=17, key=key, value=value, timestamp_ms=1, read_ms=2, topic="t")


def transition(**more: Any) -> Transition:
    given: dict[str, Any] = {"sequence": 1, "cause": "event", **more}
    return Transition("user:u1", "u1", None, "hot_shoes", 1_764_000_000_456, timestamp=1_764_000_000_999, definitions=3, **given)


def sender(**more: Any) -> Sender:
    return Sender("shop", "https://shop.example/", "SHOP_SECRET", **more)


def test_what_the_worker_publishes_can_be_read() -> None:
    published = transition(sequence=2, cause="time", silent=True)

    assert read_notice(record(published.to_json())) == Notice(published.id, "user:u1", "hot_shoes", "leave", "time", silent=True)


def test_a_merge_has_no_segment_and_an_id_that_stays_the_same() -> None:
    body = orjson.dumps({"type": "person.merged", "timestamp": "2026-11-22T08:00:00.123Z", "data": {"from": "anon:a", "into": "user:u1"}})

    notice = read_notice(record(body))

    assert (notice.segment, notice.direction, notice.cause) == (None, None, "merge")
    assert notice == read_notice(record(body))
    assert notice.id.startswith("pm_")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"type":"segment.entered"}',
        b'{"type":"segment.entered","data":[]}',
        b'{"type":"track","data":{"id":"tr_1","segment":"s"}}',
        b'{"type":["segment.left"],"data":{"id":"tr_1","segment":"s"}}',
        b'{"type":"segment.entered","data":{"id":"tr_1"}}',
        b'{"type":"segment.entered","data":{"segment":"s"}}',
        b'{"type":"segment.entered","data":{"id":"tr.1","segment":"s"}}',
        b'{"type":"segment.entered","data":{"id":"tr\\r\\nX: 1","segment":"s"}}',
        b'{"type":"segment.entered","data":{"id":" ","segment":"s"}}',
        b'{"type":"segment.entered","data":{"id":7,"segment":"s"}}',
        b'{"type":"segment.entered","data":{"id":"' + b"x" * 257 + b'","segment":"s"}}',
    ],
)
def test_what_is_no_transition_is_rejected(value: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        read_notice(record(value))
    assert caught.value.reason.code == "unreadable-transition"


def test_the_record_s_key_decides_whose_order_it_is_in() -> None:
    body = transition().to_json()

    assert read_notice(record(body, b"user:other")).person == "user:other"
    assert read_notice(record(body, None)).person == "user:u1"
    assert read_notice(record(body, b"\xff")).person == "\\xff"


ENTER = Notice("tr_1", "p", "hot_shoes", "enter", "event", silent=False)
LEAVE = Notice("tr_2", "p", "hot_shoes", "leave", "time", silent=False)
SILENT = Notice("tr_3", "p", "hot_shoes", "enter", "definition", silent=True)
MERGE = Notice("pm_4", "p", None, None, "merge", silent=False)


@pytest.mark.parametrize(
    ("definition", "taken"),
    [
        ({}, [ENTER, LEAVE, MERGE]),
        ({"silent": True}, [ENTER, LEAVE, SILENT, MERGE]),
        ({"segments": ("hot_shoes",)}, [ENTER, LEAVE]),
        ({"segments": ("cold_shoes",)}, []),
        ({"directions": ("leave",)}, [LEAVE]),
        ({"causes": ("event",)}, [ENTER]),
        ({"causes": ("merge",)}, [MERGE]),
        ({"segments": ("a", "hot_shoes"), "directions": ("enter",), "causes": ("event", "time")}, [ENTER]),
    ],
)
def test_a_sender_gets_what_its_definition_asks_for(definition: dict[str, Any], taken: list[Notice]) -> None:
    assert [notice for notice in (ENTER, LEAVE, SILENT, MERGE) if wanted(sender(**definition), notice)] == taken


def test_a_sender_that_needs_consent_gets_nothing_of_who_has_not_given_all_of_it() -> None:
    both, none = read_notice(record(transition(consent=("analytics", "marketing")).to_json())), read_notice(record(transition().to_json()))
    merged = read_notice(record(b'{"type":"person.merged","data":{"id":"tr_1","from":"a","into":"b","consent":["marketing"]}}'))
    odd = read_notice(record(b'{"type":"segment.left","data":{"id":"tr_1","segment":"s","consent":["marketing",[3]]}}'))

    assert [lacks_consent(sender(needs=("marketing",)), one) for one in (both, none, merged, odd)] == [False, True, True, False]
    assert lacks_consent(sender(needs=("marketing", "analytics")), odd)
    assert not lacks_consent(sender(), none)
