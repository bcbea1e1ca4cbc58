from __future__ import annotations

import pytest

from stream.store.port import Filling, LaneHeader
from stream.worker.coordinator import is_ready


def filling(version: int, cursor: int) -> Filling:
    return Filling(version, old=1, until=100, cursor=cursor)


@pytest.mark.parametrize(
    ("header", "ready"),
    [
        (LaneHeader(switches=((1, 0),)), False),
        (LaneHeader(switches=((1, 0),), prepared=2), False),
        (LaneHeader(switches=((1, 0),), prepared=2, filling=filling(2, 99)), False),
        (LaneHeader(switches=((1, 0),), prepared=2, filling=filling(2, 100)), True),
        (LaneHeader(switches=((1, 0),), prepared=2, filling=filling(3, 100)), False),
        (LaneHeader(switches=((1, 0),), prepared=2, filling=filling(2, 100), cursor=100 + 1_024), True),
        (LaneHeader(switches=((1, 0),), prepared=2, filling=filling(2, 100), cursor=100 + 1_025), False),
        (LaneHeader(switches=((1, 0),), prepared=2, filling=filling(2, 99), cursor=99), False),
        (LaneHeader(switches=((1, 0), (2, 50))), True),
    ],
)
def test_a_lane_is_ready_once_it_has_filled_to_where_it_was_asked_and_nearly_to_where_it_is_or_has_switched(
    header: LaneHeader, *, ready: bool
) -> None:
    assert is_ready(header, 2) is ready
