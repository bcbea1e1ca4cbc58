"""Lists, samples, birthdays and other dates. All times are written down by hand."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.definitions.model import AllNode, AnniversaryNode, AnyNode, DateNode, ListNode, Node, NotNode, SampleNode, Segment
from tests.oracle.classify import partition_of
from tests.oracle.partition import Outcome, run_partition
from tests.unit.oracle.scenario import T, after_t, bundle, events, log, seen, segment

HOUR, DAY = 3_600_000, 86_400_000
SHANGHAI = "Asia/Shanghai"
VIP = segment(ListNode("vip"))


def people(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one["data"]["person"], one["type"].removeprefix("segment.")) for one in outcome.transitions]


def test_a_list_names_a_person_from_its_record_on_until_it_no_longer_does() -> None:
    story = log(VIP).event(0).listed(100, 1, ["user:u1"]).listed(200, 2, remove=["user:u1"])
    assert seen(story.run()) == [("s", "in", 100, "list"), ("s", "out", 200, "list")]


def test_another_list_does_not_matter() -> None:
    assert seen(log(VIP).event(0).listed(100, 1, ["user:u1"], name="other").run()) == []


def test_a_person_that_a_list_adds_exists_from_then_on() -> None:
    outcome = log(VIP, segment(NotNode(events()), "quiet")).listed(100, 1, ["user:u1"]).event(200).run()
    assert seen(outcome) == [("quiet", "in", 100, "list"), ("s", "in", 100, "list"), ("quiet", "out", 200, "event")]
    assert outcome.transitions[0]["data"]["incarnation"] == T + 100
    assert outcome.applied == 1


def test_nobody_begins_to_exist_by_being_removed() -> None:
    assert log(VIP).listed(100, 1, remove=["user:u1"]).run().persons == {}


def test_what_is_due_before_a_list_happens_before_it_and_what_is_due_at_it_is_decided_after() -> None:
    before = log(segment(events(within=500))).event(0).listed(501, 1, ["user:u1"])
    assert seen(before.run())[1] == ("s", "out", 500, "time")
    at = log(segment(events(within=500))).event(0).listed(500, 1, ["user:u1"])
    assert seen(at.run())[1] == ("s", "out", 500, "list")


def test_an_older_version_of_a_list_changes_nothing_and_the_same_one_may_come_in_parts() -> None:
    story = log(VIP).event(0).listed(100, 2, ["user:u1"]).listed(200, 1, remove=["user:u1"])
    assert seen(story.run()) == [("s", "in", 100, "list")]
    assert seen(story.listed(300, 2, remove=["user:u1"]).run())[1:] == [("s", "out", 300, "list")]


def test_a_list_is_kept_while_no_definition_asks_for_it() -> None:
    story = log().event(0).listed(100, 1, ["user:u1"])
    story.bundles.append(bundle(2, VIP))
    assert seen(story.activate(200, 2).run()) == [("s", "in", 200, "definition")]


def test_a_list_may_name_several_people_and_those_of_another_partition_are_passed_over() -> None:
    names = [f"user:u{number}" for number in range(8)]
    story = log(VIP).listed(0, 1, names)
    mine = [name for name in names if partition_of(name, 2) == 1]
    outcome = run_partition(story.records, partition=1, partitions=2, bundles={1: story.bundles[0]})
    assert people(outcome) == [(name, "entered") for name in mine] != []


def test_a_list_that_names_only_people_of_another_partition_has_come_to_the_wrong_one() -> None:
    mine, other = sorted(("user:u1", "user:u2"), key=lambda name: partition_of(name, 2))
    story = log(VIP).listed(0, 1, [other]).listed(1, 1, remove=[other]).listed(2, 1).listed(3, 1, [other, mine])
    outcome = run_partition(story.records, partition=0, partitions=2, bundles={1: story.bundles[0]})
    assert (outcome.dead_letters, people(outcome)) == ([(1, "wrong-partition"), (2, "wrong-partition")], [(mine, "entered")])


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"$clock","id":"vip","version":1}',
        b'{"type":"$list","version":1,"add":["user:u1"]}',
        b'{"type":"$list","id":"","version":1,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":"1","add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":true,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":1,"add":"user:u1"}',
        b'{"type":"$list","id":"vip","version":1,"remove":[7]}',
        b'{"type":"$list","id":"vip","version":1,"add":[""]}',
        b'{"type":"$list","id":"VIP","version":1,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":0,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":9007199254740992,"add":["user:u1"]}',
        b'{"type":"$list","id":"vip","version":1,"add":["u1"]}',
        b'{"type":"$list","id":"vip","version":1,"add":["user:"]}',
        b'{"type":"$list","id":"vip","version":1,"remove":[":u1"]}',
    ],
)
def test_a_list_that_cannot_be_read_is_a_dead_letter(body: bytes) -> None:
    assert log(VIP).raw(0, body, "list").run().dead_letters == [(1, "unreadable-internal")]


def drawn(percent: float, count: int = 1_000) -> set[str]:
    story = log(segment(SampleNode(percent, "spring")))
    for number in range(count):
        story.event(0, userId=f"u{number}")
    return {one["data"]["person"] for one in story.run().transitions}


def test_a_sample_is_about_as_large_as_said_and_a_larger_one_only_adds() -> None:
    ten, thirty = drawn(10), drawn(30)
    assert 70 < len(ten) < 130
    assert ten < thirty


def test_nobody_is_in_a_sample_of_none_and_all_are_in_one_of_a_hundred() -> None:
    assert (len(drawn(0, 50)), len(drawn(100, 50))) == (0, 50)


def test_a_sample_is_drawn_by_the_first_eight_bytes_of_the_hash() -> None:
    """SHA-256 of "spring", a zero byte, "user:u1" begins with 0xebab16db604e04b7, over 2⁶⁴ 0.92058."""
    assert drawn(92.05, 2) & {"user:u1"} == set()
    assert drawn(92.06, 2) & {"user:u1"} == {"user:u1"}


def dated(node: Node, value: Any, until: str, *, since: str = "2025-11-24T16:00:00Z") -> list[tuple[str, str]]:
    """The transitions of a person with this trait from T or ``since`` on, as ("in" or "out", local time in Shanghai)."""
    outcome = log(segment(node)).event(after_t(since), "x", traits={"d": value}).clock(after_t(until)).run()
    times = {after_t(text): text for text in KNOWN}
    return [(row[1], times.get(row[2], str(row[2]))) for row in seen(outcome)]


KNOWN = (
    "2025-11-25T00:00:00+08:00", "2025-12-20T00:00:00+08:00", "2025-12-27T00:00:00+08:00", "2025-12-28T00:00:00+08:00",
    "2025-12-31T00:00:00+08:00", "2026-12-20T00:00:00+08:00", "2026-12-28T00:00:00+08:00", "2026-02-28T00:00:00+08:00",
    "2026-03-01T00:00:00+08:00", "2028-02-29T00:00:00+08:00", "2028-03-01T00:00:00+08:00", "2027-02-28T00:00:00+08:00",
    "2027-03-01T00:00:00+08:00", "2025-12-24T00:00:00+08:00", "2025-12-25T00:00:00+08:00",
)  # fmt: skip


def test_within_next_holds_before_the_date_and_within_last_from_it_on() -> None:
    coming, gone = DateNode("d", "next", 7 * DAY, SHANGHAI), DateNode("d", "last", 4 * DAY, SHANGHAI)
    until = "2026-06-01T00:00:00Z"
    assert dated(coming, "2025-12-27", until) == [("in", "2025-12-20T00:00:00+08:00"), ("out", "2025-12-27T00:00:00+08:00")]
    assert dated(gone, "2025-12-27", until) == [("in", "2025-12-27T00:00:00+08:00"), ("out", "2025-12-31T00:00:00+08:00")]


def test_a_date_with_an_offset_is_an_instant_whatever_the_zone() -> None:
    gone = DateNode("d", "last", DAY, SHANGHAI)
    assert dated(gone, "2025-12-26T16:00:00Z", "2026-06-01T00:00:00Z") == [
        ("in", "2025-12-27T00:00:00+08:00"), ("out", "2025-12-28T00:00:00+08:00")
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["soon", 1_764_000_000_000, None, True, ["2025-12-27"], {"d": "2025-12-27"}, "2025-02-30"])
def test_what_is_no_iso_text_is_no_date(value: Any) -> None:
    node = AnyNode((DateNode("d", "next", 900 * DAY), DateNode("d", "last", 900 * DAY), AnniversaryNode("d", 400 * DAY)))
    assert dated(node, value, "2026-06-01T00:00:00Z") == []


def test_an_anniversary_holds_from_the_time_before_its_midnight_until_the_end_of_its_day() -> None:
    node = AnniversaryNode("d", 7 * DAY, SHANGHAI)
    assert dated(node, "1990-12-27", "2027-01-02T00:00:00Z") == [
        ("in", "2025-12-20T00:00:00+08:00"), ("out", "2025-12-28T00:00:00+08:00"),
        ("in", "2026-12-20T00:00:00+08:00"), ("out", "2026-12-28T00:00:00+08:00"),
    ]  # fmt: skip


def test_an_anniversary_comes_before_birth_too() -> None:
    assert dated(AnniversaryNode("d", 7 * DAY, SHANGHAI), "2090-12-27", "2026-06-01T00:00:00Z")[0] == ("in", "2025-12-20T00:00:00+08:00")


def test_the_29th_of_february_is_the_28th_in_other_years() -> None:
    node = AnniversaryNode("d", 0, SHANGHAI)
    assert dated(node, "2000-02-29", "2028-06-01T00:00:00Z") == [
        ("in", "2026-02-28T00:00:00+08:00"), ("out", "2026-03-01T00:00:00+08:00"),
        ("in", "2027-02-28T00:00:00+08:00"), ("out", "2027-03-01T00:00:00+08:00"),
        ("in", "2028-02-29T00:00:00+08:00"), ("out", "2028-03-01T00:00:00+08:00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "value", ["1990-12-24T00:30:00Z", "1990-12-24T23:30:00-11:00", "1990-12-24T23:30:00Z", "1990-12-24T00:30:00+14:00"]
)
def test_a_birthday_with_an_offset_means_its_local_day(value: str) -> None:
    """The day that is written. In Shanghai it was another one at half of these times."""
    assert dated(AnniversaryNode("d", 0, SHANGHAI), value, "2026-06-01T00:00:00Z") == [
        ("in", "2025-12-24T00:00:00+08:00"), ("out", "2025-12-25T00:00:00+08:00")
    ]  # fmt: skip


def test_a_day_that_the_zone_skipped_is_a_birthday_all_the_same() -> None:
    """In Samoa there was no December 30 in 2011; who was written down for its noon has a birthday on it."""
    outcome = log(segment(AnniversaryNode("d", 0, "Pacific/Apia"))).event(0, traits={"d": "2011-12-30T12:00"})
    rows = seen(outcome.clock(after_t("2026-06-01T00:00:00Z")).run())
    assert [row[2] for row in rows] == [after_t("2025-12-30T00:00:00+13:00"), after_t("2025-12-31T00:00:00+13:00")]


def test_a_date_with_an_offset_comes_and_is_past_at_its_instant() -> None:
    for direction, expected in (("next", [-DAY, 0]), ("last", [0, DAY])):
        node = DateNode("d", "next" if direction == "next" else "last", DAY, SHANGHAI)
        rows = seen(log(segment(node)).event(0, traits={"d": "2025-12-24T23:30:00-11:00"}).clock(after_t("2026-06-01T00:00:00Z")).run())
        assert [row[2] - after_t("2025-12-24T23:30:00-11:00") for row in rows] == expected


def test_the_day_of_an_anniversary_is_as_long_as_the_clocks_make_it() -> None:
    """In New York 2026-03-08 has 23 hours."""
    outcome = log(segment(AnniversaryNode("d", 0, "America/New_York"))).event(0, traits={"d": "1990-03-08"})
    rows = seen(outcome.clock(after_t("2026-06-01T00:00:00Z")).run())
    assert [row[2] for row in rows] == [after_t("2026-03-08T00:00:00-05:00"), after_t("2026-03-09T00:00:00-04:00")]
    assert rows[1][2] - rows[0][2] == 23 * HOUR


def test_leaves_at_of_an_anniversary_that_covers_a_year_is_the_first_gap_of_a_leap_year() -> None:
    """364 days before May 1 and the day itself are 365 days: there is a gap only in a year with 366, first on 2027-05-02."""
    story = log(Segment("s", "s", AnniversaryNode("d", 364 * DAY, SHANGHAI))).event(0, traits={"d": "1990-05-01"})
    assert story.run().transitions[0]["data"]["leavesAt"] == "2027-05-01T16:00:00.000Z"
    assert seen(story.clock(after_t("2028-01-01T00:00:00Z")).run())[1:] == [
        ("s", "out", after_t("2027-05-02T00:00:00+08:00"), "time"),
        ("s", "in", after_t("2027-05-03T00:00:00+08:00"), "time"),
    ]


def test_leaves_at_is_absent_when_no_year_leaves_a_gap() -> None:
    node = AllNode((AnniversaryNode("d", 365 * DAY, SHANGHAI), NotNode(ListNode("vip"))))
    assert "leavesAt" not in log(segment(node)).event(0, traits={"d": "1990-05-01"}).run().transitions[0]["data"]
