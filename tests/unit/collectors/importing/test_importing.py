"""Files of events: cut into records that can be gone on from, read as events, and remembered how far."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.body import Limits
from collectors.importing.columns import columns_of
from collectors.importing.errors import UnreadableFile
from collectors.importing.events import Format, event_of
from collectors.importing.position import further, keep, kept, place_of, started
from collectors.importing.reading import RECORD_BYTES_MAX, Record, open_plain, records
from collectors.normalise import Arrival
from schemas.errors import Rejected

NOW_MS = 1_764_000_000_000
WAS_MS = NOW_MS - 86_400_000


def cut(text: bytes, *, is_csv: bool = False) -> list[Record]:
    return list(records(io.BytesIO(text), is_csv=is_csv))


def imported(line: object, **form: Any) -> dict[str, Any]:
    text = line if isinstance(line, bytes) else orjson.dumps(line)
    _, value = event_of(Record(1, len(text), text), Format(**form), Limits(), Arrival(NOW_MS, "crm", "import"))
    return dict(orjson.loads(value))


def row(header: bytes, cells: bytes, **form: Any) -> dict[str, Any]:
    return imported(cells, columns=columns_of(header), **form)


def reason(line: object, **form: Any) -> str:
    with pytest.raises(Rejected) as refused:
        imported(line, **form)
    return refused.value.reason.code


def test_a_record_says_its_line_and_where_it_ends() -> None:
    assert cut(b"\xef\xbb\xbf{}\n\n  \r\n{1}") == [Record(1, 6, b"{}\n"), Record(4, 14, b"{1}")]
    assert cut(b'a,"b\n""c"\nd\n', is_csv=True) == [Record(1, 10, b'a,"b\n""c"\n', 2), Record(3, 12, b"d\n")]


def test_a_line_that_is_too_long_costs_only_itself_and_no_memory() -> None:
    long = b"x" * (3 * RECORD_BYTES_MAX)
    assert cut(long + b"\n{}\n") == [Record(1, len(long) + 1, None), Record(2, len(long) + 4, b"{}\n")]
    assert cut(long) == [Record(1, len(long), None)]
    assert reason_of(Record(1, 9, None)) == "event-too-large"


def reason_of(record: Record) -> str:
    with pytest.raises(Rejected) as refused:
        event_of(record, Format(), Limits(), Arrival(NOW_MS, "crm", "import"))
    return refused.value.reason.code


@pytest.mark.parametrize("text", [b'a\n"b\n', b'"' + b"x" * (2 * RECORD_BYTES_MAX), b'a,"b\n' + b"x" * RECORD_BYTES_MAX + b"\n"])
def test_a_quote_that_is_never_closed_is_told_with_its_line(text: bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"line [12]: .*quote"):
        cut(text, is_csv=True)


PIECES = st.lists(st.sampled_from([b"a", b'"', b'""', b",", b"\n", b"\r\n", b" ", "名".encode()]), max_size=30).map(b"".join)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(text=PIECES, is_csv=st.booleans())
def test_whoever_goes_on_behind_a_record_reads_what_is_left_and_nothing_twice(text: bytes, is_csv: bool) -> None:
    file = io.BytesIO(text)
    try:
        whole = list(records(file, is_csv=is_csv))
    except UnreadableFile:
        return
    for number, record in enumerate(whole):
        assert list(records(file, is_csv=is_csv, offset=record.end, line=record.line + record.lines)) == whole[number + 1 :]


def test_a_packed_file_is_read_as_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"{}\n{1}\n"))
    with open_plain(path) as file:
        assert [record.text for record in records(file, is_csv=False, offset=3, line=2)] == [b"{1}\n"]
    path.write_bytes(gzip.compress(b"{}\n" * 99)[:-9])
    with open_plain(path) as file, pytest.raises(UnreadableFile, match="cannot be read"):
        list(records(file, is_csv=False))


def test_a_line_keeps_person_name_values_time_and_id() -> None:
    event = imported({"id": "m-1", "userId": "u1", "event": "bought", "timestamp": WAS_MS, "properties": {"price": 1.5}})
    assert (event["id"], event["type"], event["event"], event["userId"]) == ("m-1", "track", "bought", "u1")
    assert (event["timestamp"], event["properties"], event["source"], event["protocol"]) == (WAS_MS, {"price": 1.5}, "crm", "import")
    assert imported({"userId": "u1", "event": "$click"})["event"] == "_$click"


def test_a_line_without_an_id_is_known_again_by_what_it_says() -> None:
    line = {"userId": "u1", "event": "bought"}
    assert imported(line)["id"] == imported(dict(reversed(line.items())))["id"]
    assert imported(line)["id"] != imported(line | {"userId": "u2"})["id"]
    assert imported(line)["id"] != imported({"userId": "u1"}, kind="identify")["id"]


def test_type_and_event_of_lines_that_say_none() -> None:
    assert imported({"userId": "u1", "traits": {"a": 1}}, kind="identify")["traits"] == {"a": 1}
    assert imported({"userId": "u1"}, event="bought")["event"] == "bought"
    assert imported({"userId": "u1", "event": "seen"}, event="bought")["event"] == "seen"
    assert imported({"userId": "u1", "type": "page"}, event="bought")["type"] == "page"


def test_a_line_may_say_tags() -> None:
    event = imported({"type": "tag", "userId": "u1", "tags": {"vip": {"weight": 2}}})
    assert (event["type"], event["tags"], event["userId"]) == ("tag", {"vip": {"weight": 2}}, "u1")
    assert row(b"type,userId,tags.vip.weight:number", b"tag,u1,2")["tags"] == {"vip": {"weight": 2}}
    assert reason({"type": "untag", "userId": "u1"}) == "bad-shape"


def test_columns_are_paths_and_only_what_says_so_is_no_text() -> None:
    header = b"id,userId,event,timestamp,properties.price:number,properties.new:boolean,traits.list:json,properties.zip,ids.wx_openid:wx1"
    event = row(header, b'7,u1,bought,1763913600000,1.5,TRUE,"[1,""a""]",01234,oP\r\n')
    assert (event["id"], event["timestamp"], event["ids"]) == ("7", WAS_MS, {"wx_openid:wx1": "oP"})
    assert event["properties"] == {"price": 1.5, "new": True, "zip": "01234"}
    assert event["traits"] == {"list": [1, "a"]}
    assert row(b"userId,event,timestamp,properties:json", b'u1,x,2025-11-23T16:00:00Z,"{""a"":1}"')["properties"] == {"a": 1}
    assert "price" not in row(b"userId,event,properties.price:number", b"u1,x,")["properties"]


@pytest.mark.parametrize("header", [b"user_id,event", b"userId.x", b"properties", b"properties.", b"\xff", b'"a', b"properties..a"])
def test_a_column_that_no_event_has_is_told_before_anything_is_written(header: bytes) -> None:
    with pytest.raises(UnreadableFile, match="line 1"):
        columns_of(header)


def test_a_near_match_is_named() -> None:
    with pytest.raises(UnreadableFile, match="did you mean userId"):
        columns_of(b"userid")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"userId": "u1"}, "missing-name"),
        ({"event": "x"}, "missing-person"),
        ({"userId": "u1", "event": "x", "timestamp": 1_764_000_000}, "bad-time"),
        ({"userId": "u1", "event": "x", "timestamp": "soon"}, "bad-time"),
        ({"userId": "u1", "type": "$clock"}, "bad-shape"),
        ({"userId": "u1", "type": ["track"]}, "bad-shape"),
        (b"[1]", "bad-shape"),
        (b"{", "bad-json"),
        (b"\xff", "bad-json"),
    ],
)
def test_what_cannot_be_taken_is_refused(line: object, why: str) -> None:
    assert reason(line) == why


@pytest.mark.parametrize("cells", [b"u1", b"u1,x,1,2", b"u1,x,one", b"u1,x,true", b"u1,x,\xff", b'u1,x,"1"2'])
def test_a_row_that_does_not_fit_is_refused(cells: bytes) -> None:
    assert reason(cells, columns=columns_of(b"userId,event,properties.price:number")) == "bad-shape"


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(text=st.binary(max_size=40) | PIECES)
def test_no_bytes_make_reading_fail_otherwise(text: bytes) -> None:
    header = columns_of(b"userId,event,timestamp,properties:json,properties.a:number,traits.a:boolean")
    for form in (Format(), Format(header)):
        with suppress(Rejected):
            event_of(Record(2, len(text), text), form, Limits(), Arrival(NOW_MS, "crm", "import"))


def test_a_position_is_kept_whole_and_only_for_the_same_file_read_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"{}\n")
    assert kept(path, "json") is None
    position = further(started(path, "json"), offset=3, line=2, ends={"0": 7})
    keep(path, position)
    path.write_bytes(b"{}\n{1}\n")
    assert kept(path, "json") == position
    with pytest.raises(UnreadableFile, match="--again"):
        kept(path, "csv")
    path.write_bytes(b"{2}\n")
    with pytest.raises(UnreadableFile, match="--again"):
        kept(path, "json")
    place_of(path).write_bytes(b"no")
    with pytest.raises(UnreadableFile, match="--again"):
        kept(path, "json")
