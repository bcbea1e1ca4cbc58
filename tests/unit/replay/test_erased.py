"""What a replay leaves out of what it writes and compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas.internal import CLOCK_HEADERS, CLOCK_VALUE, ERASE_HEADERS, HEADER, erase_value
from stream.kafka.port import StoredRecord
from stream.replay.difference import Comparer
from stream.replay.erased import erases, is_erased, leave_out
from tests.unit.worker.made import T

ERASED = {"user:u1": T + 5}


def entered(person: str, incarnation: int) -> dict[str, Any]:
    return {"type": "segment.entered", "data": {"person": person, "segment": "s", "incarnation": incarnation, "sequence": 1}}


def test_what_began_before_the_erasure_is_erased_and_what_began_after_it_is_not() -> None:
    assert [is_erased(entered("user:u1", T + at), ERASED) for at in (0, 5, 6)] == [True, True, False]
    assert not is_erased(entered("user:u2", T), ERASED)
    merged = {"type": "person.merged", "data": {"from": "user:u1", "into": "user:u2", "incarnation": T}}
    assert is_erased(merged, ERASED)
    assert not is_erased(merged, {"user:u2": T + 5})


def test_the_file_is_written_anew_without_the_erased_and_each_is_heard_of(tmp_path: Path) -> None:
    file = tmp_path / "partition-0.jsonl"
    gone: list[dict[str, Any]] = []
    lines = [json.dumps(entered(person, T + at)).encode() + b"\n" for person, at in (("user:u1", 0), ("user:u2", 1), ("user:u1", 9))]
    file.write_bytes(b"".join(lines))

    assert leave_out(file, {}, gone.append) == 0
    assert (file.read_bytes(), gone) == (b"".join(lines), [])
    assert leave_out(file, ERASED, gone.append) == 1
    assert file.read_bytes() == lines[1] + lines[2]
    assert gone == [entered("user:u1", T)]
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_what_is_left_out_is_not_missed_on_the_topic() -> None:
    from schemas.transition import Transition

    told = Transition("user:u1", "u1", None, "s", T, 1, T, "event", 1)
    comparer = Comparer()
    comparer.add_replayed(told, told.to_json())
    comparer.leave_out(json.loads(told.to_json()))

    assert comparer.unmatched == set()


def test_a_record_that_may_erase_is_known_by_its_header() -> None:
    assert erases(StoredRecord(0, T, None, erase_value("user:u1"), ERASE_HEADERS))
    assert erases(StoredRecord(0, T, None, b"", ((HEADER, b"erased"),)))
    assert not erases(StoredRecord(0, T, None, CLOCK_VALUE, CLOCK_HEADERS))
    assert not erases(StoredRecord(0, T, None, b"", (("other", b"erase"),)))
