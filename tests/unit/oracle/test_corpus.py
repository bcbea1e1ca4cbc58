"""The corpus is the same for the same seed, and the oracle reads all of it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice

import pytest

from schemas.definitions.model import Node
from tests.corpus.generate import activate, definitions_for_load, internal, lay_out, malformed, shop_events, strew, ticking
from tests.oracle import partition
from tests.oracle.classify import Raw
from tests.oracle.nodes import Sight
from tests.oracle.partition import Outcome, run_partition
from tests.oracle.reading import NotJsonError, read_json

START_MS = 1_764_000_000_000


def shop_log(seed: int, people: int, events: int, step_ms: float) -> list[Raw]:
    clock = ticking(START_MS, step_ms)
    drawn = islice(shop_events(seed, people, clock), events)
    return [Raw(number, START_MS + int(number * step_ms), event.routing_id.encode(), event.value, []) for number, event in enumerate(drawn)]


def run(records: list[Raw]) -> Outcome:
    return run_partition(records, partition=0, partitions=1, bundles={1: definitions_for_load()})


def test_the_same_seed_gives_the_same_events() -> None:
    assert shop_log(3, 20, 200, 5) == shop_log(3, 20, 200, 5) != shop_log(4, 20, 200, 5)
    assert list(malformed(3, 50)) == list(malformed(3, 50))


def test_an_event_is_about_547_bytes() -> None:
    values = [raw.value for raw in shop_log(5, 1_000, 2_000, 1)]
    assert 530 < sum(len(value or b"") for value in values) / len(values) < 560


def test_a_shop_of_half_a_minute_moves_every_segment_both_ways_and_much_of_it_by_time() -> None:
    outcome = run(lay_out([activate(1, START_MS), *shop_log(6, 40, 1_500, 20)]))
    moves = Counter((one["data"]["segment"], one["type"]) for one in outcome.transitions)
    causes = Counter(one["data"]["cause"] for one in outcome.transitions)
    assert {segment.id for segment in definitions_for_load().segments} == {segment for segment, _ in moves}
    assert (outcome.dead_letters, outcome.duplicates > 0, causes["time"] > 200, len(moves)) == ([], True, True, 16)


def test_nothing_changes_between_the_times_at_which_something_may_change(monkeypatch: pytest.MonkeyPatch) -> None:
    records = lay_out([activate(1, START_MS), *shop_log(12, 3, 60, 50), internal("clock", START_MS + 4_000)])
    expected = run(records).transitions

    def every_millisecond(_node: Node, _sight: Sight, after: int, before: int) -> set[int]:
        return set(range(after + 1, before))

    monkeypatch.setattr(partition, "change_times", every_millisecond)
    assert run(records).transitions == expected != []


def test_broken_records_among_good_ones_are_named_and_stop_nothing() -> None:
    mixed = strew(8, shop_log(7, 20, 100, 10), malformed(7, 300))
    outcome = run(lay_out([activate(1, START_MS), *mixed]))
    reasons = Counter(reason for _, reason in outcome.dead_letters)
    assert {"not-json", "too-nested", "unknown-type", "name-missing", "time-unreadable", "person-missing", "too-old"} == set(reasons)
    assert outcome.applied + outcome.duplicates + len(outcome.dead_letters) == 400


def test_what_both_read_the_standard_reader_reads_alike() -> None:
    for value in malformed(9, 300):
        try:
            expected = json.loads(value or b"")
            document = read_json(value or b"")
        except (ValueError, RecursionError):
            continue
        assert repr(document.value) == repr(expected)


@pytest.mark.parametrize("text", ["{}", "[]", " [1, 2.5e3, -0.0]\n", '{"a":{"b":[true,false,null]}}', r'"\ud83d\ude00\u00e9\n"', "5"])
def test_json_is_read(text: str) -> None:
    assert read_json(text.encode()).value == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", " ", "NaN", "01", "1.", "[1,]", "[1 2]", '{"a" 1}', '{"a":1,}', "{1:1}", "[}", "{]", "1]", ",", '"\t"', r'"\ud800"']
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(NotJsonError):
        read_json(text.encode())


def test_a_whole_number_of_up_to_4300_digits_is_exact() -> None:
    value = read_json(b"9" * 4_300).value
    assert value == 10**4_300 - 1
    with pytest.raises(NotJsonError):
        read_json(b"9" * 4_301)


def test_a_number_that_is_too_great_is_looked_over_where_nobody_reads_it() -> None:
    assert read_json(b'{"type":"page","other":{"type":[1e400]}}').value["type"] == "page"
    with pytest.raises(NotJsonError):
        read_json(b'{"other":1,"properties":[1e400]}')
