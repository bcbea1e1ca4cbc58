from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.oracle.compare import compare
from tests.unit.oracle.scenario import events, log, segment


def published() -> list[dict[str, Any]]:
    return log(segment(events(within=500))).event(0).event(900).clock(5_000).run().transitions


def test_equal_topics_do_not_differ() -> None:
    assert compare(published(), published()).is_empty


def test_a_record_that_stands_twice_under_one_id_is_counted_and_allowed() -> None:
    difference = compare(published(), published()[:2] + published())
    assert (difference.is_empty, difference.repeated) == (True, 2)


def test_missing_and_unexpected_records_are_found() -> None:
    expected = published()
    assert compare(expected, expected[:3]).missing == expected[3:]
    assert compare(expected[:3], expected).unexpected == expected[3:]


def test_another_time_at_the_same_place_is_a_difference() -> None:
    changed = deepcopy(published())
    changed[1]["timestamp"] = "2025-11-24T16:00:00.501Z"
    assert compare(published(), changed).differing == [(published()[1], changed[1])]


def test_a_whole_number_is_not_the_same_as_a_fraction_or_a_truth() -> None:
    one, two = deepcopy(published()), deepcopy(published())
    one[0]["data"]["traits"], two[0]["data"]["traits"] = {"a": 1}, {"a": True}
    assert len(compare(one, two).differing) == 1


def test_one_transition_under_two_ids_is_found() -> None:
    other = deepcopy(published()[0])
    other["data"]["id"] = "tr_other"
    difference = compare(published(), [*published(), other])
    assert [ids for _, ids in difference.two_ids] == [sorted({"tr_other", str(published()[0]["data"]["id"])})]
    assert "two_ids: 1" in difference.describe()


def test_a_sequence_that_goes_back_is_out_of_order() -> None:
    expected = published()
    assert compare(expected, [expected[1], expected[0], *expected[2:]]).out_of_order == [expected[0]]


def test_a_trait_that_is_a_very_long_integer_can_be_compared() -> None:
    one, two = deepcopy(published()), deepcopy(published())
    one[0]["data"]["traits"], two[0]["data"]["traits"] = {"a": 10**5_000}, {"a": 10**5_000 + 1}
    assert len(compare(one, two).differing) == 1
    assert compare(one, one).is_empty
    assert "missing: 3" in compare(one[1:], []).describe()
