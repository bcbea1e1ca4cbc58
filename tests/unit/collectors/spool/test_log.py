"""The spool's files: what is in them after whatever happened to them. Real files; the disk fails where a test says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.spool.frame import HEAD_BYTES, frame_of, frames_in, read_frame
from collectors.spool.log import check_no_other_number
from schemas.errors import Misconfigured
from tests.unit.collectors.spool.disk import Killed, drained, failing, files, kill, no_space, numbers, opened, record


def test_what_was_appended_is_there_after_a_kill_lane_by_lane_in_order(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for number in range(1, 300):
        log.append([record(number % 3, number)])
    kill(log)
    again = opened(tmp_path)
    assert len(files(tmp_path)) > 2
    assert again.counts() == {0: 99, 1: 100, 2: 100}
    assert [drained(again, lane) for lane in range(3)] == [list(range(lane or 3, 300, 3)) for lane in range(3)]
    assert again.counted.cut_tails == again.counted.set_aside == again.counted.errors == 0
    assert files(tmp_path) == []
    again.close()


def test_records_keep_the_name_under_which_they_were_accepted(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.append([record(0, 1)])
    kill(first)
    second = opened(tmp_path)
    second.append([record(0, 1)])
    found = second.read(0, 10, 1 << 20)[0]
    second.done(0, 1)
    found += second.read(0, 10, 1 << 20)[0]
    assert [each.name for each in found] == [first.name, second.name]
    assert first.name != second.name
    second.close()


@pytest.mark.parametrize("cut", [1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, HEAD_BYTES + 30])
def test_a_torn_tail_is_cut_and_counted_once(tmp_path: Path, cut: int) -> None:
    log = opened(tmp_path)
    log.append([record(0, 1)])
    with failing(cut, Killed()), pytest.raises(Killed):
        log.append([record(0, 2, size=100)])
    kill(log)
    for cut_tails in (1, 0):
        again = opened(tmp_path)
        assert again.counted.cut_tails == cut_tails
        assert numbers(again, 0) == [1]
        kill(again)


def test_a_damaged_record_in_the_middle_is_set_aside_with_its_bytes_and_the_rest_goes_on(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([record(0, number) for number in range(1, 6)])
    kill(log)
    (path,) = files(tmp_path)
    data = bytearray(path.read_bytes())
    size = len(data) // 5
    data[2 * size + 40] ^= 1
    path.write_bytes(data)
    again = opened(tmp_path)
    assert (again.counted.set_aside, again.counted.cut_tails) == (1, 0)
    assert numbers(again, 0) == [1, 2, 4, 5]
    (kept,) = (tmp_path / "set-aside").iterdir()
    assert kept.read_bytes() == data[2 * size : 3 * size]
    kill(again)
    third = opened(tmp_path)
    assert third.counted.set_aside == 0, "it is counted once"
    third.close()


def test_damage_that_comes_while_the_file_is_open_is_found_when_it_is_read(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([record(0, number) for number in range(1, 6)])
    (path,) = files(tmp_path)
    data = path.read_bytes()
    size = len(data) // 5
    with path.open("r+b") as file:
        file.seek(size + 3)
        file.write(b"\x00\xff")
    assert log.read(0, 10, 1 << 20)[1] == 0
    log.done(0, 1)
    records, damaged = log.read(0, 10, 1 << 20)
    assert ([each.number for each in records], damaged) == ([3, 4, 5], 1)
    assert log.counts() == {0: 3}
    (kept,) = (tmp_path / "set-aside").iterdir()
    assert len(kept.read_bytes()) == size
    log.close()


def test_bytes_of_a_client_cannot_pass_for_a_record(tmp_path: Path) -> None:
    forged = frame_of(record(0, 999), 7)
    outer = record(0, 1)
    data = frame_of(type(outer)(0, 1, 0, None, forged), 8)
    assert [found.record for found in frames_in(b"\x00" + data[:20] + forged, 8)] == [None]
    assert read_frame(data, data.index(forged), 8) is None


@pytest.mark.parametrize("in_sync", [False, True])
def test_after_a_write_that_failed_the_next_goes_to_another_file_and_nothing_acknowledged_is_lost(tmp_path: Path, *, in_sync: bool) -> None:
    log = opened(tmp_path)
    log.append([record(0, 1)])
    with failing(30, no_space(), in_sync=in_sync), pytest.raises(OSError, match="no space"):
        log.append([record(0, 2)])
    assert log.counted.errors == 1
    log.append([record(0, 3)])
    assert len(files(tmp_path)) == 2
    assert drained(log, 0) == [1, 3]
    log.close()


def test_what_is_drained_is_remembered_and_its_files_go(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for number in range(1, 200):
        log.append([record(number % 2, number)])
    before = len(files(tmp_path))
    log.done(0, 90)
    log.done(1, 50)
    assert len(files(tmp_path)) < before
    log.save()
    kill(log)
    again = opened(tmp_path)
    assert again.counts() == {0: 9, 1: 50}
    assert (numbers(again, 0)[0], numbers(again, 1)[0]) == (182, 101)
    again.close()


def test_without_knowing_how_far_it_was_drained_more_is_there_again_and_nothing_is_missing(tmp_path: Path) -> None:
    log = opened(tmp_path, 1 << 20)
    log.append([record(0, number) for number in range(1, 6)])
    log.done(0, 3)
    log.save()
    kill(log)
    (tmp_path / "drained.json").write_bytes(b"{")
    again = opened(tmp_path)
    assert again.counted.errors == 1
    assert numbers(again, 0) == [1, 2, 3, 4, 5]
    again.close()


def test_new_files_come_after_those_that_are_gone(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([record(0, 1)])
    log.done(0, 1)
    log.close()
    again = opened(tmp_path)
    again.append([record(0, 1)])
    kill(again)
    third = opened(tmp_path)
    assert numbers(third, 0) == [1]
    third.close()


def test_a_record_that_the_broker_never_takes_is_set_aside(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([record(0, 1), record(1, 2), record(0, 3)])
    log.refuse(0)
    assert numbers(log, 0) == [3]
    assert log.counted.set_aside == 1
    assert [path.name.startswith("refused-") for path in (tmp_path / "set-aside").iterdir()] == [True]
    log.close()


def test_two_collectors_cannot_have_one_folder(tmp_path: Path) -> None:
    log = opened(tmp_path)
    with pytest.raises(Misconfigured, match="another collector"):
        opened(tmp_path)
    log.close()
    opened(tmp_path).close()


def test_a_folder_that_cannot_be_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Misconfigured, match="EBBTIDE_DATA"):
        opened(tmp_path / "file" / "spool")


def test_records_of_another_number_of_partitions_are_not_left_lying(tmp_path: Path) -> None:
    log = opened(tmp_path / "ebbtide.events-4")
    check_no_other_number(tmp_path / "ebbtide.events-8")
    log.append([record(0, 1)])
    kill(log)
    with pytest.raises(Misconfigured, match="EBBTIDE_PARTITIONS"):
        check_no_other_number(tmp_path / "ebbtide.events-8")
    check_no_other_number(tmp_path / "ebbtide.events-4")
    check_no_other_number(tmp_path / "other.events-8")


def test_the_oldest_record_has_an_age(tmp_path: Path) -> None:
    log = opened(tmp_path)
    assert log.oldest_ms() is None
    log.append([record(1, 1), record(0, 2)])
    assert log.oldest_ms() == record(1, 1).at_ms
    log.done(1, 1)
    assert log.oldest_ms() == record(0, 2).at_ms
    log.close()


def test_a_record_larger_than_what_is_asked_for_still_comes_alone(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append([record(0, 1, size=200_000), record(0, 2)])
    assert [each.number for each in log.read(0, 10, 1_000)[0]] == [1]
    log.close()
